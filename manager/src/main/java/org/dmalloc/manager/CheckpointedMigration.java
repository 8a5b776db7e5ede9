/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.backing.ArrivingRegion;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.CarriedGroup;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoreProvider;
import org.dmalloc.api.backing.StoredBacking;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.spi.region.CheckpointedCopy;
import org.jspecify.annotations.Nullable;

/**
 * Moves a checkpointed region to another store. Its file is copied beside the users, then each
 * checkpoint that they make meanwhile; so the new file has the last checkpoint, and a journal that
 * goes on from it, before the gate is shut. Then what no checkpoint has goes from memory to memory,
 * and the new file gets its name. The notes in both files decide after a crash which of them is the
 * region, as in every move between stores; both have the same checkpoint.
 */
final class CheckpointedMigration {
  private static final Logger LOG = System.getLogger(CheckpointedMigration.class.getName());

  private final Move move;
  private final StoreMove between;
  private final ManagedGroup group;
  private final CarriedGroup from;
  private final MemoryRegion source;
  private final String name;
  private final RequestedAttributes asked;

  /** On the target, once it has the last checkpoint. */
  private @Nullable BackingRegion arrived;

  private boolean announced;
  private boolean exchanged;

  CheckpointedMigration(Move move, StoreMove between, String name) {
    this.move = move;
    this.between = between;
    this.name = name;
    this.group = Objects.requireNonNull(move.region().group());
    this.from = group.carried("move", move.region());
    this.source = move.source().region();
    this.asked = move.region().asked();
  }

  /** Moves; on failure the region is where it was, and nothing is left on the target. */
  MoveResult run() throws MemoryException {
    move.reached(Step.BEGIN);
    requireAlone();
    move.requireName();
    long[] pauseNanos = new long[1];
    long copiedBytes;
    try (ArrivingRegion arriving = receive()) {
      move.reached(Step.ALLOCATED);
      try (CheckpointedCopy copy = CheckpointedCopy.begin(from, source, target(arriving))) {
        move.reached(Step.TRACKING);
        copy.copyFile(move.guide(), move.options().bytesPerSecond());
        move.reached(Step.COPIED);
        announce();
        arriving.force(); // so that there is little to wait for between two checkpoints
        copy.catchUp(move.guide());
        pauseNanos[0] =
            group.exchange(
                move.region(),
                () -> {
                  copy.catchUpBetween();
                  return exchange(arriving);
                });
        copiedBytes = copy.copiedBytes();
      }
    } finally {
      if (!exchanged) {
        takeBack();
      }
    }
    return move.result(copiedBytes, 1, pauseNanos[0], MoveMethod.COPY, "checkpoints");
  }

  /** A crash could part a group whose regions get their names one by one. */
  private void requireAlone() throws MemoryException {
    int regions = from.allNames().size();
    if (regions > 1) {
      throw move.failed(
          "it is one of "
              + regions
              + " regions of the group "
              + from.name()
              + ", which stay in one store",
          "move it to a backend of the same store",
          null);
    }
  }

  private ArrivingRegion receive() throws MemoryException {
    CarriedGroup.Last last = from.last(name);
    RegionRequest request =
        asked
            .withByteSize(last.byteSize())
            .allocationOn(move.target().capabilities())
            .withReservation(source.info().reservation());
    if (move.target().provider() instanceof StoreProvider store) {
      return store.receive(request, between, last, move.region().id());
    }
    throw new UnsupportedCapabilityException(move.target().name(), Capability.NAMED);
  }

  private static CheckpointedCopy.Target target(ArrivingRegion arriving) {
    return new CheckpointedCopy.Target() {
      @Override
      public long byteSize() {
        return arriving.byteSize();
      }

      @Override
      public void resize(long byteSize) throws MemoryException {
        arriving.resize(byteSize);
      }

      @Override
      public void load(long offset, MemorySegment content) throws MemoryException {
        arriving.load(offset, content);
      }
    };
  }

  /** Notes in the old file where the region goes, before the new one can get its name. */
  private void announce() throws MemoryException {
    announced = true;
    file(source).leaving(between);
    move.reached(Step.ANNOUNCED);
  }

  private StoredBacking file(MemoryRegion region) throws MemoryException {
    Optional<StoredBacking> file =
        region instanceof BackingRegion backing ? backing.stored() : Optional.empty();
    return file.orElseThrow(() -> move.failed("it has no file that a move can note", "", null));
  }

  /** Between two checkpoints: the target has the last one. */
  private long exchange(ArrivingRegion arriving) throws MemoryException {
    group.requireManaged(move.region());
    group.awaitFollowers();
    BackingRegion opened = arriving.arrive(from.last(name));
    arrived = opened;
    move.reached(Step.FORCED);
    long pauseNanos = move.withGateShut(() -> handOver(opened), move::goOn);
    move.reachedAfterwards(Step.EXCHANGED);
    release(opened);
    return pauseNanos;
  }

  private void handOver(BackingRegion opened) throws MemoryException {
    move.requireName(); // deleted meanwhile: it must not have its name again
    Placement next = new Placement(move.target(), opened);
    move.region().asked().tellSince(asked, next, move.region());
    if (!(opened.checkpoints() instanceof CarriedGroup to)) {
      throw move.failed("its new backend does not carry checkpoints", "", null);
    }
    to.betweenCheckpoints(
        () -> {
          UnsavedPages.copy(from, source, opened);
          move.reached(Step.DELTA_COPIED);
          file(opened).publish();
          exchanged = true;
        });
    move.region().place(next);
    group.movedTo(to);
    move.region().rejoin();
    move.reachedAfterwards(Step.PUBLISHED);
  }

  /** Lets the source go. The move is done: what fails here is told and undoes nothing. */
  private void release(BackingRegion opened) {
    if (move.moves().release(move.region(), move.source(), true)) {
      move.reachedAfterwards(Step.RELEASED);
      try {
        file(opened).endMove();
      } catch (MemoryException | RuntimeException e) {
        // The next open of the file finds that the old one is gone.
        LOG.log(Level.DEBUG, "the end of the move of {0}: {1}", move.region(), e.getMessage());
      }
    }
  }

  /** The new file has gone first: while it has its name, the old one's note says it is stale. */
  private void takeBack() {
    try {
      BackingRegion unused = arrived;
      if (unused != null) {
        file(unused).discard();
      }
      if (announced) {
        file(source).endMove();
      }
    } catch (MemoryException | RuntimeException e) {
      LOG.log(Level.WARNING, "after the failed move of {0}: {1}", move.region(), e.getMessage());
    }
  }
}
