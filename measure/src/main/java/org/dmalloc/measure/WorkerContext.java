/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Worker} is made from.
 *
 * @param provider the provider under test
 * @param region the region; null for workloads of kind {@link Workload.Kind#ALLOCATE}
 * @param pageCount whole pages of the region that are used, shared by all threads
 * @param start the state of the caches
 * @param threadIndex this worker's number, from 0
 * @param threadCount all workers of the run
 * @param seed decides the content and all random choices
 */
public record WorkerContext(
    MemoryProvider provider,
    @Nullable MemoryRegion region,
    long pageCount,
    Start start,
    int threadIndex,
    int threadCount,
    long seed) {
  /** The first page of this worker's share of the region, of contiguous shares. */
  public long firstPage() {
    return share(threadIndex);
  }

  /** The page after the last of this worker's share. */
  public long endPage() {
    return share(threadIndex + 1);
  }

  /** The region, for workloads that use one. */
  public MemoryRegion requireRegion() {
    if (region == null) {
      throw new IllegalStateException("this workload needs a region; the run gave none");
    }
    return region;
  }

  /** A stream of random numbers of this worker's own. */
  public RandomStream random() {
    return new RandomStream(seed ^ RandomStream.mix(threadIndex + 1L));
  }

  private long share(int index) {
    long whole = pageCount / threadCount;
    long rest = pageCount % threadCount;
    return whole * index + Math.min(index, rest);
  }
}
