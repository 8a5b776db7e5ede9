/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.examples;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.BatchedAccess;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;

/** The examples in the documentation; compiled with the tests. */
public final class RegionExamples {
  private RegionExamples() {}

  /** An access section. */
  public static void section(MemoryProvider provider) throws MemoryException {
    // @start region="section"
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(64L << 30))) {
      try (Access access = region.acquire()) {
        MemorySegment bytes = access.segment();
        bytes.set(JAVA_LONG, 8 * 1_000_000L, 42);
      }
    }
    // @end
  }

  /** A request. */
  public static MemoryRegion request(MemoryProvider provider) throws MemoryException {
    // @start region="request"
    RegionRequest request =
        RegionRequest.ofSize(1L << 30)
            .withName("orders")
            .withPattern(AccessPattern.RANDOM)
            .withOwner("order-service");
    MemoryRegion region = provider.allocate(request);
    // @end
    return region;
  }

  /** A batched access. */
  public static long batched(MemoryRegion orders, long[] offsets, MemorySegment records)
      throws MemoryException {
    long[] sum = new long[1];
    // @start region="batched"
    BatchedAccess access = BatchedAccess.of(orders, 256); // records of 256 bytes; keep it
    access.visitInAnyOrder(
        offsets, (segment, offset, index) -> sum[0] += segment.get(JAVA_LONG, offset));
    access.gather(offsets, records, 256); // record i to byte i * 256
    // @end
    return sum[0];
  }
}
