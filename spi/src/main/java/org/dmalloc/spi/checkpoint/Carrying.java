/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.CarriedGroup;
import org.dmalloc.api.backing.SealedCheckpoint;

/**
 * What a carrier does with a group while no checkpoint is made.
 *
 * <p>The turn is held all the time, by the carrier's thread. That keeps checkpoints away, those of
 * other threads and automatic ones, and the closes and resizes of other threads; those of the
 * carrier's own thread go on, and make no checkpoint.
 */
final class Carrying {
  /** Shown at once. */
  private static final long MOST_BYTES = 8L << 20;

  private final CheckpointEngine engine;

  /** How many carriers' works run inside each other; guarded by the turn. */
  private int depth;

  Carrying(CheckpointEngine engine) {
    this.engine = engine;
  }

  /** Whether a region that ends now makes no checkpoint; has the turn. */
  boolean isUnderWay() {
    return depth > 0;
  }

  /** Runs work; has the turn. */
  void run(CarriedGroup.Work work) throws MemoryException {
    OpenGroups.hold(engine);
    depth++;
    try {
      engine.admit(); // what is stored anew is no more than what goes with the old memory
      work.run();
    } finally {
      depth--;
      OpenGroups.leave(engine);
    }
  }

  /** Shows the pages of a member that the last checkpoint has not as they are now. */
  void show(Member member, String name, SealedCheckpoint.PageVisitor visitor)
      throws MemoryException {
    if (!engine.turn.isHeldByCurrentThread() || !isUnderWay()) {
      throw new IllegalStateException("unsaved pages of " + name + " outside of a carrier's work");
    }
    engine.applier.awaitApplied(engine.journal.sealed());
    engine.pages.lock();
    try {
      member.collect();
      MemorySegment pages = member.memory.pages();
      member.owed.forEachRun(
          (offset, length) -> {
            for (long at = 0; at < length; at += MOST_BYTES) {
              MemorySegment run = pages.asSlice(offset + at, Math.min(MOST_BYTES, length - at));
              visitor.pages(name, offset + at, run.asByteBuffer().asReadOnlyBuffer());
            }
          });
      BusErrors.deliver();
    } finally {
      engine.pages.unlock();
    }
  }
}
