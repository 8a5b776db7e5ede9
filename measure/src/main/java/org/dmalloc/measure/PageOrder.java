/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.util.Arrays;
import java.util.function.DoubleSupplier;

/**
 * The pages that one worker uses, in its order. An order makes the numbers of a group in one loop:
 * a call for each page would take longer than a load from RAM. One thread uses it.
 */
abstract class PageOrder {
  /** The usual skew of YCSB. */
  static final double THETA = 0.99;

  /**
   * Draws are made before the run and reused, because a draw takes longer than the load. The
   * processor prefetches their 2 MiB, which are read in order.
   */
  private static final int DRAWS = 1 << 19;

  /** A random phase uses one page in this many. */
  private static final int RANDOM_SHARE = 16;

  /** Sizes of the working set, as shares of all pages, for equal times. */
  private static final double[] SET_SHARES = {1, 0.5, 0.25, 0.125, 0.25, 0.5, 1};

  /**
   * Puts the next pages at the start of an array that holds {@code count} at least.
   *
   * @return how many: fewer than {@code count} at the end
   */
  abstract int next(long[] pages, int count) throws IOException;

  private static void consecutive(long[] pages, int at, long first, int count) {
    for (int i = 0; i < count; i++) {
      pages[at + i] = first + i;
    }
  }

  final long[] take(int count) throws IOException {
    long[] pages = new long[count];
    int found = next(pages, count);
    return found == count ? pages : Arrays.copyOf(pages, found);
  }

  /** The same pages, announced in batches if the run's options say so. */
  final PageOrder announced(WorkerContext context) {
    int batchPages = context.options().announcedPages();
    return batchPages == 0 ? this : announced(context.requireStore(), batchPages);
  }

  /**
   * Announces each batch while the previous one is used, so that the disk always has work. The
   * announcement is timed with the first use of the current batch.
   */
  final PageOrder announced(PageStore store, int batchPages) {
    PageOrder order = this;
    return new PageOrder() {
      private long[] current = {};
      private long[] announced = {};
      private int used;

      @Override
      int next(long[] pages, int count) throws IOException {
        int found = 0;
        while (found < count && (used < current.length || advance())) {
          pages[found++] = current[used++];
        }
        return found;
      }

      // Makes the announced batch the current one and announces the next; false at the end.
      private boolean advance() throws IOException {
        if (announced.length == 0) {
          announced = announce();
        }
        current = announced;
        used = 0;
        announced = announce();
        return current.length > 0;
      }

      private long[] announce() throws IOException {
        long[] pages = order.take(batchPages);
        if (pages.length > 0) {
          store.announce(pages);
        }
        return pages;
      }
    };
  }

  /** All pages at random: each once from a cold start, drawn with repetition from a warm one. */
  static PageOrder random(WorkerContext context) {
    if (context.cold()) {
      return new Once(context);
    }
    RandomStream random = context.random();
    long pageCount = context.pageCount();
    return new PageOrder() {
      @Override
      int next(long[] pages, int count) {
        for (int i = 0; i < count; i++) {
          pages[i] = random.below(pageCount);
        }
        return count;
      }
    };
  }

  /** Pages of a random order that the workers of a run share: no page comes twice. */
  static final class Once extends PageOrder {
    private final PagePermutation permutation;
    private final long pageCount;
    private final int first;
    private final int step;
    private long place;

    Once(WorkerContext context) {
      permutation = new PagePermutation(context.pageCount(), context.runSeed());
      pageCount = context.pageCount();
      first = context.threadIndex();
      step = context.options().threads();
      place = first;
    }

    /** The page that this worker uses after {@code index} others. */
    long at(long index) {
      return permutation.at(index * step + first);
    }

    @Override
    int next(long[] pages, int count) {
      int found = 0;
      for (; found < count && place < pageCount; place += step) {
        pages[found++] = permutation.at(place);
      }
      return found;
    }
  }

  /** Zipf-distributed pages; the popular ones are spread over the store. */
  static PageOrder zipfian(WorkerContext context) {
    int[] draws = draw(context);
    return new PageOrder() {
      private int place;

      @Override
      int next(long[] pages, int count) {
        for (int i = 0; i < count; i++) {
          pages[i] = draws[place++ & (DRAWS - 1)];
        }
        return count;
      }
    };
  }

