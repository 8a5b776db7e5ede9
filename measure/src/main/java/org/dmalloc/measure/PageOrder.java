/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.util.Arrays;

/**
 * The pages that one worker uses, in its order, announced in batches where the run asks for that:
 * one batch is announced while the one before it is used, so that the disk always has work. The
 * time of an announcement counts to the first use of the batch in hand. One thread uses it.
 */
final class PageOrder {
  /** The skew that YCSB made the custom. */
  static final double THETA = 0.99;

  /**
   * Draws are made before the run and used round and round: making one takes longer than the load
   * that it is for. 2 MiB of them are read in order, which the processor foresees.
   */
  private static final int DRAWS = 1 << 19;

  private enum Kind {
    /** A permutation that the workers of a run share: no page comes twice. */
    ONCE,
    UNIFORM,
    ZIPF,
    SUBSET
  }

  private static final long[] NONE = new long[0];

  private final Kind kind;
  private final PageStore store;
  private final int batchPages;
  private final long pageCount;
  private final int step;
  private final PagePermutation permutation;
  private final RandomStream random;
  private final int[] draws;
  private long place;
  private long subset;
  private long[] current = NONE;
  private long[] announced = NONE;
  private int taken;

  private PageOrder(
      Kind kind, WorkerContext context, int batchPages, PagePermutation permutation, int[] draws) {
    this.kind = kind;
    this.permutation = permutation;
    this.draws = draws;
    store = context.requireStore();
    this.batchPages = batchPages;
    pageCount = context.pageCount();
    subset = pageCount;
    random = context.random();
    step = context.options().threads();
    place = kind == Kind.ONCE ? context.threadIndex() : 0;
  }

  /** All pages at random: from a cold start each once, from a warm one drawn anew. */
  static PageOrder random(WorkerContext context) {
    return random(context, context.options().announcedPages());
  }

  /** As {@link #random(WorkerContext)}, announced so many at a time; 0 for not at all. */
  static PageOrder random(WorkerContext context, int batchPages) {
    return new PageOrder(
        context.cold() ? Kind.ONCE : Kind.UNIFORM,
        context,
        batchPages,
        new PagePermutation(context.pageCount(), context.runSeed()),
        new int[0]);
  }

  /** Pages that are popular as a Zipf distribution says, the popular ones spread over the store. */
  static PageOrder zipfian(WorkerContext context) {
    return new PageOrder(
        Kind.ZIPF,
        context,
        context.options().announcedPages(),
        new PagePermutation(context.pageCount(), 0),
        draw(context));
  }

  /** Pages of a set whose size {@link #shrinkTo} sets; a smaller set is part of a larger one. */
  static PageOrder subset(WorkerContext context) {
    return new PageOrder(
        Kind.SUBSET,
        context,
        context.options().announcedPages(),
        new PagePermutation(context.pageCount(), ~context.options().seed()),
        new int[0]);
  }

  /** The pages of a worker, in the order of its use. */
  static int[] draw(WorkerContext context) {
    // 2^31 pages are 8 TiB; a store beyond that is used as far as this.
    long pageCount = Math.min(context.pageCount(), Integer.MAX_VALUE);
    int[] pages = new int[DRAWS];
    if (pageCount < 2) {
      return pages;
    }
    ZipfianRanks ranks = new ZipfianRanks(pageCount, THETA);
    // By the seed alone: every run finds the same pages popular.
    PagePermutation spread = new PagePermutation(pageCount, context.options().seed());
    RandomStream random = context.random();
    for (int i = 0; i < pages.length; i++) {
      pages[i] = (int) spread.at(ranks.next(random));
    }
    return pages;
  }

  /** Draws from so many pages from now on. */
  void shrinkTo(long pages) {
    subset = Math.max(1, pages);
  }

  /** Whether {@link #draw} always has a page, without an announcement. */
  boolean endless() {
    return batchPages == 0 && kind != Kind.ONCE;
  }

  /** Whether there is another page. */
  boolean hasNext() throws IOException {
    return batchPages == 0 ? more() : taken < current.length || advance();
  }

  /** The next page, after {@link #hasNext}. */
  long next() {
    return batchPages == 0 ? draw() : current[taken++];
  }

  /**
   * The page at an index of an order in which each comes once.
   *
   * @param index how many this worker uses before it
   */
  long at(long index) {
    return permutation.at(index * step + place % step);
  }

  /** The next pages, without an announcement; fewer than so many at the end. */
  long[] take(int count) {
    long[] pages = new long[count];
    int found = 0;
    while (found < count && more()) {
      pages[found++] = draw();
    }
    return found == count ? pages : Arrays.copyOf(pages, found);
  }

  private boolean more() {
    return kind != Kind.ONCE || place < pageCount;
  }

  /** The next page of an {@link #endless} order. */
  long draw() {
    if (kind == Kind.UNIFORM) {
      return random.below(pageCount);
    }
    if (kind == Kind.ONCE) {
      long page = permutation.at(place);
      place += step;
      return page;
    }
    return kind == Kind.ZIPF
        ? draws[(int) place++ & (DRAWS - 1)]
        : permutation.at(random.below(subset));
  }

  /** Makes the announced batch the current one and announces the next; false at the end. */
  private boolean advance() throws IOException {
    if (announced.length == 0) {
      announced = announce();
    }
    current = announced;
    taken = 0;
    announced = announce();
    return current.length > 0;
  }

  private long[] announce() throws IOException {
    long[] pages = take(batchPages);
    if (pages.length > 0) {
      store.announce(pages);
    }
    return pages;
  }
}
