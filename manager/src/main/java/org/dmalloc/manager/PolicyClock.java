/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveReason;

/**
 * Samples the use of every region from time to time, and moves those that the policy wants
 * elsewhere.
 *
 * <p>{@link #tick} is called by one thread at a time.
 */
final class PolicyClock {
  private static final Logger LOG = System.getLogger(PolicyClock.class.getName());

  /** A region whose move failed is left alone for so long. */
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final ManagedRegions regions;
  private final LongSupplier nanoClock;
  private final Map<Long, Seen> seen = new HashMap<>();

  /** What the clock knows of one region. */
  private static final class Seen {
    long lastUsedNanos;
    long retryNanos;
    boolean failed;
    boolean spilled;
  }

  PolicyClock(ManagedRegions regions, LongSupplier nanoClock) {
    this.regions = regions;
    this.nanoClock = nanoClock;
  }

  synchronized void tick() {
    long now = nanoClock.getAsLong();
    regions.moves().releaseLeft();
    List<ManagedRegion> open = List.copyOf(regions.accounts().regions());
    seen.keySet().retainAll(open.stream().map(ManagedRegion::id).toList());
    for (ManagedRegion region : open) {
      Seen state = state(region);
      boolean used = region.backing().takeUsed();
      if (used) {
        state.lastUsedNanos = now;
      }
      wanted(region, state, used).ifPresent(target -> move(region, state, target, now));
    }
    if (regions.settings().policy() == MovePolicy.SPILL) {
      spill(open, now);
    }
  }

  /** Where the policy wants the region; empty if it may stay. */
  private Optional<Backend> wanted(ManagedRegion region, Seen state, boolean used) {
    MovePolicy policy = regions.settings().policy();
    boolean stranded = region.stranded() != null;
    List<Backend> candidates = stranded ? regions.refuges(region) : regions.candidates(region);
    Optional<Backend> home =
        candidates.stream().filter(b -> b.name().equals(region.moves().home())).findFirst();
    if (stranded) {
      return home.or(() -> candidates.stream().findFirst());
    }
    return switch (policy) {
      case STAY -> Optional.empty();
      case FOLLOW -> candidates.stream().findFirst();
      case RETURN -> home;
      case SPILL -> state.spilled && !used ? Optional.empty() : home;
    };
  }

  private boolean move(ManagedRegion region, Seen state, Backend target, long now) {
    boolean there = region.placement().backend().equals(target) && region.stranded() == null;
    boolean tooSoon =
        state.failed && now - state.retryNanos < 0 && region.stranded() == null; // users wait then
    if (there || tooSoon || region.backing().pinned() || !region.moving().tryTake()) {
      return false;
    }
    try {
      MoveReason reason =
          region.stranded() != null ? MoveReason.RESCUE : regions.settings().policy().reason();
      regions.moves().perform(region, target, MoveOptions.DEFAULT, ProgressListener.NONE, reason);
      state.failed = false;
      state.spilled = false;
      return true;
    } catch (MemoryException | RuntimeException e) {
      state.failed = true;
      state.retryNanos = now + RETRY_NANOS;
      LOG.log(Level.DEBUG, "policy move of {0} to {1}: {2}", region, target.name(), e.getMessage());
      return false;
    } finally {
      region.moving().release();
    }
  }

  private void spill(List<ManagedRegion> open, long now) {
    List<ManagedRegion> fileless = new ArrayList<>();
    long residentBytes = 0;
    for (ManagedRegion region : open) {
      if (onMemory(region)) {
        fileless.add(region);
        residentBytes += residentBytes(region);
      }
    }
    fileless.sort(Comparator.comparingLong(region -> state(region).lastUsedNanos));
    long idleNanos = regions.settings().spillIdle().toNanos();
    for (ManagedRegion region : fileless) {
      boolean over = residentBytes > regions.settings().spillBudgetBytes();
      boolean idle = now - state(region).lastUsedNanos >= idleNanos;
      if (!over && !idle) {
        return; // all that follow were used later
      }
      long bytes = residentBytes(region);
      Optional<Backend> file =
          regions.candidates(region).stream()
              .filter(backend -> backend.capabilities().contains(Capability.FORCE))
              .findFirst();
      if (file.isPresent() && move(region, state(region), file.get(), now)) {
        state(region).spilled = true;
        residentBytes -= bytes;
      }
    }
  }

  private Seen state(ManagedRegion region) {
    return seen.computeIfAbsent(region.id(), id -> new Seen());
  }

  /** Whether the region lies on memory without a file and may leave it. */
  private static boolean onMemory(ManagedRegion region) {
    return region.stranded() == null
        && !region.backing().pinned()
        && !region.info().locked()
        && !region.hasEnded()
        && !region.placement().backend().capabilities().contains(Capability.FORCE);
  }

  private static long residentBytes(ManagedRegion region) {
    Placement at = region.placement();
    if (at.backend().capabilities().contains(Capability.RESIDENCY)) {
      try {
        return at.region().residency().residentBytes();
      } catch (MemoryException | IllegalStateException e) {
        // Closed or moved at this moment, or the kernel cannot tell: count all of it.
        return region.byteSize();
      }
    }
    return region.byteSize();
  }
}
