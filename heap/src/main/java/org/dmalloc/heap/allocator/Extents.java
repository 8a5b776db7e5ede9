/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.util.Arrays;

/**
 * Where the tables of which pages are: the heap begins with one extent and gets another each time
 * that it grows. An extent begins with its table of {@link PageTable#DESCRIPTOR_BYTES} for each of
 * its pages, then {@link PageTable#BITMAP_BYTES} for each. Immutable.
 */
final class Extents {
  /** How many a heap has at most; the header has room for more. */
  static final int MOST = 200;

  /** One behind the last page that a heap can have: links and lengths have 32 bits. */
  static final long MOST_PAGES = 1L << 32;

  private final long[] firsts;
  private final long[] pages;
  private final long[] descriptors;
  private final long[] bitmaps;

  /** One behind the last page. */
  private final long end;

  private Extents(long[] firsts, long[] pages) {
    this.firsts = firsts;
    this.pages = pages;
    int count = firsts.length;
    descriptors = new long[count];
    bitmaps = new long[count];
    for (int i = 0; i < count; i++) {
      long start = firsts[i] << SizeClasses.PAGE_SHIFT;
      descriptors[i] = start - firsts[i] * PageTable.DESCRIPTOR_BYTES;
      bitmaps[i] =
          start + pages[i] * PageTable.DESCRIPTOR_BYTES - firsts[i] * PageTable.BITMAP_BYTES;
    }
    end = firsts[count - 1] + pages[count - 1];
  }

  /** Extents that begin at these pages, have so many, and follow each other without a gap. */
  static Extents of(long[] firsts, long[] pages) {
    return new Extents(firsts.clone(), pages.clone());
  }

  /** These and one more behind them. */
  Extents and(long morePages) {
    int count = firsts.length;
    long[] newFirsts = Arrays.copyOf(firsts, count + 1);
    long[] newPages = Arrays.copyOf(pages, count + 1);
    newFirsts[count] = end;
    newPages[count] = morePages;
    return new Extents(newFirsts, newPages);
  }

  /** Pages that the tables of so many pages take, themselves included. */
  static long tablePages(long pages) {
    long bytes = pages * (PageTable.DESCRIPTOR_BYTES + PageTable.BITMAP_BYTES);
    return (bytes + SizeClasses.PAGE - 1) >>> SizeClasses.PAGE_SHIFT;
  }

  int count() {
    return firsts.length;
  }

  long first(int extent) {
    return firsts[extent];
  }

  long pages(int extent) {
    return pages[extent];
  }

  /** One behind the last page of the extent. */
  long end(int extent) {
    return firsts[extent] + pages[extent];
  }

  /** One behind the last page of the heap. */
  long end() {
    return end;
  }

  long byteSize() {
    return end << SizeClasses.PAGE_SHIFT;
  }

  /** Pages of tables of all extents. */
  long tablePages() {
    return Arrays.stream(pages).map(Extents::tablePages).sum();
  }

  /**
   * The extent of a page. Extents grow with the heap, so that it is one of the last for most.
   *
   * @param page from the first page of the first extent to {@link #end}
   */
  int find(long page) {
    int i = firsts.length - 1;
    while (page < firsts[i]) {
      i--;
    }
    return i;
  }

  /** Whether it is a page of an extent, and not of the header or behind the end. */
  boolean has(long page) {
    return page >= firsts[0] && page < end;
  }

  /** Where the descriptor of a page is, in bytes from the region's start. */
  long descriptor(int extent, long page) {
    return descriptors[extent] + page * PageTable.DESCRIPTOR_BYTES;
  }

  /** Like {@link #descriptor(int, long)}, for a page of whatever extent. */
  long descriptor(long page) {
    return descriptor(find(page), page);
  }

  /** Where the bitmap of a span that begins at the page is. */
  long bitmap(int extent, long page) {
    return bitmaps[extent] + page * PageTable.BITMAP_BYTES;
  }
}
