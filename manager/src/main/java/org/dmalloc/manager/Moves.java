/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.LeakedRegion;
import org.dmalloc.api.ManagedRegionInfo;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MoveListener;
import org.dmalloc.api.MoveOptions;
import org.dmalloc.api.MoveRecord;
import org.dmalloc.api.MoveResult;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionMover;

/** Moves regions by the way that fits, and keeps their history. */
final class Moves implements RegionMover {
  private static final Logger LOG = System.getLogger(Moves.class.getName());

  static final String COMMAND = "command";

  private final ManagedRegions regions;
  private final Step.Probe probe;
  private final List<MoveListener> listeners = new CopyOnWriteArrayList<>();
  private final List<LeakedRegion> leaks = new CopyOnWriteArrayList<>();

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
                        String.format(
                            Locale.ROOT,
                            "no movable region %d is open; list them with regions",
                            regionId)));
    Backend target =
        regions
            .backend(backend)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        String.format(
                            Locale.ROOT,
                            "no backend %s is present; there is %s",
                            backend,
                            regions.backendNames())));
    regions.checkRunning();
    if (!region.tryMoving()) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT, "move of %s: it is being moved or resized; wait for its end", region));
    }
    MoveResult result;
    try {
      result = perform(region, target, options, progress, COMMAND);
      region.settle(target.name());
    } finally {
      region.endMoving();
    }
    return result;
  }

  /**
   * Moves a region whose lock is held.
   *
   * @param reason for the history
   */
  MoveResult perform(
      ManagedRegion region,
      Backend target,
      MoveOptions options,
      ProgressListener progress,
      String reason)
      throws MemoryException {
    region.checkMovable("move");
    Placement source = region.placement();
    String from = source.backend().name();
    if (source.backend().equals(target) && region.stranded() == null) {
      return new MoveResult(
          region.id(), from, target.name(), region.byteSize(), 0, 0, 0, 0, "none");
    }
    region.wish().require(target);
    Move move =
        new Move(
            region, source, target, options, progress, probe, !reason.equals(Evacuation.REASON));
    region.needs(List.of(source.backend(), target));
    tell(listener -> listener.started(region.id(), from, target.name()));
    MoveResult result;
    try {
      // Asked after that: a backend that leaves now sees this move and waits for it.
      if (!regions.present(target)) {
        throw move.failed(
            String.format(Locale.ROOT, "backend %s has just gone", target.name()), "", null);
      }
      result = run(move);
    } catch (MemoryException | RuntimeException e) {
      failed(region, from, target.name(), reason, String.valueOf(e.getMessage()));
      throw e;
    } catch (InternalError e) {
      // A page without a disk block behind it: how a store to a sparse file on a full disk ends.
      failed(region, from, target.name(), reason, String.valueOf(e.getMessage()));
      throw move.failed("a page could not be read or written", "look at the disk's space", e);
    } finally {
      region.needs(List.of());
    }
    region.history().add(new MoveRecord(Instant.now(), from, target.name(), reason, result, null));
    tell(listener -> listener.finished(result));
    if (!regions.present(target)) {
      // It left meanwhile, and its evacuation did not see this region.
      Evacuation evacuation = new Evacuation(regions, target);
      Uninterrupted.run("dmalloc evacuation", () -> evacuation.leave(region));
    }
    return result;
  }

  private MoveResult run(Move move) throws MemoryException {
    Wish wish = move.region().wish();
    String name = wish.region().name();
    if (wish.stored() && name != null) {
      if (RemappingMigration.serves(move.source(), wish, name, move.target())) {
        return new RemappingMigration(move, name).run();
      }
      if (wish.access() == AccessMode.READ_ONLY) {
        throw move.failed(
            "it is open for reading only", "open it for writing to move its file", null);
      }
      if (!regions.present(move.source().backend())) {
        throw move.failed(
            String.format(
                Locale.ROOT,
                "backend %s, which alone can delete the old file, is gone",
                move.source().backend().name()),
            "start it, or move to a backend of the same store",
            null);
      }
    }
    return new CopyingMigration(move).run();
  }

  private void failed(ManagedRegion region, String from, String to, String reason, String why) {
    region.history().add(new MoveRecord(Instant.now(), from, to, reason, null, why));
    tell(listener -> listener.failed(region.id(), from, to, why));
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
    List<ManagedRegionInfo> infos = new ArrayList<>();
    for (ManagedRegion region : regions.accounts().regions()) {
      infos.add(region.managedInfo());
    }
    return infos;
  }

  @Override
  public List<LeakedRegion> leaks() {
    return List.copyOf(leaks);
  }

  /** Reports what a bundle that has stopped left open, and closes it if the policy says so. */
  void bundleStopped(String bundle) {
    for (ManagedRegion region : regions.accounts().regions()) {
      if (region.bundle().equals(bundle)) {
        leaked(region);
      }
    }
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
