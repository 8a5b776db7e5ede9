/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.spi.region.Alone;
import org.dmalloc.spi.region.SectionGate;
import org.dmalloc.spi.region.SnapshotCopy;
import org.jspecify.annotations.Nullable;

/**
 * Makes the snapshots of a region that moves. It has the lock of the moves, so that the region
 * stays where it is, and gives way as a move does.
 */
record ManagedSnapshot(ManagedRegion region, CopiedPlacement from) implements SnapshotCopy.Subject {
  /** Makes one. */
  static SnapshotResult take(ManagedRegion region, SnapshotRequest request) throws MemoryException {
    region.requireOpen();
    if (region.gate().heldByCaller()) {
      throw new IllegalStateException(
          "snapshot of "
              + region
              + ": this thread has an access section open on it; close it first");
    }
    if (!region.moving().tryTake()) {
      throw new IllegalStateException(
          "snapshot of "
              + region
              + ": it is being moved or resized, or another one is being made; wait for its end");
    }
    try {
      region.requireOpen();
      region.backing().checkAttached();
      Placement placement = region.placement();
      if (region.group() != null) {
        return placement.region().snapshot(request); // which knows what no checkpoint has
      }
      SnapshotResult[] result = new SnapshotResult[1];
      Alone.run(
          placement.members(),
          "snapshot",
          region.byteSize(),
          region.toString(),
          () ->
              result[0] =
                  SnapshotCopy.make(
                      new ManagedSnapshot(region, new CopiedPlacement(placement)),
                      request,
                      placement.backend().provider()));
      return result[0];
    } finally {
      region.moving().release();
    }
  }

  @Override
  public MemoryRegion backing() {
    return from.placement().region();
  }

  @Override
  public SectionGate gate() {
    return region.gate();
  }

  @Override
  public boolean besideOwn() {
    return false;
  }

  @Override
  public void requireUnpinned() {
    region.checkMovable("snapshot");
  }

  @Override
  public @Nullable String givesWay() {
    return region.moving().mustGiveWay() ? "a close, resize or evacuation" : null;
  }

  @Override
  public MemorySegment memory() {
    return from.memory();
  }

  @Override
  public DirtyTracking track() throws MemoryException {
    return from.track();
  }

  @Override
  public void used() {
    from.used();
  }

  @Override
  public String toString() {
    return region.toString();
  }
}
