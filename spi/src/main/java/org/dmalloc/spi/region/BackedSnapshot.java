/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.api.backing.CarriedGroup;
import org.dmalloc.api.backing.DirtyTracking;
import org.jspecify.annotations.Nullable;

/**
 * Makes the snapshots of a region that does not move. Its thread has a section open all the time,
 * so that the memory stays where it is; when somebody shuts the gate, to close the region say, it
 * gives way.
 */
record BackedSnapshot(BackedRegion region, SectionGate gate, NextUse nextUse)
    implements SnapshotCopy.Subject {
  /**
   * The regions of which one is being made: more at a time would wait for each other's sections.
   */
  private static final Set<BackedRegion> UNDER_WAY = ConcurrentHashMap.newKeySet();

  /** Makes one. */
  SnapshotResult take(SnapshotRequest request, RegionLedger ledger) throws MemoryException {
    if (gate.heldByCaller()) {
      throw new IllegalStateException(
          "snapshot of "
              + region
              + ": this thread has an access section open on it; close it first");
    }
    if (!UNDER_WAY.add(region)) {
      throw new IllegalStateException(
          "snapshot of " + region + ": another one is being made; wait for its end");
    }
    try {
      if (region.info().durability() == Durability.CHECKPOINT
          && region.checkpoints() instanceof CarriedGroup group) {
        return CheckpointedSnapshot.make(region, group, gate, request, ledger.provider());
      }
      int slot = gate.enter();
      try {
        return SnapshotCopy.make(this, request, ledger.provider());
      } finally {
        gate.exit(slot);
      }
    } catch (MemoryException e) {
      throw ofLost(e);
    } finally {
      UNDER_WAY.remove(region);
    }
  }

  /** A copy from a page that is gone fails as a call of the kernel's: tells of the page. */
  private MemoryException ofLost(MemoryException failed) {
    try {
      region.requireBacked("snapshot");
      return failed;
    } catch (MemoryException lost) {
      lost.addSuppressed(failed);
      return lost;
    }
  }

  @Override
  public MemoryRegion backing() {
    return region;
  }

  @Override
  public MemorySegment memory() {
    return region.memory();
  }

  @Override
  public DirtyTracking track() throws MemoryException {
    return region.trackDirty();
  }

  @Override
  public boolean besideOwn() {
    return true;
  }

  @Override
  public void requireUnpinned() {
    if (nextUse.pinned()) {
      throw new IllegalStateException(
          "snapshot of "
              + region
              + ": it is pinned by segment(), and what is stored by that cannot be held; use"
              + " acquire() in place of it");
    }
  }

  @Override
  public @Nullable String givesWay() {
    return gate.isShut() ? "a close or resize" : null;
  }

  @Override
  public String toString() {
    return region.toString();
  }
}
