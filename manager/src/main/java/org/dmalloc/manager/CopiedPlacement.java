/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.spi.region.PreCopy;

/** A placement that is copied, whose region neither moves nor closes meanwhile. */
record CopiedPlacement(Placement placement) implements PreCopy.Source {
  @Override
  public MemorySegment memory() {
    return placement.segment();
  }

  @Override
  public DirtyTracking track() throws MemoryException {
    if (placement.region() instanceof BackingRegion backing
        && placement.backend().capabilities().contains(Capability.DIRTY_TRACKING)) {
      return backing.trackDirty();
    }
    throw new UnsupportedCapabilityException(placement.backend().name(), Capability.DIRTY_TRACKING);
  }

  @Override
  public void used() {
    placement.region().acquire().close();
  }

  @Override
  public String toString() {
    return placement.region().toString();
  }
}
