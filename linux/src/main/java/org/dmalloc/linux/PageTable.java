/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import org.dmalloc.api.MemoryException;

/** Counts the entries of this process's page table in a range. */
final class PageTable {
  private static final long IN_MEMORY = Pagemap.IS_PRESENT | Pagemap.IS_SWAPPED;
  private static final long TOLD =
      IN_MEMORY | Pagemap.IS_FILE | Pagemap.IS_PFNZERO | Pagemap.IS_HUGE;
  private static final int CAPACITY = 1024;

  // Documentation/admin-guide/mm/pagemap.rst
  private static final long BIT_PRESENT = 1L << 63;
  private static final long BIT_SWAPPED = 1L << 62;
  private static final long BIT_FILE = 1L << 61;

  private static volatile boolean scanMissing;

  private PageTable() {}

  /**
   * Pages of a range by their entry in the page table, in bytes.
   *
   * @param mapped present
   * @param zero present, but the kernel's shared page of zeros: takes no memory
   * @param swapped private pages in swap
   * @param copied private pages, present or swapped: never written, or changed since a private file
   *     mapping was made
   * @param huge mapped by an entry for a huge page; −1 if pagemap is the source, which cannot tell
   * @param source PAGEMAP_SCAN or pagemap
   */
  record Counts(long mapped, long zero, long swapped, long copied, long huge, String source) {}

  static Counts count(long start, long end) throws MemoryException {
    if (!scanMissing) {
      try {
        return scan(start, end);
      } catch (MemoryException e) {
        if (!Pagemap.isMissing(e)) {
          throw e;
        }
        scanMissing = true;
      }
    }
    return read(start, end);
  }

  static Counts scan(long start, long end) throws MemoryException {
    long mapped = 0;
    long zero = 0;
    long swapped = 0;
    long copied = 0;
    long huge = 0;
    try (Arena arena = Arena.ofConfined();
        Pagemap pagemap = new Pagemap(arena, CAPACITY, 0, IN_MEMORY, TOLD)) {
      for (long from = start; from < end; from = pagemap.walkEnd()) {
        int count = pagemap.find(0, from, end, Pagemap.FILE);
        for (int run = 0; run < count; run++) {
          long length = pagemap.end(run) - pagemap.start(run);
          long is = pagemap.categories(run);
          boolean present = (is & Pagemap.IS_PRESENT) != 0;
          mapped += present ? length : 0;
          zero += (is & Pagemap.IS_PFNZERO) != 0 ? length : 0;
          swapped += (is & Pagemap.IS_SWAPPED) != 0 ? length : 0;
          copied += (is & (Pagemap.IS_FILE | Pagemap.IS_PFNZERO)) == 0 ? length : 0;
          huge += present && (is & Pagemap.IS_HUGE) != 0 ? length : 0;
        }
      }
    }
    return new Counts(mapped, zero, swapped, copied, huge, Pagemap.SCAN);
  }

  static Counts read(long start, long end) throws MemoryException {
    long page = Platform.pageSize();
    long mapped = 0;
    long swapped = 0;
    long copied = 0;
    try (Arena arena = Arena.ofConfined();
        Pagemap pagemap = new Pagemap(arena, CAPACITY, 0, 0, 0)) {
      for (long from = start; from < end; ) {
        int count = pagemap.read(from, end);
        for (int i = 0; i < count; i++) {
          long entry = pagemap.entry(i);
          mapped += (entry & BIT_PRESENT) != 0 ? page : 0;
          swapped += (entry & BIT_SWAPPED) != 0 ? page : 0;
          boolean inMemory = (entry & (BIT_PRESENT | BIT_SWAPPED)) != 0;
          copied += inMemory && (entry & BIT_FILE) == 0 ? page : 0;
        }
        from += count * page;
      }
    }
    return new Counts(mapped, 0, swapped, copied, -1, Pagemap.READ);
  }
}
