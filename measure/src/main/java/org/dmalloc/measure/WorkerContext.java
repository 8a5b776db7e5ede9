/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.function.DoubleSupplier;
import org.dmalloc.api.MemoryRegion;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Worker} is made from.
 *
 * @param store null for workloads of kind {@link Workload.Kind#ALLOCATE}
 * @param pages this thread's access to the store; null likewise
 * @param blocks null for all other workloads
 * @param threadIndex from 0
 * @param elapsed how much of the run's time has passed, 0 to 1
 */
public record WorkerContext(
    @Nullable PageStore store,
    @Nullable Pages pages,
    @Nullable BlockSource blocks,
    RunOptions options,
    int threadIndex,
    DoubleSupplier elapsed) {
  public long pageCount() {
    return store == null ? 0 : store.pageCount();
  }

  /** Whether pages are used once, instead of repeatedly or drawn anew. */
  public boolean cold() {
    return options.start() == Start.COLD;
  }

  /** The first page of this worker's share; the shares are contiguous. */
  public long firstPage() {
    return share(threadIndex);
  }

  /** The page after the last of the share. */
  public long endPage() {
    return share(threadIndex + 1);
  }

  private long share(int index) {
    long whole = pageCount() / options.threads();
    long rest = pageCount() % options.threads();
    return whole * index + Math.min(index, rest);
  }

  public PageContent content() {
    return new PageContent(options.seed());
  }

  /** A stream of this worker alone. */
  public RandomStream random() {
    return new RandomStream(runSeed() ^ RandomStream.mix(threadIndex + 1L));
  }

  /** The seed of random choices that all threads of this run share. */
  long runSeed() {
    return options.seed() ^ RandomStream.mix(options.stream());
  }

  public PageStore requireStore() {
    return require(store);
  }

  public Pages requirePages() {
    return require(pages);
  }

  public BlockSource requireBlocks() {
    return require(blocks);
  }

  public MemoryRegion requireRegion() {
    return requireStore().region().orElseThrow(WorkerContext::missing);
  }

  private static <T> T require(@Nullable T value) {
    if (value == null) {
      throw missing();
    }
    return value;
  }

  private static IllegalStateException missing() {
    return new IllegalStateException("this workload needs what the run does not give");
  }
}
