/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.util.BitSet;

/** Workers that use single pages, in an order or as the last page says. */
final class PageWorkers {
  /** Verified after a fill; reading all would bring back what did not fit into memory. */
  private static final int VERIFIED_PAGES = 1_000;

  private PageWorkers() {}

  /** Uses the next pages of an order, a group at a time. */
  private abstract static class OnPages implements Worker {
    final Pages pages;
    final PageContent content;
    private final PageOrder order;
    private long[] numbers = {};

    OnPages(WorkerContext context, PageOrder order) {
      pages = context.requirePages();
      content = context.content();
      this.order = order;
    }

    abstract void use(long[] list, int count) throws IOException;

    @Override
    public final int work(int count) throws IOException {
      if (numbers.length < count) {
        numbers = new long[count];
      }
      int taken = order.next(numbers, count);
      use(numbers, taken);
      return taken;
    }
  }

  static Worker fill(WorkerContext context) {
    PageOrder.InOrder order = new PageOrder.InOrder(context);
    return new OnPages(context, order) {
      @Override
      void use(long[] list, int count) throws IOException {
        for (int i = 0; i < count; i++) {
          pages.fill(list[i], content);
        }
      }

      @Override
      public long changedPages(long operations) {
        return order.visited();
      }

      @Override
      public void verify(Pages again, int most) throws IOException {
        long step = Math.max(1, order.visited() / Math.min(most, VERIFIED_PAGES));
        for (long i = 0; i < order.visited(); i += step) {
          again.checkStamp(context.firstPage() + i, content);
        }
      }
    };
  }

  static Worker readInOrder(WorkerContext context) {
    return new OnPages(context, new PageOrder.InOrder(context)) {
      @Override
      void use(long[] list, int count) throws IOException {
        for (int i = 0; i < count; i++) {
          pages.checkAll(list[i], content);
        }
      }
    };
  }

  static Worker read(WorkerContext context, PageOrder order) {
    return new OnPages(context, order) {
      @Override
      void use(long[] list, int count) throws IOException {
        pages.checkStamps(list, count, content);
      }
    };
  }

  /** Loads all of a page 16 times in order, then 8 bytes of a random page elsewhere. */
  static Worker scanAndTouch(WorkerContext context) {
    PageOrder.Halves order = new PageOrder.Halves(context, 16);
    return new OnPages(context, order) {
      @Override
      void use(long[] list, int count) throws IOException {
        for (int i = 0; i < count; i++) {
          if (order.isInOrder(list[i])) {
            pages.checkAll(list[i], content);
          } else {
            pages.checkStamp(list[i], content);
          }
        }
      }
    };
  }

  static Worker write(WorkerContext context) {
    return new OnPages(context, PageOrder.random(context).announced(context)) {
      private long stores;

      @Override
      void use(long[] list, int count) throws IOException {
        pages.setMarks(list, count, content);
        stores += count;
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

  /** Checks the marks that a worker has set in its random order. */
  static void verifyMarks(WorkerContext context, Pages pages, long stores, int most)
      throws IOException {
    PageContent content = context.content();
    PageOrder order = PageOrder.random(context);
    if (order instanceof PageOrder.Once once) {
      long step = Math.max(1, stores / most);
      for (long i = 0; i < stores; i += step) {
        pages.checkMark(once.at(i), content);
      }
    } else {
      for (long page : order.take((int) Math.min(stores, most))) {
        pages.checkMark(page, content);
      }
    }
  }

  /** Stores instead of loading for a share of the operations. */
  static Worker mixed(WorkerContext context, double storeShare) {
    RandomStream choice = new RandomStream(~context.runSeed());
    BitSet changed = new BitSet();
    return new OnPages(context, PageOrder.random(context).announced(context)) {
      @Override
      void use(long[] list, int count) throws IOException {
        for (int i = 0; i < count; i++) {
          if (choice.nextDouble() < storeShare) {
            pages.setMark(list[i], content);
            changed.set((int) list[i]);
          } else {
            pages.checkStamp(list[i], content);
          }
        }
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

  /** Each stamp gives the next page; the step's number keeps the path out of short cycles. */
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
