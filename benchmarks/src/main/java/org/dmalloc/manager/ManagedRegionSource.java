/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;

/** Movable regions without a framework, for benchmarks; in the manager's package to reach it. */
public final class ManagedRegionSource {
  private ManagedRegionSource() {}

  /** A region of a manager whose only backend is the given one. */
  public static MemoryRegion allocate(MemoryProvider backend, long byteSize)
      throws MemoryException {
    ManagedRegions regions = new ManagedRegions(Settings.DEFAULT, Step.Probe.NONE);
    regions.arrived(new Backend(backend, 0, 1));
    return new ManagedProvider(regions, "benchmarks").allocate(RegionRequest.ofSize(byteSize));
  }
}
