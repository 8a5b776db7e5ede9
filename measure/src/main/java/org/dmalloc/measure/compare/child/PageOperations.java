/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.util.function.LongSupplier;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.PagePermutation;
import org.dmalloc.measure.RandomStream;
import org.dmalloc.measure.ZipfianRanks;
import org.dmalloc.measure.compare.child.PagedMemory.Cursor;
import org.dmalloc.measure.compare.child.PagedMemory.Use;

/** The workloads that use single pages. All check what they load. */
final class PageOperations {
  private static final double THETA = 0.99;

  /** Drawn beforehand and used round and round, because a draw takes as long as a hit. */
  private static final int ZIPF_DRAWS = 1 << 17;

  private static final double FEW_STORES = 0.05;
  private static final double MANY_STORES = 0.5;

  /** Shares of the pages that the working set goes through, in equal times. */
  private static final double[] SET_SHARES = {1, 0.5, 0.25, 0.125, 0.25, 0.5, 1};

  private final PagedMemory memory;
  private final int batchPages;
  private final long seed;
  private final PageContent content;
  private final RandomStream random;

  /**
   * The workloads over a memory.
   *
   * @param batchPages pages in an announcement; 0 for none
   * @param seed decides the content and all random choices
   * @param stream makes the choices of this run differ from those of others
   */
  PageOperations(PagedMemory memory, int batchPages, long seed, long stream) {
    this.memory = memory;
    this.batchPages = batchPages;
    this.seed = seed;
    content = new PageContent(seed);
    random = new RandomStream(seed ^ RandomStream.mix(stream));
  }

  private PageSource source(LongSupplier order) {
    return new PageSource(order, memory, batchPages);
  }

  private PageSource uniform() {
    return source(() -> random.below(memory.pageCount()));
  }

  Operation fill() {
    Cursor cursor = memory.cursor();
    return new Operation() {
      private long page;

      @Override
      public int run(double share) throws IOException {
        if (page == memory.pageCount()) {
          return 0;
        }
        long at = cursor.enter(page, Use.REPLACE);
        try {
          content.fillAt(cursor.segment(), at, page);
        } finally {
          cursor.leave();
        }
        page++;
        return 1;
      }
    };
  }

  Operation sequentialRead() {
    Cursor cursor = memory.cursor();
    return new Operation() {
      private long page;

      @Override
      public int run(double share) throws IOException {
        checkAll(cursor, page);
        page = page + 1 == memory.pageCount() ? 0 : page + 1;
        return 1;
      }
    };
  }

  Operation randomRead() {
    return reads(uniform());
  }

  Operation zipfRead() {
    ZipfianRanks ranks = new ZipfianRanks(memory.pageCount(), THETA);
    PagePermutation spread = new PagePermutation(memory.pageCount(), seed);
    int[] draws = new int[ZIPF_DRAWS];
    for (int i = 0; i < draws.length; i++) {
      draws[i] = (int) Math.min(Integer.MAX_VALUE, spread.at(ranks.next(random)));
    }
    int[] place = {0};
    return reads(
        source(
            () -> {
              place[0] = (place[0] + 1) & (ZIPF_DRAWS - 1);
              return draws[place[0]];
            }));
  }

  private Operation reads(PageSource pages) {
    Cursor cursor = memory.cursor();
    return share -> {
      checkStamp(cursor, pages.next());
      return 1;
    };
  }

  Operation randomWrite() {
    return mixed(1);
  }

  Operation fewStores() {
    return mixed(FEW_STORES);
  }

  Operation manyStores() {
    return mixed(MANY_STORES);
  }

  private Operation mixed(double storeShare) {
    Cursor cursor = memory.cursor();
    PageSource pages = uniform();
    RandomStream choice = new RandomStream(random.next());
    return share -> {
      long page = pages.next();
      if (choice.nextDouble() < storeShare) {
        long at = cursor.enter(page, Use.STORE);
        try {
          content.setMarkAt(cursor.segment(), at, page);
        } finally {
          cursor.leave();
        }
      } else {
        checkStamp(cursor, page);
      }
      return 1;
    };
  }

  /**
   * Each page names the next by its stamp; the step's number keeps the path out of short rounds.
   */
  Operation pointerChase() {
    Cursor cursor = memory.cursor();
    return new Operation() {
      private long page;
      private long step = random.next();

      @Override
      public int run(double share) throws IOException {
        long stamp = checkStamp(cursor, page);
        step++;
        page = Math.unsignedMultiplyHigh(RandomStream.mix(stamp + step), memory.pageCount());
        return 1;
      }
    };
  }

  Operation scanAndRandom() {
    return new ScanBeside(reads(uniform()), sequentialRead());
  }

  Operation workingSet() {
    Cursor cursor = memory.cursor();
    PagePermutation spread = new PagePermutation(memory.pageCount(), ~seed);
    long[] size = {memory.pageCount()};
    // The pages of a smaller set are a part of those of a larger one, and lie scattered.
    PageSource pages = source(() -> spread.at(random.below(size[0])));
    return share -> {
      int phase = Math.min(SET_SHARES.length - 1, (int) (share * SET_SHARES.length));
      size[0] = Math.max(1, (long) (memory.pageCount() * SET_SHARES[phase]));
      checkStamp(cursor, pages.next());
      return 1;
    };
  }

  private long checkStamp(Cursor cursor, long page) throws IOException {
    long at = cursor.enter(page, Use.LOAD);
    try {
      return content.checkStampAt(cursor.segment(), at, page);
    } finally {
      cursor.leave();
    }
  }

  private void checkAll(Cursor cursor, long page) throws IOException {
    long at = cursor.enter(page, Use.LOAD);
    try {
      content.checkAllAt(cursor.segment(), at, page);
    } finally {
      cursor.leave();
    }
  }
}
