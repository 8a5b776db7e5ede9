/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoreProvider;
import org.dmalloc.api.backing.StoredBacking;
import org.dmalloc.api.move.LeakedRegion;
import org.dmalloc.api.move.ManagedRegionInfo;
import org.dmalloc.api.move.MoveListener;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveReason;
import org.dmalloc.api.move.MoveRecord;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.Uninterrupted;
import org.jspecify.annotations.Nullable;

/** Moves regions by the way that fits, and keeps their history. */
final class Moves implements RegionMover {
  private static final Logger LOG = System.getLogger(Moves.class.getName());

  private final ManagedRegions regions;
  private final Step.Probe probe;
  private final List<MoveListener> listeners = new CopyOnWriteArrayList<>();
  private final List<LeakedRegion> leaks = new CopyOnWriteArrayList<>();
  private final Queue<Left> left = new ConcurrentLinkedQueue<>();

  Moves(ManagedRegions regions, Step.Probe probe) {
    this.regions = regions;
    this.probe = probe;
  }

  @Override
  public MoveResult move(
      long regionId, String backend, MoveOptions options, ProgressListener progress)
      throws MemoryException {
    ManagedRegion region =
        regions
            .accounts()
            .find(regionId)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "no movable region " + regionId + " is open; list them with regions"));
    Backend target =
        regions
            .backend(backend)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "no backend "
                            + backend
                            + " is present; there is "
                            + regions.backendNames()));
    regions.checkRunning();
    if (!region.moving().tryTake()) {
      throw new IllegalStateException(
          "move of " + region + ": it is being moved or resized; wait for its end");
    }
    try {
      MoveResult result = perform(region, target, options, progress, MoveReason.COMMAND);
      region.moves().settle(target.name());
      return result;
    } finally {
      region.moving().release();
    }
  }

  /** Moves a region whose lock is held. */
  MoveResult perform(
      ManagedRegion region,
      Backend target,
      MoveOptions options,
      ProgressListener progress,
      MoveReason reason)
      throws MemoryException {
    region.checkMovable("move");
    Placement source = region.placement();
    String from = source.backend().name();
    if (source.backend().equals(target) && region.stranded() == null) {
      return new MoveResult(
          region.id(), from, target.name(), region.byteSize(), 0, 0, 0, 0, MoveMethod.NONE, "");
    }
    regions.requireFor(region, target);
    bringToFile(source);
    Move move =
        new Move(
            this,
            region,
            source,
            target,
            options,
            progress,
            reason != MoveReason.EVACUATION,
            System.nanoTime());
    region.moves().needs(List.of(source.backend(), target));
    tell(listener -> listener.started(region.id(), from, target.name()));
    MoveResult result;
    try {
      // Asked after that: a backend that leaves now sees this move and waits for it.
      if (!regions.present(target)) {
        throw move.failed("backend " + target.name() + " has just gone", "", null);
      }
      result = runBacked(move, reason);
    } catch (MemoryException | RuntimeException e) {
      String why = String.valueOf(e.getMessage());
      region
          .moves()
          .history()
          .add(new MoveRecord(Instant.now(), from, target.name(), reason, null, why));
      tell(listener -> listener.failed(region.id(), from, target.name(), why));
      throw e;
    } finally {
      region.moves().needs(List.of());
    }
    region
        .moves()
        .history()
        .add(new MoveRecord(Instant.now(), from, target.name(), reason, result, null));
    tell(listener -> listener.finished(result));
    if (!regions.present(target)) {
      // It left meanwhile, and its evacuation did not see this region.
      Evacuation evacuation = new Evacuation(regions, target);
      Uninterrupted.run("dmalloc evacuation", () -> evacuation.leave(region));
    }
    return result;
  }

  /** Runs it, and says what is behind an error of memory that it met. */
  private MoveResult runBacked(Move move, MoveReason reason) throws MemoryException {
    try {
      return run(move, reason);
    } catch (MemoryException | InternalError e) { // a system call tells of such a page by EFAULT
      try {
        requireBacked(move.source().region());
      } catch (MemoryException cut) {
        cut.addSuppressed(e);
        throw cut;
      }
      if (e instanceof InternalError) {
        // A page without a disk block behind it: how a store to a sparse file on a full disk ends.
        throw move.failed(
            "a page could not be read or written", "check the free space of the disk", e);
      }
      throw e;
    }
  }

  /** What a file has lost does not come back by a move. */
  private static void requireBacked(MemoryRegion region) throws MemoryException {
    if (region.info().open() && region.failure().isPresent()) {
      region.verifyBacked();
    }
  }

  /**
   * Has the source's file hold what its memory holds, where a write-back has failed: the old file
   * goes, and a copy of what could not be written is not one of what was promised to be there.
   */
  private static void bringToFile(Placement source) throws MemoryException {
    RegionInfo info = source.region().info();
    requireBacked(source.region());
    if (info.open() && info.writeBackFailure() != null && info.sharing() == Sharing.SHARED) {
      source.region().force();
    }
  }

  /** Tells the probe of a step. */
  void reached(ManagedRegion region, Step step) throws MemoryException {
    probe.reached(region, step);
  }

  private MoveResult run(Move move, MoveReason reason) throws MemoryException {
    RequestedAttributes asked = move.region().asked();
    String name = asked.name();
    if (asked.stored() && name != null) {
      if (RemappingMigration.serves(move.source(), asked, name, move.target())) {
        move.alone(() -> {}); // from then on others can come: their file stays what it is
        return new RemappingMigration(move, name).run();
      }
      if (asked.access() == AccessMode.READ_ONLY) {
        throw move.failed(
            "it is open for reading only", "open it for writing to move its file", null);
      }
      if (!regions.present(move.source().backend())) {
        throw move.failed(
            "backend "
                + move.source().backend().name()
                + ", which alone can delete the old file, is gone",
            "start it, or move to a backend of the same store",
            null);
      }
      if (move.region().group() != null) {
        return new CheckpointedMigration(move, betweenStores(move, asked, name), name).run();
      }
      if (reason != MoveReason.COMMAND) {
        move.requireName(); // to store it anew is for its owner to decide
      }
      return copy(move, betweenStores(move, asked, name));
    }
    return copy(move, null);
  }

  /** What others stored meanwhile would be lost. */
  private static MoveResult copy(Move move, @Nullable StoreMove between) throws MemoryException {
    MoveResult[] result = new MoveResult[1];
    move.region().requireNoLocks();
    move.alone(
        () -> {
          if (move.source().region() instanceof BackedRegion backed) {
            backed.requireWhole("move");
          }
          result[0] = new CopyingMigration(move, between).run();
        });
    return result[0];
  }

  private static StoreMove betweenStores(Move move, RequestedAttributes asked, String name)
      throws MemoryException {
    MemoryRegion source = move.source().region();
    Path from = source.info().path();
    if (from != null
        && move.source().stored().isPresent()
        && move.target().provider() instanceof StoreProvider target) {
      return new StoreMove(UUID.randomUUID(), from, target.fileOf(name, asked.directory()));
    }
    throw move.failed(
        "one of the two backends has no way to hand a stored region over that a crash cannot cut in"
            + " two",
        "move to a backend of the same store",
        null);
  }

  // --- what a region has left ---

  /** Memory that a region has left and that could not be closed yet. */
  private record Left(ManagedRegion of, Placement placement, boolean withFile) {}

  /**
   * Closes the memory that a region has left. What is still in use, by the kernel say, is closed as
   * soon as that ends.
   *
   * @param withFile whether its file goes too
   * @return whether it is closed, and its file deleted if that was to be
   */
  boolean release(ManagedRegion of, Placement placement, boolean withFile) {
    return release(new Left(of, placement, withFile), true);
  }

  /** Tries again to close what could not be closed before. */
  void releaseLeft() {
    for (int count = left.size(); count > 0; count--) {
      Left next = left.poll();
      if (next != null) {
        release(next, false);
      }
    }
  }

  private boolean release(Left what, boolean first) {
    String backend = what.placement.backend().name();
    try {
      Optional<StoredBacking> file = what.withFile ? what.placement.stored() : Optional.empty();
      if (file.isPresent()) {
        file.get().discard();
      } else {
        what.placement.region().close();
      }
      return true;
    } catch (MemoryException e) {
      // Closed all the same. The file says that it is not the region any more.
      LOG.log(
          Level.WARNING,
          "{0} has left {1}, but its old file could not be deleted: {2}",
          what.of,
          backend,
          e.getMessage());
    } catch (RuntimeException e) {
      left.add(what);
      keepOthersOut(what.placement);
      LOG.log(
          first ? Level.WARNING : Level.DEBUG,
          "{0} has left {1}, but its old memory could not be closed yet: {2}",
          what.of,
          backend,
          e.getMessage());
    }
    return false;
  }

  /** Nobody is to come to memory that a region has left, as long as it is there. */
  private static void keepOthersOut(Placement left) {
    try {
      if (left.members().isPresent() && left.members().get().tryExclude().isEmpty()) {
        LOG.log(Level.WARNING, "{0} is open in another process too", left.region());
      }
    } catch (MemoryException | RuntimeException e) {
      LOG.log(Level.WARNING, "others can still open {0}: {1}", left.region(), e.getMessage());
    }
  }

  private void tell(Consumer<MoveListener> news) {
    for (MoveListener listener : listeners) {
      try {
        news.accept(listener);
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "move listener " + listener.getClass().getName(), e);
      }
    }
  }

  void add(MoveListener listener) {
    listeners.add(listener);
  }

  void remove(MoveListener listener) {
    listeners.remove(listener);
  }

  @Override
  public List<ManagedRegionInfo> managed() {
    return regions.accounts().regions().stream().map(ManagedRegion::managedInfo).toList();
  }

  @Override
  public List<LeakedRegion> leaks() {
    return List.copyOf(leaks);
  }

  /** Reports what a bundle that has stopped left open, and closes it if the policy says so. */
  void bundleStopped(String bundle) {
    regions.accounts().regions().stream()
        .filter(region -> region.bundle().equals(bundle))
        .forEach(this::leaked);
  }

  private void leaked(ManagedRegion region) {
    boolean closed = false;
    if (regions.settings().leaks() == LeakPolicy.CLOSE) {
      try {
        region.close();
        closed = true;
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "closing the leaked " + region, e);
      }
    }
    LeakedRegion leak =
        new LeakedRegion(
            region.id(),
            region.info().name(),
            region.byteSize(),
            region.bundle(),
            region.info().owner(),
            region.info().createdAt(),
            Instant.now(),
            closed);
    leaks.add(leak);
    LOG.log(
        Level.WARNING,
        "{0} of {1} bytes was left open by {2}, which has stopped; {3}",
        region,
        Long.toString(leak.byteSize()),
        region.owner(),
        closed ? "closed it" : "close it with free, or set leaks=CLOSE");
  }
}
