/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.util.function.LongSupplier;

/**
 * Page numbers in the order of a workload, announced in batches where the contender wants that: one
 * batch is announced while the one before it is used. One thread uses it.
 */
final class PageSource {
  private final LongSupplier order;
  private final PagedMemory memory;
  private final int batchPages;
  private long[] current = new long[0];
  private long[] announced = new long[0];
  private int place;

  /**
   * A source.
   *
   * @param batchPages pages in an announcement; 0 for none
   */
  PageSource(LongSupplier order, PagedMemory memory, int batchPages) {
    this.order = order;
    this.memory = memory;
    this.batchPages = batchPages;
  }

  long next() throws IOException {
    if (batchPages == 0) {
      return order.getAsLong();
    }
    if (place == current.length) {
      if (announced.length == 0) {
        announced = announce();
      }
      current = announced;
      place = 0;
      announced = announce();
    }
    return current[place++];
  }

  private long[] announce() throws IOException {
    long[] pages = new long[batchPages];
    for (int i = 0; i < batchPages; i++) {
      pages[i] = order.getAsLong();
    }
    memory.announce(pages);
    return pages;
  }
}
