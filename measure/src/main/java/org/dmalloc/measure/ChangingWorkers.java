/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Workers whose pattern changes, so that no fixed advice suits all of it. */
final class ChangingWorkers {
  /** Of the pages: how many are used at random in each phase that does so. */
  private static final int RANDOM_SHARE = 16;

  /** Shares of the pages that the working set goes through, in equal times. */
  private static final double[] SET_SHARES = {1, 0.5, 0.25, 0.125, 0.25, 0.5, 1};

  private ChangingWorkers() {}

  /** A sixteenth of the pages at random, all in order, as many at random; from warm anew. */
  static Worker phases(WorkerContext context) {
    Pages use = context.requirePages();
    PageContent content = context.content();
    RandomStream random = context.random();
    long first = context.firstPage();
    long pages = context.endPage() - first;
    long scattered = Math.max(1, pages / RANDOM_SHARE);
    return new Worker() {
      private long step;

      @Override
      public int work(int count) throws IOException {
        MemorySegment whole = use.whole();
        int done = 0;
        while (done < count && hasNext()) {
          boolean inOrder = step >= scattered && step < scattered + pages;
          long page = first + (inOrder ? step - scattered : random.below(pages));
          PageWorkers.load(whole, use, page, content);
          step++;
          done++;
        }
        return done;
      }

      private boolean hasNext() {
        if (pages < 1) {
          return false;
        }
        if (step == 2 * scattered + pages && !context.cold()) {
          step = 0;
        }
        return step < 2 * scattered + pages;
      }
    };
  }

  /**
   * The first half of the pages in order and the second at random, in turns.
   *
   * @param inOrder how many in order for each random one
   * @param all whether all of a page is loaded in order, or 8 bytes
   */
  static Worker halves(WorkerContext context, int inOrder, boolean all) {
    Pages use = context.requirePages();
    PageContent content = context.content();
    RandomStream random = context.random();
    long first = context.firstPage();
    long pages = context.endPage() - first;
    long half = (pages + 1) / 2;
    return new Worker() {
      private long next;
      private int turn;

      @Override
      public int work(int count) throws IOException {
        MemorySegment whole = use.whole();
        int done = 0;
        while (done < count && hasNext()) {
          if (turn == inOrder && pages > half) {
            turn = 0;
            PageWorkers.load(whole, use, first + half + random.below(pages - half), content);
          } else {
            turn++;
            long page = first + next++;
            if (all) {
              use.checkAll(page, content);
            } else {
              PageWorkers.load(whole, use, page, content);
            }
          }
          done++;
        }
        return done;
      }

      private boolean hasNext() {
        if (next == half && !context.cold()) {
          next = 0;
        }
        return next < half;
      }
    };
  }

  /** Random pages of a set that shrinks and grows back over the time of the run. */
  static Worker workingSet(WorkerContext context) {
    PageOrder order = PageOrder.subset(context);
    Worker reads = PageWorkers.read(context, order);
    long pageCount = context.pageCount();
    return count -> {
      int phase = (int) (context.elapsed().getAsDouble() * SET_SHARES.length);
      order.shrinkTo((long) (pageCount * SET_SHARES[Math.min(SET_SHARES.length - 1, phase)]));
      return reads.work(count);
    };
  }
}
