/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

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
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoredBacking;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.api.move.MoveResult;
import org.jspecify.annotations.Nullable;

/**
 * Moves a region by copying it beside its users, as live migration of virtual machines does
 * (pre-copy): the whole once, then again and again what was written meanwhile, until that is little
 * or gets no less; then with the gate shut the rest.
 */
final class CopyingMigration {
  private static final Logger LOG = System.getLogger(CopyingMigration.class.getName());

  private static final long CHUNK_BYTES = 1 << 20;

  /**
   * Given to the target at once, which may bring it in by one call: four times as fast as a fault
   * for each page, and little enough that no user waits long for the kernel's lock.
   */
  private static final long PIECE_BYTES = 8 * CHUNK_BYTES;

  private static final long PAGE_BYTES = 4096;
  private static final MemorySegment ZERO_PAGE =
      MemorySegment.ofArray(new byte[(int) PAGE_BYTES]).asReadOnly();

  /** A last delta of this size takes well under a millisecond. */
  private static final long SMALL_DELTA_BYTES = 256 << 10;

  /** A pass must leave less than this share of the one before, or passing on gains nothing. */
  private static final double SHRINKS = 0.75;

  private static final int MAX_PASSES = 30;

  /**
   * A pass that takes longer and copies less than this is held up: the kernel slows down stores to
   * a file of which more is changed, and not written yet, than it likes.
   */
  private static final long HELD_UP_NANOS = 5_000_000;

  private static final long HELD_UP_BYTES_PER_SECOND = 100_000_000;

  /** A last pass that took longer to copy says how long users would wait. */
  private static final long LONG_NANOS = 20_000_000;

  /** Each writes all that is changed; what still holds stores up then is not this move. */
  private static final int MAX_SETTLES = 3;

  private final Move move;
  private final @Nullable StoreMove between;
  private final RateLimit rate;

  /** The source's memory at the begin. It may grow in place; {@link ChangesDuringMove} follows. */
  private final MemorySegment from;

  /** What the owner had asked for when the target was made. */
  private final RequestedAttributes asked;

  /** Where runs of pages with content begin and end, in a piece. */
  private final long[] runs = new long[(int) (PIECE_BYTES / PAGE_BYTES) + 1];

  /** Whether its name did not lead to its file already: then the move gives it one again. */
  private final boolean wasDetached;

  /** Which of the region's reservations the target has. */
  private long reserved;

  private long copiedBytes;

  /** What copying took in the last pass, without finding what to copy. */
  private long copyNanos;

  private boolean heldUp;
  private int passes;
  private boolean announced;
  private boolean exchanged;

