/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoredBacking;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.spi.region.PreCopy;
import org.jspecify.annotations.Nullable;

/**
 * Moves a region by copying it beside its users ({@link PreCopy}), and then with the gate shut the
 * rest.
 */
final class CopyingMigration {
  private static final Logger LOG = System.getLogger(CopyingMigration.class.getName());

  private final Move move;
  private final @Nullable StoreMove between;

  /** The source's memory at the begin. It may grow in place; {@link PreCopy} follows. */
  private final MemorySegment from;

  /** What the owner had asked for when the target was made. */
  private final RequestedAttributes asked;

  /** Whether its name did not lead to its file already: then the move gives it one again. */
  private final boolean wasDetached;

  /** Which of the region's reservations the target has. */
  private long reserved;

  private boolean announced;
  private boolean exchanged;

  /** A move by copying; with the move of a stored region to another store, if it is one. */
  CopyingMigration(Move move, @Nullable StoreMove between) {
    this.move = move;
    this.between = between;
    this.from = move.source().segment();
    // A growth that is under way may have been handed to the users, and not be asked for yet.
    this.asked = move.region().asked().withByteSize(from.byteSize());
    this.wasDetached = move.source().region().detached().isPresent();
  }

  /** Moves; on failure the region is where it was and the target is gone. */
  MoveResult run() throws MemoryException {
    move.reached(Step.BEGIN);
    CopyTarget target = CopyTarget.allocate(move.target(), request(), between, move.region().id());
    move.region().moves().between(List.of(move.source().region(), target.placement().region()));
    try {
      reserve(target);
      move.reached(Step.ALLOCATED);
      PreCopy copy =
          new PreCopy(move.from(), from, target, move.guide(), move.options().bytesPerSecond());
      long pauseNanos;
      String found;
      try (copy) {
        copy.track();
        found = copy.method();
        move.reached(Step.TRACKING);
        copy.copyAll();
        move.reached(Step.COPIED);
        copy.passUntilSmall();
        if (between != null) {
          announce();
          target.force(); // so that the force in the pause is short
          copy.passUntilSmall(); // what was written meanwhile is not for the pause
        }
        copy.settle();
        pauseNanos = move.withGateShut(() -> exchange(copy, target), copy::passUntilSmall);
        // Before the end of the tracking: to lift the protection of pages that go takes time.
        release(target);
      }
      return move.result(copy.copiedBytes(), copy.passes(), pauseNanos, MoveMethod.COPY, found);
    } finally {
      if (!exchanged) {
        takeBack(target);
      }
      move.region().moves().between(List.of());
    }
  }

  /** Where ranges cannot be reserved, all is, or nothing could be stored to them safely. */
  private RegionRequest request() {
    Set<Capability> there = move.target().capabilities();
    RegionRequest request = asked.allocationOn(there);
    return there.contains(Capability.PUNCH) || move.region().reserved().isEmpty()
        ? request
        : request.withReservation(Reservation.RESERVED);
  }

  /** Reserves in a sparse target what its owner reserved of the region. */
  private void reserve(CopyTarget target) throws MemoryException {
    ReservedRanges ranges = move.region().reserved();
    long now = ranges.changes();
    if (now != reserved && target.placement().region().info().reservation() == Reservation.SPARSE) {
      ranges.reserveIn(target.placement().region());
    }
    reserved = now;
  }

  /** Notes in the old file where the region goes, before the new one can get its name. */
  private void announce() throws MemoryException {
    Optional<StoredBacking> file = move.source().stored();
    if (between != null && file.isPresent()) {
      announced = true;
      file.get().leaving(between);
      move.reached(Step.ANNOUNCED);
    }
  }

  /** The new file goes first: while it has its name, the old one's note says that it is stale. */
  private void takeBack(CopyTarget target) {
    target.discard(move.region());
    Optional<StoredBacking> file = move.source().stored();
    if (announced && file.isPresent()) {
      try {
        file.get().endMove();
      } catch (MemoryException | RuntimeException e) {
        LOG.log(
            Level.WARNING,
            "the note of the failed move in the file of {0}: {1}",
            move.region(),
            e.getMessage());
      }
    }
  }

  private void exchange(PreCopy copy, CopyTarget target) throws MemoryException {
    copy.copyLast();
    reserve(target);
    target.takeLength(move.source().region());
    move.region().asked().tellSince(asked, target.placement(), move.region());
    move.reached(Step.DELTA_COPIED);
    move.region().requireNoLocks();
    if (between != null) {
      handOver(target);
    }
    move.region().place(target.placement());
    exchanged = true;
  }

  /**
   * Makes the new file the region. With the gate shut, because a force by a user must reach the
   * file that holds the region after a crash: until here that is the old one, from here the new.
   */
  private void handOver(CopyTarget target) throws MemoryException {
    if (!wasDetached) {
      move.requireName(); // deleted meanwhile: it must not have its name again
    }
    try {
      target.force();
      move.reached(Step.FORCED);
      target.publish();
    } catch (MemoryException e) {
      throw move.failed(
          "its copy could not be made durable: " + e.getMessage(),
          "it stays on " + move.source().backend().name(),
          e);
    }
    move.reached(Step.PUBLISHED);
  }

  /** Lets the source go. The move is done: what fails here is told and undoes nothing. */
  private void release(CopyTarget target) {
    move.reachedAfterwards(Step.EXCHANGED);
    if (move.moves().release(move.region(), move.source(), between != null)) {
      move.reachedAfterwards(Step.RELEASED);
      try {
        target.endMove();
      } catch (MemoryException | RuntimeException e) {
        // The next open of the file finds that the old one is gone.
        LOG.log(Level.DEBUG, "the end of the move of {0}: {1}", move.region(), e.getMessage());
      }
    }
  }
}
