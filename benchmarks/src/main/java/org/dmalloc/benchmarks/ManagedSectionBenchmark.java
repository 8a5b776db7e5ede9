/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.util.Map;
import java.util.ServiceLoader;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.api.standalone.RegionManager;
import org.dmalloc.api.standalone.RegionManagerFactory;
import org.openjdk.jmh.annotations.Benchmark;

/** The cost of an access section of a movable region: the manager's region on private memory. */
public class ManagedSectionBenchmark extends SectionsOfRegion {
  private static final long REGION_BYTES = 64 << 10;

  @Override
  MemoryRegion allocate() throws MemoryException {
    RegionManager manager =
        ServiceLoader.load(RegionManagerFactory.class).findFirst().orElseThrow().start(Map.of());
    manager.backendStarted(Dmalloc.open().provider("anon"), 0);
    return manager.provider().allocate(RegionRequest.ofSize(REGION_BYTES));
  }

  @Benchmark
  public long managedSection() {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG, 0);
    }
  }
}