  /** A move by copying; with the move of a stored region to another store, if it is one. */
  CopyingMigration(Move move, @Nullable StoreMove between) {
    this.move = move;
    this.between = between;
    this.rate = new RateLimit(move.options().bytesPerSecond());
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
      long pauseNanos;
      ChangesDuringMove changes =
          new ChangesDuringMove(move.source(), from, target, track(target.memory()));
      String found = changes.method();
      try {
        move.reached(Step.TRACKING);
        copyAll(target);
        move.reached(Step.COPIED);
        passUntilSmall(changes);
        if (between != null) {
          announce();
          target.force(); // so that the force in the pause is short
          passUntilSmall(changes); // what was written meanwhile is not for the pause
        }
        settle(changes, target);
        pauseNanos =
            move.withGateShut(() -> exchange(changes, target), () -> passUntilSmall(changes));
        release(target);
      } finally {
        // After the release: taking the protection away from pages that go anyway would take time.
        end(changes);
      }
      return move.result(copiedBytes, passes, pauseNanos, MoveMethod.COPY, found);
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

  private DirtyTracking track(MemorySegment to) {
    if (move.source().region() instanceof BackingRegion backing
        && move.source().backend().capabilities().contains(Capability.DIRTY_TRACKING)) {
      try {
        return backing.trackDirty();
      } catch (MemoryException | UnsupportedOperationException e) {
        // The result says by its method that this was so.
        LOG.log(Level.DEBUG, "move of {0} by comparison: {1}", move.region(), e.getMessage());
      }
    }
    return new PageComparison(from, to);
  }

  private void copyAll(CopyTarget target) throws MemoryException {
    passes++;
    long size = from.byteSize();
    long step = rate.limited() ? CHUNK_BYTES : PIECE_BYTES;
    for (long offset = 0; offset < size; ) {
      long length = Math.min(step, size - offset);
      move.source().region().acquire().close(); // lets its backend see that it is being read
      int count = target.unfilled() ? all(offset, length) : findRuns(offset, length);
      long before = copiedBytes;
      for (int run = 0; run < count; run += 2) {
        long runLength = runs[run + 1] - runs[run];
        target.load(runs[run], from.asSlice(runs[run], runLength));
        copiedBytes += runLength;
      }
      offset += length;
      move.reached(Step.COPYING);
      move.report(offset);
      rate.spend(copiedBytes - before, move::goOn);
    }
  }

  /** A target whose space is taken by what is written to it gets the zeros too. */
  private int all(long offset, long length) {
    runs[0] = offset;
    runs[1] = offset + length;
    return 2;
  }

  /**
   * Finds the runs of pages of a piece that have content; a fresh target has the zeros already.
   *
   * @return how many entries of {@link #runs} are set: the start and the end of each run
   */
  private int findRuns(long offset, long length) {
    long end = offset + length;
    int count = 0;
    for (long page = offset; page < end; page += PAGE_BYTES) {
      boolean whole = page + PAGE_BYTES <= end;
      if (whole && isZero(page)) {
        continue;
      }
      long pageEnd = whole ? page + PAGE_BYTES : end;
      if (count > 0 && runs[count - 1] == page) {
        runs[count - 1] = pageEnd;
      } else {
        runs[count++] = page;
        runs[count++] = pageEnd;
      }
    }
    return count;
  }

  private boolean isZero(long page) {
    return from.get(JAVA_LONG_UNALIGNED, page) == 0
        && MemorySegment.mismatch(from, page, page + PAGE_BYTES, ZERO_PAGE, 0, PAGE_BYTES) < 0;
  }

  private long copy(ChangesDuringMove changes, long offset, long length) {
    if (length > 0) {
      long start = System.nanoTime();
      MemorySegment.copy(changes.from(), offset, changes.to(), offset, length);
      copyNanos += System.nanoTime() - start;
      copiedBytes += length;
    }
    return length;
  }

  /**
   * Copies what was written meanwhile until a pass finds little, or no less than the one before, or
   * is held up.
   */
  private void passUntilSmall(ChangesDuringMove changes) throws MemoryException {
    double before = Double.MAX_VALUE;
    while (passes < MAX_PASSES) {
      long already = copiedBytes;
      passes++;
      copyNanos = 0;
      changes.collect((offset, length) -> copyInChunks(changes, offset, length));
      move.reached(Step.PASSED);
      long delta = copiedBytes - already;
      heldUp = copyNanos > HELD_UP_NANOS && delta * 1e9 / copyNanos < HELD_UP_BYTES_PER_SECOND;
      if (delta <= SMALL_DELTA_BYTES || delta > before * SHRINKS || heldUp) {
        return;
      }
      before = delta;
    }
  }

  /**
   * Has the target's changed pages written for as long as stores to it are held up: what the mover
   * waits for here, users would wait for with the gate shut.
   */
  private void settle(ChangesDuringMove changes, CopyTarget target) throws MemoryException {
    boolean writes = target.isWritten();
    // Passes that compare everything take long, and find the more the longer they take.
    int most = changes.compares() ? 1 : MAX_SETTLES;
    for (int i = 0; i < most && writes && (heldUp || copyNanos > LONG_NANOS); i++) {
      move.goOn();
      target.force();
      passUntilSmall(changes);
    }
  }

  private void copyInChunks(ChangesDuringMove changes, long offset, long length)
      throws MemoryException {
    for (long done = 0; done < length; done += CHUNK_BYTES) {
      long copied = copy(changes, offset + done, Math.min(CHUNK_BYTES, length - done));
      rate.spend(copied, move::goOn);
    }
  }

  private void exchange(ChangesDuringMove changes, CopyTarget target) throws MemoryException {
    passes++;
    changes.collectLast((offset, length) -> copy(changes, offset, length));
    reserve(target);
    target.takeLength(move.source().region());
    move.region().asked().tellSince(asked, target.placement(), move.region());
    move.reached(Step.DELTA_COPIED);
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

  private void end(DirtyTracking tracking) {
    try {
      tracking.close();
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "end of dirty tracking of " + move.region(), e);
    }
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
