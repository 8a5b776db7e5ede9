/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.AccessPattern;

/**
 * Reads 8 bytes of pages that are popular as a Zipf distribution says, with the popular ones spread
 * over the whole region. Unlike {@link RandomRead} it comes back to pages also from a cold start:
 * what it measures there is a cache that fills.
 */
public final class ZipfianRead implements Workload {
  /** The skew that YCSB made the custom. */
  public static final double THETA = 0.99;

  /**
   * Draws are made before the run and used round and round: making one takes longer than the load
   * that it is for. 2 MiB of them are read in order, which the processor foresees.
   */
  private static final int DRAWS = 1 << 19;

  @Override
  public String name() {
    return "zipf-read";
  }

  @Override
  public String operation() {
    return "load 8 bytes of a page, zipfian 0.99";
  }

  @Override
  public Kind kind() {
    return Kind.READ;
  }

  @Override
  public AccessPattern pattern() {
    return AccessPattern.RANDOM;
  }

  @Override
  public long bytesPerOperation(Start start) {
    return start == Start.COLD ? PageContent.PAGE_BYTES : Long.BYTES;
  }

  @Override
  public int warmGroupSize() {
    return RandomRead.GROUP_LOADS;
  }

  @Override
  public Worker worker(WorkerContext context) {
    PageContent content = new PageContent(context.seed());
    int[] pages = draw(context);
    return new Worker() {
      private int place;

      @Override
      public int work(MemorySegment segment, int count) {
        for (int i = 0; i < count; i++) {
          content.checkStamp(segment, pages[place]);
          place = (place + 1) & (DRAWS - 1);
        }
        return count;
      }
    };
  }

  /** The pages of a worker, in the order of its reads. */
  static int[] draw(WorkerContext context) {
    // 2^31 pages are 8 TiB; a region beyond that is used as far as this.
    long pageCount = Math.min(context.pageCount(), Integer.MAX_VALUE);
    int[] pages = new int[DRAWS];
    if (pageCount < 2) {
      return pages;
    }
    ZipfianRanks ranks = new ZipfianRanks(pageCount, THETA);
    PagePermutation spread = new PagePermutation(pageCount, context.seed());
    RandomStream random = context.random();
    for (int i = 0; i < pages.length; i++) {
      pages[i] = (int) spread.at(ranks.next(random));
    }
    return pages;
  }
}
