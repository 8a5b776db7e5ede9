/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.Arrays;

/**
 * The pages that one worker uses, in its random order. From a cold start the workers share one
 * permutation, so that no page comes twice and each is a miss unless read-ahead brought it. From a
 * warm one each page is drawn anew.
 */
final class PageChoice {
  private final WorkerContext context;
  private final PagePermutation permutation;
  private final RandomStream random;
  private long place;

  PageChoice(WorkerContext context) {
    this.context = context;
    permutation = new PagePermutation(context.pageCount(), context.seed());
    random = context.random();
    place = context.threadIndex();
  }

  boolean hasNext() {
    return context.start() == Start.WARM || place < context.pageCount();
  }

  long next() {
    if (context.start() == Start.WARM) {
      return random.below(context.pageCount());
    }
    long page = permutation.at(place);
    place += context.threadCount();
    return page;
  }

  /**
   * The next pages, as the offsets of a place in each; fewer than so many at the end.
   *
   * @param inPage where in each page
   */
  long[] offsets(int count, long inPage) {
    long[] offsets = new long[count];
    int found = 0;
    while (found < count && hasNext()) {
      offsets[found++] = next() * PageContent.PAGE_BYTES + inPage;
    }
    return found == count ? offsets : Arrays.copyOf(offsets, found);
  }
}
