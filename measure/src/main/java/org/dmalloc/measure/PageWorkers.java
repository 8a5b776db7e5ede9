/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Workers that use single pages: in order, at random, or as the last page says. */
final class PageWorkers {
  /** Looked at again after a fill; reading all would bring back what did not fit into memory. */
  private static final int VERIFIED_PAGES = 1_000;

  private PageWorkers() {}

  /** Walks a worker's pages in order: once from a cold start, round and round from a warm one. */
  private abstract static class InOrder implements Worker {
    final Pages pages;
    final PageContent content;
    final long first;
    private final long end;
    private final boolean repeats;
    private long next;
    private boolean wrapped;

    InOrder(WorkerContext context) {
      pages = context.requirePages();
      content = context.content();
      first = context.firstPage();
      end = context.endPage();
      repeats = !context.cold() && end > first;
      next = first;
    }

    abstract void use(long page) throws IOException;

    @Override
    public final int work(int count) throws IOException {
      int done = 0;
      while (done < count) {
        if (next == end) {
          if (!repeats) {
            return done;
          }
          next = first;
          wrapped = true;
        }
        use(next++);
        done++;
      }
      return done;
    }

    /** How many pages from the first one on were visited. */
    final long visited() {
      return (wrapped ? end : next) - first;
    }
  }

  static Worker fill(WorkerContext context) {
    return new InOrder(context) {
      @Override
      void use(long page) throws IOException {
        pages.fill(page, content);
      }

      @Override
      public long changedPages(long operations) {
        return visited();
      }

      @Override
      public void verify(Pages again, int most) throws IOException {
        long step = Math.max(1, visited() / Math.min(most, VERIFIED_PAGES));
        for (long i = 0; i < visited(); i += step) {
          again.checkStamp(first + i, content);
        }
      }
    };
  }

  static Worker readInOrder(WorkerContext context) {
    return new InOrder(context) {
      @Override
      void use(long page) throws IOException {
        pages.checkAll(page, content);
      }
    };
  }

  /** Loads 8 bytes of a page, in place where pages lie in one segment. */
  static void load(@Nullable MemorySegment whole, Pages pages, long page, PageContent content)
      throws IOException {
    if (whole != null) {
      content.checkStampAt(whole, page * PageContent.PAGE_BYTES, page);
    } else {
      pages.checkStamp(page, content);
    }
  }

  static Worker read(WorkerContext context, PageOrder order) {
    Pages pages = context.requirePages();
    PageContent content = context.content();
    return count -> {
      MemorySegment whole = pages.whole();
      if (whole != null && order.endless()) {
        // The loop for loads from RAM, with nothing in it but them.
        for (int i = 0; i < count; i++) {
          long page = order.draw();
          content.checkStampAt(whole, page * PageContent.PAGE_BYTES, page);
        }
        return count;
      }
      int done = 0;
      while (done < count && order.hasNext()) {
        pages.checkStamp(order.next(), content);
        done++;
      }
      return done;
    };
  }

  static Worker write(WorkerContext context) {
    Pages pages = context.requirePages();
    PageContent content = context.content();
    PageOrder order = PageOrder.random(context);
    return new Worker() {
      private long stores;

      @Override
      public int work(int count) throws IOException {
        MemorySegment whole = pages.whole();
        int done = 0;
        if (whole != null && order.endless()) {
          for (; done < count; done++) {
            long page = order.draw();
            content.setMarkAt(whole, page * PageContent.PAGE_BYTES, page);
          }
        }
        while (done < count && order.hasNext()) {
          pages.setMark(order.next(), content);
          done++;
        }
        stores += done;
        return done;
      }

      @Override
      public long changedPages(long operations) {
        return context.cold() ? operations : Measurement.UNKNOWN;
      }

      @Override
      public void verify(Pages again, int most) throws IOException {
        verifyMarks(context, again, stores, most);
      }
    };
  }

  /** Looks for the marks that a worker has set in its random order. */
  static void verifyMarks(WorkerContext context, Pages pages, long stores, int most)
      throws IOException {
    PageContent content = context.content();
    PageOrder order = PageOrder.random(context);
    if (context.cold()) {
      long step = Math.max(1, stores / most);
      for (long i = 0; i < stores; i += step) {
        pages.checkMark(order.at(i), content);
      }
    } else {
      for (long page : order.take((int) Math.min(stores, most))) {
        pages.checkMark(page, content);
      }
    }
  }

  /** Loads, and stores in place of a share of them. */
  static Worker mixed(WorkerContext context, double storeShare) {
    Pages pages = context.requirePages();
    PageContent content = context.content();
    PageOrder order = PageOrder.random(context);
    RandomStream choice = new RandomStream(~context.runSeed());
    BitSet changed = new BitSet();
    return new Worker() {
      @Override
      public int work(int count) throws IOException {
        int done = 0;
        while (done < count && order.hasNext()) {
          long page = order.next();
          if (choice.nextDouble() < storeShare) {
            pages.setMark(page, content);
            changed.set((int) page);
          } else {
            pages.checkStamp(page, content);
          }
          done++;
        }
        return done;
      }

      @Override
      public void beginMeasuring() {
        changed.clear();
      }

      @Override
      public long changedPages(long operations) {
        return changed.cardinality();
      }
    };
  }

  /**
   * Each page names the next by its stamp; the step's number keeps the path out of short rounds.
   */
  static Worker chase(WorkerContext context) {
    Pages pages = context.requirePages();
    PageContent content = context.content();
    long pageCount = context.pageCount();
    return new Worker() {
      private long page;
      private long step = context.random().next();

      @Override
      public int work(int count) throws IOException {
        for (int i = 0; i < count; i++) {
          long stamp = pages.checkStamp(page, content);
          step++;
          page = Math.unsignedMultiplyHigh(RandomStream.mix(stamp + step), pageCount);
        }
        return count;
      }
    };
  }
}
