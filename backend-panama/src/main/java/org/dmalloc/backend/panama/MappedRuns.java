/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import org.dmalloc.api.MemoryException;

/**
 * Tells how far pages are mapped without a gap, by probes: where the first and the last few pages
 * of a stretch are mapped, those between are taken to be.
 */
final class MappedRuns {
  /** Pages in a row that say: it is mapped here. By chance, 16 are not found. */
  static final int PROBE_PAGES = 16;

  private static final int STEP_PAGES = PatternLearner.BLOCK_PAGES;

  private final PatternLearner.Memory memory;
  private final long[] bits = new long[STEP_PAGES / 64];

  MappedRuns(PatternLearner.Memory memory) {
    this.memory = memory;
  }

  /**
   * Pages mapped without a gap.
   *
   * @param from the first, or one beside the memory
   * @param sign the direction: 1 for up, −1 for down
   * @param most how many to look at
   */
  long reach(long from, int sign, long most) throws MemoryException {
    return reach(from, sign, most, STEP_PAGES, 1);
  }

  /**
   * Pages mapped without a gap, or somewhat fewer.
   *
   * @param expected how many there may be; the nearer, the fewer probes
   * @param grain how many may be missing; those are looked for when there are no others
   */
  long reach(long from, int sign, long most, long expected, long grain) throws MemoryException {
    long limit = Math.min(most, sign > 0 ? memory.pageCount() - from : from + 1);
    long reached = 0;
    if (limit > STEP_PAGES && probe(from, sign)) {
      long step = Math.max(STEP_PAGES, Long.highestOneBit(Math.max(1, expected)));
      while (reached + step + PROBE_PAGES <= limit && probe(from + sign * (reached + step), sign)) {
        reached += step;
        step *= 2;
      }
      for (step /= 2; step >= Math.max(STEP_PAGES, grain); step /= 2) {
        if (reached + step + PROBE_PAGES <= limit && probe(from + sign * (reached + step), sign)) {
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
      memory.mapped(first, count, bits);
      int run = sign > 0 ? leading(count) : trailing(count);
      reached += run;
      if (run < count) {
        break;
      }
      count = STEP_PAGES;
    }
    return Math.max(0, reached);
  }

  private boolean probe(long from, int sign) throws MemoryException {
    memory.mapped(sign > 0 ? from : from - PROBE_PAGES + 1, PROBE_PAGES, bits);
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
