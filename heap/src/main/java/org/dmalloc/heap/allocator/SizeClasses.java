/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

/**
 * The sizes that small blocks come in: multiples of 16 bytes up to 128, then eight to each doubling
 * up to 64 KiB, so that at most one ninth of a block is not asked for. Blocks of one class fill
 * <i>spans</i>, runs of pages that they tile without a rest.
 */
final class SizeClasses {
  static final int COUNT = 80;

  /** The largest, in bytes; larger blocks have pages of their own. */
  static final int LARGEST = 64 << 10;

  static final int PAGE_SHIFT = 12;
  static final int PAGE = 1 << PAGE_SHIFT;

  private static final int LEAST_BLOCKS = 8;
  private static final int LEAST_SPAN_PAGES = 4;

  /** The reciprocals are exact for offsets in a span: 20 bits by divisors of 17 bits. */
  static final int RECIPROCAL_SHIFT = 40;

  private static final int[] BYTES = new int[COUNT];
  private static final int[] SPAN_PAGES = new int[COUNT];
  private static final int[] CAPACITY = new int[COUNT];
  private static final long[] RECIPROCAL = new long[COUNT];

  static {
    for (int i = 0; i < COUNT; i++) {
      int size = i < 8 ? (i + 1) * 16 : (16 << ((i - 8) / 8)) * (9 + (i - 8) % 8);
      int blocks = PAGE / Math.min(PAGE, Integer.lowestOneBit(size));
      while (blocks < LEAST_BLOCKS || (long) blocks * size < (long) LEAST_SPAN_PAGES * PAGE) {
        blocks *= 2;
      }
      BYTES[i] = size;
      CAPACITY[i] = blocks;
      SPAN_PAGES[i] = blocks * size / PAGE;
      RECIPROCAL[i] = ((1L << RECIPROCAL_SHIFT) + size - 1) / size;
    }
  }

  private SizeClasses() {}

  /**
   * The class of the smallest blocks that have so many bytes.
   *
   * @param byteSize 1 to {@link #LARGEST}
   */
  static int of(long byteSize) {
    int last = (int) byteSize - 1;
    // Without a branch, which random sizes would have the processor guess wrong.
    int doubling = 31 - Integer.numberOfLeadingZeros(last | 128);
    return ((doubling - 7) << 3) + (last >>> (doubling - 3));
  }

  /**
   * The class of the smallest blocks that have so many bytes and lie at multiples of the alignment;
   * −1 if there is none.
   *
   * @param alignment a power of two, at most a page
   */
  static int of(long byteSize, long alignment) {
    for (int i = of(Math.max(byteSize, alignment)); i < COUNT; i++) {
      if ((BYTES[i] & (alignment - 1)) == 0) {
        return i;
      }
    }
    return -1;
  }

  /** Bytes of a block. */
  static int bytes(int sizeClass) {
    return BYTES[sizeClass];
  }

  /** Pages of a span. */
  static int spanPages(int sizeClass) {
    return SPAN_PAGES[sizeClass];
  }

  /** Blocks of a span. */
  static int capacity(int sizeClass) {
    return CAPACITY[sizeClass];
  }

  /** Words of 64 blocks of a span, the last maybe in part. */
  static int words(int sizeClass) {
    return (CAPACITY[sizeClass] + 63) >>> 6;
  }

  /** The bits of a word that stand for blocks. */
  static long validBits(int sizeClass, int word) {
    int rest = CAPACITY[sizeClass] - (word << 6);
    return rest >= 64 ? -1L : (1L << rest) - 1;
  }

  /** What an offset in a span is multiplied with, for {@link #indexOf}. */
  static long reciprocal(int sizeClass) {
    return RECIPROCAL[sizeClass];
  }

  /** Which block of a span has the byte at an offset from the span's start. */
  static int indexOf(int sizeClass, long offset) {
    return (int) ((offset * RECIPROCAL[sizeClass]) >>> RECIPROCAL_SHIFT);
  }
}
