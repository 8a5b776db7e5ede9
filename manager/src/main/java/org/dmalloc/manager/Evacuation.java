/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveReason;
import org.dmalloc.spi.region.Uninterrupted;

/**
 * Takes all regions from a backend that goes. Runs while the backend's service is being
 * unregistered: it still answers then, and is stopped when this returns.
 */
record Evacuation(ManagedRegions regions, Backend gone) {
  private static final Logger LOG = System.getLogger(Evacuation.class.getName());

  /** After the time-out a region is stranded at once, unless it is in mid-exchange. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private static final MoveOptions OPTIONS =
      MoveOptions.DEFAULT.withSectionTimeout(Duration.ofMillis(500)).withAttempts(10);

  /**
   * Moves every region, on a thread that no interrupt of the caller reaches, and returns when that
   * is done or the configured time is over.
   */
  void run() {
    Thread worker =
        Thread.ofPlatform().name("dmalloc evacuation").daemon().unstarted(this::leaveAll);
    worker.start();
    if (!Uninterrupted.join(worker, regions.settings().evacuationTimeout().toNanos())) {
      LOG.log(
          Level.WARNING,
          "evacuation of backend {0} takes longer than evacuation.timeout.millis={1}; it is cut"
              + " short",
          gone.name(),
          Long.toString(regions.settings().evacuationTimeout().toMillis()));
      worker.interrupt();
      Uninterrupted.join(worker, GRACE.toNanos());
    }
  }

  private void leaveAll() {
    for (ManagedRegion region : regions.accounts().regions()) {
      if (region.concerns(gone)) {
        try {
          region.moving().take("evacuation");
        } catch (IllegalStateException e) {
          if (region.placement().backend().equals(gone)) {
            strand(region, String.valueOf(e.getMessage()));
          }
          continue;
        }
        try {
          leave(region);
        } finally {
          region.moving().release();
        }
      }
    }
  }

  /** Moves one region, whose lock is held, to the best backend that takes it. */
  void leave(ManagedRegion region) {
    if (region.hasEnded() || !region.placement().backend().equals(gone)) {
      return; // closed or moved meanwhile
    }
    String why = regions.whyNoneCanHold(region);
    for (Backend candidate : regions.refuges(region)) {
      try {
        regions
            .moves()
            .perform(region, candidate, OPTIONS, ProgressListener.NONE, MoveReason.EVACUATION);
        return;
      } catch (MemoryException | RuntimeException e) {
        why = String.valueOf(e.getMessage());
        LOG.log(Level.DEBUG, "evacuation of {0}: {1}", region, why);
        if (region.hasEnded()) {
          return;
        }
      }
    }
    strand(region, why);
  }

  private void strand(ManagedRegion region, String why) {
    if (regions.stopped()) {
      return; // the manager itself goes; its regions stay as they are
    }
    String next =
        "backend "
            + gone.name()
            + " is gone and the region could not leave it: "
            + why
            + "; its content can be read until you close it";
    boolean shut = false;
    try {
      region.gate().shut(OPTIONS.sectionTimeout().toNanos());
      shut = true;
    } catch (IllegalStateException e) {
      if (region.hasEnded()) {
        return;
      }
      // A section that stays open may still store; what it stores is in memory, but not flushed.
      LOG.log(Level.WARNING, "{0} is flushed beside an open section: {1}", region, e.getMessage());
    }
    try {
      flush(region);
    } finally {
      if (region.stranded() == null) {
        region.backing().strand(next);
      }
      if (shut) {
        region.gate().open();
      }
    }
    LOG.log(Level.ERROR, "{0}: {1}", region, next);
  }

  private void flush(ManagedRegion region) {
    Placement at = region.placement();
    boolean writes =
        region.asked().access() == AccessMode.READ_WRITE
            && at.region().info().sharing() != Sharing.PRIVATE
            && region.group() == null; // whose changes its close makes durable
    if (writes && gone.capabilities().contains(Capability.FORCE)) {
      try {
        at.region().force();
      } catch (MemoryException | RuntimeException e) {
        LOG.log(Level.ERROR, "flush of {0}: {1}", region, e.getMessage());
      }
    }
  }
}
