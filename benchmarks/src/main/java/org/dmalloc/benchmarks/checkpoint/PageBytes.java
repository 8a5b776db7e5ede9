/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.dmalloc.measure.PagePermutation;
import org.dmalloc.measure.RandomStream;

/** The content of pages, and which of them change. */
final class PageBytes {
  static final int BYTES = 4096;

  private static final long STEP = 0x9E3779B97F4A7C15L;

  private PageBytes() {}

  /** The first 8 bytes of a page that has a stamp. */
  static long first(int page, long stamp) {
    return RandomStream.mix(((long) page << 32) ^ stamp);
  }

  /** Stores to all bytes of a page. */
  static void fill(MemorySegment segment, long offset, int byteSize, int page, long stamp) {
    long value = first(page, stamp);
    for (int at = 0; at < byteSize; at += Long.BYTES) {
      segment.set(JAVA_LONG_UNALIGNED, offset + at, value);
      value += STEP;
    }
  }

  static void fill(MemorySegment segment, long offset, int page, long stamp) {
    fill(segment, offset, BYTES, page, stamp);
  }

  /**
   * Some pages at random, each once, in random order.
   *
   * @param pages how many there are
   * @param percent how many of a hundred; at least one page
   */
  static int[] choose(int pages, double percent, long seed) {
    PagePermutation order = new PagePermutation(pages, seed);
    int[] chosen = new int[count(pages, percent)];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = (int) order.at(i);
    }
    return chosen;
  }

  static int count(int pages, double percent) {
    return (int) Math.max(1, Math.min(pages, Math.round(pages * percent / 100)));
  }
}
