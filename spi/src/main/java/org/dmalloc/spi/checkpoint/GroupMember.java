/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.SectionGate;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.jspecify.annotations.Nullable;

/**
 * A region's place in an open group: what the backing of a checkpointed region hands its calls to.
 *
 * <p><b>Life.</b> {@link OpenGroups} gives it, {@link #join} makes it a member, and {@link #leave}
 * is the last call, once, after the region has ended, or when it could not be made.
 */
public final class GroupMember {
  private final CheckpointEngine engine;
  private @Nullable Member member;

  GroupMember(CheckpointEngine engine) {
    this.engine = engine;
  }

  /** The journal that the region's file belongs to. */
  public Journal journal() {
    return engine.journal;
  }

  /** The gate of all regions of the group. */
  public SectionGate gate() {
    return engine.gate;
  }

  public CheckpointGroup group() {
    return engine;
  }

  /** Takes the region in. Its pages are those of the last checkpoint. */
  public void join(JournalRef place, BackedRegion region, MemberFile file, MemberMemory memory) {
    int number = place.member();
    Journal.State state = new Journal.State(number, memory.byteSize(), memory.length());
    Member joined = new Member(number, region, file, memory, state);
    member = joined;
    engine.join(joined);
  }

  /** The file has another name. */
  public void renamed(String region) throws MemoryException {
    Member renamed = member;
    if (renamed != null) {
      engine.journal.rename(renamed.number, region);
    }
  }

  /** The file was deleted: the journal forgets it. */
  public void remove() throws MemoryException {
    Member removed = member;
    if (removed != null) {
      engine.journal.remove(removed.number);
    }
  }

  /** Leaves the group after a failure to make the region. */
  public void abandon(Throwable failure) {
    try {
      leave();
    } catch (MemoryException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /**
   * Runs what shuts the gate and resizes or ends the region, apart from checkpoints.
   *
   * @param ends whether it ends the region; then a checkpoint is made before, if that is wanted
   */
  public void apart(boolean ends, Action work) throws MemoryException {
    if (ends && engine.gate.heldByCaller() && engine.members().size() > 1) {
      throw new IllegalStateException(
          "this thread has an access section open on " + engine.name() + "; close it first");
    }
    engine.apart(ends, work);
  }

  /** Keeps what was stored at the very last, with the gate shut, inside {@link #apart}. */
  public void keepLast() throws MemoryException {
    engine.keepLast();
  }

  /**
   * Makes a checkpoint with another size of the region, with the gate shut, inside {@link #apart};
   * the file's header has that size when it returns.
   */
  public void cutTo(long newByteSize) throws MemoryException {
    Member cut = member;
    if (cut != null) {
      cut.cutTo(newByteSize);
      try {
        engine.keepNow();
        cut.keepCut();
      } finally {
        cut.endCut();
      }
    }
  }

  /** Ends its part in the group, and the group with its last one. */
  public void leave() throws MemoryException {
    Member left = member;
    if (left != null) {
      engine.leave(left);
    }
    engine.afterPages(() -> OpenGroups.leave(engine));
  }
}