  static int[] draw(WorkerContext context) {
    // 2^31 pages are 8 TiB; a store beyond that is used as far as this.
    long pageCount = Math.min(context.pageCount(), Integer.MAX_VALUE);
    int[] pages = new int[DRAWS];
    if (pageCount < 2) {
      return pages;
    }
    ZipfianRanks ranks = new ZipfianRanks(pageCount, THETA);
    // Depends on the seed only: the same pages are popular in every run.
    PagePermutation spread = new PagePermutation(pageCount, context.options().seed());
    RandomStream random = context.random();
    for (int i = 0; i < pages.length; i++) {
      pages[i] = (int) spread.at(ranks.next(random));
    }
    return pages;
  }

  /**
   * Random pages of a set that shrinks and grows back over the run. A smaller set is part of a
   * larger one.
   */
  static PageOrder workingSet(WorkerContext context) {
    RandomStream random = context.random();
    long pageCount = context.pageCount();
    PagePermutation permutation = new PagePermutation(pageCount, ~context.options().seed());
    DoubleSupplier elapsed = context.elapsed();
    return new PageOrder() {
      @Override
      int next(long[] pages, int count) {
        int phase = (int) (elapsed.getAsDouble() * SET_SHARES.length);
        double share = SET_SHARES[Math.min(SET_SHARES.length - 1, phase)];
        long size = Math.max(1, (long) (pageCount * share));
        for (int i = 0; i < count; i++) {
          pages[i] = permutation.at(random.below(size));
        }
        return count;
      }
    };
  }

  /** A worker's share of the pages in order: once from a cold start, repeated from a warm one. */
  static final class InOrder extends PageOrder {
    private final long first;
    private final long end;
    private final boolean repeats;
    private long next;
    private boolean wrapped;

    InOrder(WorkerContext context) {
      first = context.firstPage();
      end = context.endPage();
      repeats = !context.cold() && end > first;
      next = first;
    }

    @Override
    int next(long[] pages, int count) {
      int found = 0;
      while (found < count && (next < end || repeats)) {
        if (next == end) {
          next = first;
          wrapped = true;
        }
        int run = (int) Math.min(count - found, end - next);
        consecutive(pages, found, next, run);
        next += run;
        found += run;
      }
      return found;
    }

    /** How many pages from the first one on were used. */
    long visited() {
      return (wrapped ? end : next) - first;
    }
  }

  /** A sixteenth of the pages at random, all in order, as many at random; repeated when warm. */
  static PageOrder phases(WorkerContext context) {
    RandomStream random = context.random();
    long first = context.firstPage();
    long shared = context.endPage() - first;
    long scattered = Math.max(1, shared / RANDOM_SHARE);
    long steps = shared < 1 ? 0 : 2 * scattered + shared;
    boolean repeats = !context.cold() && steps > 0;
    return new PageOrder() {
      private long step;

      @Override
      int next(long[] pages, int count) {
        int found = 0;
        while (found < count && (step < steps || repeats)) {
          step = step == steps ? 0 : step;
          int run = 1;
          if (step >= scattered && step < scattered + shared) {
            run = (int) Math.min(count - found, scattered + shared - step);
            consecutive(pages, found, first + step - scattered, run);
          } else {
            pages[found] = first + random.below(shared);
          }
          step += run;
          found += run;
        }
        return found;
      }
    };
  }

  /** Alternates between the first half of the pages, in order, and the second, at random. */
  static final class Halves extends PageOrder {
    private final RandomStream random;
    private final int inOrder;
    private final long first;
    private final long middle;
    private final long end;
    private final boolean repeats;
    private long next;
    private int turn;

    /** Takes {@code inOrder} pages in order before each random one. */
    Halves(WorkerContext context, int inOrder) {
      this.inOrder = inOrder;
      random = context.random();
      first = context.firstPage();
      end = context.endPage();
      middle = first + (end - first + 1) / 2;
      repeats = !context.cold() && end > first;
      next = first;
    }

    @Override
    int next(long[] pages, int count) {
      int found = 0;
      while (found < count && (next < middle || repeats)) {
        next = next == middle ? first : next;
        if (turn == inOrder) {
          turn = 0;
          if (end > middle) {
            pages[found++] = middle + random.below(end - middle);
          }
        } else {
          int run = (int) Math.min(Math.min(count - found, inOrder - turn), middle - next);
          consecutive(pages, found, next, run);
          turn += run;
          next += run;
          found += run;
        }
      }
      return found;
    }

    boolean isInOrder(long page) {
      return page < middle;
    }
  }
}
