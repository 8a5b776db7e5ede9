/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongSupplier;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.backing.CarriedGroup;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.spi.region.SectionGate;
import org.dmalloc.spi.region.Uninterrupted;

/**
 * The managed regions of a checkpointed group, as long as one of them is open.
 *
 * <p><b>Two gates.</b> The group of the backend has a gate, which a checkpoint shuts for its cut;
 * this one is the managed regions', which a move, resize or close shuts. A section passes this one,
 * then the backend's, and ends in the other order; so whoever has shut this one has nobody at the
 * backend's either, and the backend's group shuts, opens and refuses as if there were no other.
 * Both are one gate for all regions of the group, so that a section on a second region, opened
 * inside one on the first, never waits.
 *
 * <p><b>Locks</b>, in this order: {@link #moving}, held by the move, resize, close or snapshot that
 * is at work on one of the regions; {@code place}, held for reading by the calls of checkpoints,
 * and for writing by a move, so that none goes to a group that is being left; what the backend's
 * group has for its checkpoints; this gate; the backend's gate. A thread inside a section takes
 * none of them.
 */
final class ManagedGroup {
  private final SectionGate gate = SectionGate.ofGroup();
  private final MoveLock moving;
  private final ReentrantReadWriteLock place = new ReentrantReadWriteLock();
  private final List<ManagedRegion> members = new CopyOnWriteArrayList<>();
  private final CheckpointOptions options;
  private final ManagedCheckpoints view;

  /** The backend's; another one after a move to another journal. */
  private volatile CheckpointGroup there;

  /**
   * A group without a region yet.
   *
   * @param there the backend's
   * @param options how the first region's owner wants it checkpointed
   */
  ManagedGroup(CheckpointGroup there, CheckpointOptions options, LongSupplier timeoutNanos) {
    this.there = there;
    this.options = options;
    this.moving = new MoveLock(this, timeoutNanos);
    this.view =
        there instanceof CheckpointLog ? new ManagedLog(this) : new ManagedCheckpoints(this);
  }

  /** The gate of all managed regions of the group. */
  SectionGate gate() {
    return gate;
  }

  /** Held by what is at work on one of them. */
  MoveLock moving() {
    return moving;
  }

  /** As the users of the regions see it. */
  CheckpointGroup checkpoints() {
    return view;
  }

  /** The backend's as it is now, for questions that need not wait. */
  CheckpointGroup now() {
    return there;
  }

  void add(ManagedRegion region) {
    members.add(region);
  }

  /** Lets a region go that has ended; returns whether it was the last one. */
  boolean remove(ManagedRegion region) {
    members.remove(region);
    return members.isEmpty();
  }

  /** The managed region that lies on a backend's. */
  Optional<ManagedRegion> over(MemoryRegion backends) {
    return members.stream()
        .filter(region -> region.placement().region().equals(backends))
        .findFirst();
  }

  /** The options for opening one of them anew: what the first one was asked for holds for all. */
  CheckpointOptions options() {
    return options;
  }

  /** A call to the backend's group. */
  @FunctionalInterface
  interface Call<T> {
    T on(CheckpointGroup group) throws MemoryException;
  }

  /**
   * Calls the backend's group; waits while a move takes a region from it to another.
   *
   * @throws IllegalStateException also while no backend has one of the regions open
   */
  <T> T call(Call<T> call) throws MemoryException {
    place.readLock().lock();
    try {
      members.forEach(ManagedRegion::requireBackend);
      return call.on(there);
    } finally {
      place.readLock().unlock();
    }
  }

  /** Runs what a move is to come before or after. */
  void whileInPlace(Runnable work) {
    place.readLock().lock();
    try {
      work.run();
    } finally {
      place.readLock().unlock();
    }
  }

  /** Runs work that shuts the gate between two checkpoints, so that users do not wait for one. */
  void apart(Uninterrupted.Action work) throws MemoryException {
    if (there instanceof CarriedGroup carried) {
      carried.betweenCheckpoints(work::run);
    } else {
      work.run();
    }
  }

  /** Keeps most of what was stored beside the users, before a close with the gate shut. */
  void keepBeforeClose() {
    if (options.onClose() && !gate.heldByCaller()) {
      try {
        there.checkpoint();
      } catch (MemoryException | RuntimeException e) {
        // The close makes it once more, and tells.
      }
    }
  }

  /** The last step of a move, with its locks. */
  @FunctionalInterface
  interface Step {
    /** Returns how long users waited. */
    long run() throws MemoryException;
  }

  /**
   * Runs the last step of a move of a region between two checkpoints. On a thread that no interrupt
   * reaches, which closes and opens regions and so has to have all locks itself.
   */
  long exchange(ManagedRegion region, Step step) throws MemoryException {
    if (place.getReadHoldCount() > 0 || gate.heldByCaller()) {
      throw new IllegalStateException(
          "move of "
              + region
              + ": this thread has a section open on it or is in a checkpoint of it; end that"
              + " first");
    }
    return Uninterrupted.call(
        "dmalloc remap",
        MemoryException.class,
        () -> {
          place.writeLock().lock();
          try {
            long pauseNanos = exchangeInTurn(region, step);
            there = region.placement().region().checkpoints();
            return pauseNanos;
          } finally {
            place.writeLock().unlock();
          }
        });
  }

  /** Has the calls go to another group from now on; with the gate shut. */
  void movedTo(CarriedGroup next) {
    there = next;
    if (view instanceof ManagedLog log) {
      log.followIn(next);
    }
  }

  /** Waits until those who follow the group have all of its checkpoints; between two of them. */
  void awaitFollowers() throws MemoryException {
    if (view instanceof ManagedLog log) {
      log.awaitFollowers();
    }
  }

  private long exchangeInTurn(ManagedRegion region, Step step) throws MemoryException {
    if (!region.placement().region().info().open()) {
      return step.run(); // it was closed by a move that failed, and what was stored was kept
    }
    long[] pauseNanos = new long[1];
    CarriedGroup from = carried("move", region);
    from.betweenCheckpoints(
        () -> {
          from.awaitApplied(); // beside the users
          pauseNanos[0] = step.run();
        });
    return pauseNanos[0];
  }

  /**
   * Throws if a region of the group was opened past the manager: its users do not pass this gate,
   * and could wait for a region that moves inside a section that the move waits for.
   */
  void requireManaged(ManagedRegion region) {
    for (MemoryRegion each : there.regions()) {
      if (over(each).isEmpty()) {
        throw new IllegalStateException(
            "move of "
                + region
                + ": "
                + each
                + " of the same group is open without the manager; close it, or open it by"
                + " managed");
      }
    }
  }

  /** The backend's group, which has what a move needs. */
  CarriedGroup carried(String operation, ManagedRegion region) {
    if (there instanceof CarriedGroup carried) {
      return carried;
    }
    throw new UnsupportedOperationException(
        operation
            + " of "
            + region
            + ": backend "
            + region.placement().backend().name()
            + " does not tell what was stored since the last checkpoint; close it and open it by"
            + " another backend");
  }

  @Override
  public String toString() {
    return "group " + there.name();
  }
}
