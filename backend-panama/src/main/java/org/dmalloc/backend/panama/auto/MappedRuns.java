/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import org.dmalloc.api.MemoryException;
import org.dmalloc.backend.panama.auto.SequentialStream.Place;

/**
 * Counts pages that are mapped without a gap, by probes: where the first and the last few pages of
 * a stretch are mapped, those between are taken to be.
 */
final class MappedRuns {
  /** Pages of a probe; 16 in a row are not mapped by chance. */
  static final int PROBE_PAGES = 16;

  private static final int STEP_PAGES = StreamDetector.BLOCK_PAGES;

  private final RegionPages pages;
  private final long[] bits = new long[STEP_PAGES / 64];

  MappedRuns(RegionPages pages) {
    this.pages = pages;
  }

  /**
   * Pages mapped without a gap.
   *
   * @param start the first, or one beside the memory, and the direction
   * @param most how many to read
   */
  long reach(Place start, long most) throws MemoryException {
    return reach(start, most, STEP_PAGES, 1);
  }

  /**
   * Pages mapped without a gap, or somewhat fewer.
   *
   * @param expected how many there may be; the nearer, the fewer probes
   * @param grain how many may be missing; they are counted when there are no others
   */
  long reach(Place start, long most, long expected, long grain) throws MemoryException {
    long from = start.page();
    int sign = start.sign();
    long limit = Math.min(most, sign > 0 ? pages.pageCount() - from : from + 1);
    long reached = 0;
    if (limit > STEP_PAGES && probe(start)) {
      long step = Math.max(STEP_PAGES, Long.highestOneBit(Math.max(1, expected)));
      while (reached + step + PROBE_PAGES <= limit && probe(start.plus(reached + step))) {
        reached += step;
        step *= 2;
      }
      for (step /= 2; step >= Math.max(STEP_PAGES, grain); step /= 2) {
        if (reached + step + PROBE_PAGES <= limit && probe(start.plus(reached + step))) {
          reached += step;
        }
      }
      // The end of the memory is found whatever the grain.
      if (reached > 0 && grain > STEP_PAGES && limit - reached > 2 * grain) {
        return reached;
      }
    }
    int count = PROBE_PAGES;
    while (reached < limit) {
      count = (int) Math.min(count, limit - reached);
      long first = sign > 0 ? from + reached : from - reached - count + 1;
      pages.mapped(first, count, bits);
      int run = sign > 0 ? leading(count) : trailing(count);
      reached += run;
      if (run < count) {
        break;
      }
      count = STEP_PAGES;
    }
    return Math.max(0, reached);
  }

  private boolean probe(Place start) throws MemoryException {
    long first = start.sign() > 0 ? start.page() : start.page() - PROBE_PAGES + 1;
    pages.mapped(first, PROBE_PAGES, bits);
    return (bits[0] & (1L << PROBE_PAGES) - 1) == (1L << PROBE_PAGES) - 1;
  }

  private int leading(int count) {
    for (int i = 0; i < count; i++) {
      if ((bits[i >>> 6] >>> i & 1) == 0) {
        return i;
      }
    }
    return count;
  }

  private int trailing(int count) {
    for (int i = count - 1; i >= 0; i--) {
      if ((bits[i >>> 6] >>> i & 1) == 0) {
        return count - 1 - i;
      }
    }
    return count;
  }
}
