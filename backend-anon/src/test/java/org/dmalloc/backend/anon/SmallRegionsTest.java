/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.linux.Platform;
import org.dmalloc.testkit.ManyRegions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Regions of private memory that share mappings. */
@Timeout(600)
final class SmallRegionsTest {
  private static final long PAGE = Platform.pageSize();

  private final MemoryProvider provider = SourceFixture.start(MemorySource.PRIVATE);

  @Test
  void aHundredThousandStayWithinTheDefaultLimits() throws Exception {
    ManyRegions.Taken taken = ManyRegions.use(provider, 100_000, (int) PAGE);
    assertTrue(taken.mappings() < 1000, taken + ": vm.max_map_count is 65530");
  }

  @Test
  void aPolicyOfOneIsNotItsNeighbours() throws Exception {
    try (MemoryRegion before = provider.allocate(RegionRequest.ofSize(PAGE));
        MemoryRegion region = provider.allocate(RegionRequest.ofSize(PAGE));
        MemoryRegion after = provider.allocate(RegionRequest.ofSize(PAGE))) {
      try (Access access = region.acquire()) {
        access.segment().fill((byte) 1);
      }
      region.apply(SwapPolicy.NEVER);
      assertTrue(region.info().locked());
      region.apply(SwapPolicy.KERNEL);
      region.resize(3 * PAGE);
      try (Access access = region.acquire()) {
        assertEquals(1, access.segment().get(JAVA_BYTE, PAGE - 1));
        assertEquals(0, access.segment().get(JAVA_BYTE, PAGE));
      }
      assertEquals(0, before.residency().residentBytes());
      assertEquals(0, after.residency().residentBytes());
    }
  }
}
