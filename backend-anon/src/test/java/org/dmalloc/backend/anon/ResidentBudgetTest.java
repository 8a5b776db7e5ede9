/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.Access;
import org.dmalloc.api.BatchedAccess;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SwapPolicy;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Budgets of memory without a file, where there is swap. */
@Timeout(120)
class ResidentBudgetTest {
  private static final long MIB = 1L << 20;
  private static final long PAGE = 4096;
  private static final long SIZE = 16 * MIB;
  private static final long BUDGET = 4 * MIB;

  private static long[] pages() {
    long[] offsets = new long[(int) (SIZE / PAGE)];
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = i * PAGE;
    }
    return offsets;
  }

  private static void awaitWithinBudget(MemoryRegion region) throws Exception {
    while (region.residency().residentBytes() > BUDGET) { // the class has a deadline
      LockSupport.parkNanos(1_000_000);
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(value = MemorySource.class, mode = EnumSource.Mode.EXCLUDE, names = "ZERO")
  void budgetIsKeptInSwapAndContentComesBack(MemorySource source) throws Exception {
    try (TemporarySwap swap = TemporarySwap.ofAtLeast(2 * SIZE);
        MemoryRegion region =
            SourceFixture.start(source)
                .allocate(RegionRequest.ofSize(SIZE).withResidentBudget(BUDGET))) {
      assertTrue(swap != null);
      for (int round = 0; round < 2; round++) {
        try (Access access = region.acquire()) {
          for (long at = 0; at < SIZE; at += PAGE) {
            access.segment().set(JAVA_LONG, at, at + round);
          }
        }
        awaitWithinBudget(region);
        long expected = round;
        BatchedAccess.of(region, Long.BYTES)
            .visitInAnyOrder(
                pages(),
                (segment, offset, index) ->
                    assertEquals(offset + expected, segment.get(JAVA_LONG, offset)));
        awaitWithinBudget(region);
      }
      assertThrows(IllegalStateException.class, () -> region.apply(SwapPolicy.NEVER));
      region.limitResident(RegionRequest.NO_BUDGET);
      region.apply(SwapPolicy.NEVER);
      assertThrows(IllegalStateException.class, () -> region.limitResident(BUDGET));
      assertThrows(IllegalStateException.class, region::release);
    }
  }
}
