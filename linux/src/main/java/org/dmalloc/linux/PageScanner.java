/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.dmalloc.api.MemoryException;

/**
 * Tells which pages of a mapping are mapped now, in this process's page table: by PAGEMAP_SCAN
 * (Linux 6.7), else by reading {@code /proc/self/pagemap}. Needs no privilege. 512 pages take one
 * to five microseconds.
 *
 * <p>Belongs to the thread that opened it, which closes it. The mapping must not be closed or
 * resized meanwhile.
 */
public final class PageScanner implements AutoCloseable {
  private static final int BATCH_PAGES = 512;

  private final Arena arena;
  private final Pagemap pagemap;
  private boolean scans = true;

  private PageScanner(Arena arena) throws MemoryException {
    this.arena = arena;
    this.pagemap = new Pagemap(arena, BATCH_PAGES, Pagemap.IS_PRESENT, 0, Pagemap.IS_PRESENT);
  }

  /** Opens the page table; refused where {@code /proc} is not there or hides it. */
  public static PageScanner open() throws MemoryException {
    Platform.require();
    Arena arena = Arena.ofConfined();
    try {
      return new PageScanner(arena);
    } catch (MemoryException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** The kernel's call that answers: PAGEMAP_SCAN, or pagemap on older kernels. */
  public String source() {
    return scans ? Pagemap.SCAN : Pagemap.READ;
  }

  /** Takes the way of kernels without PAGEMAP_SCAN. */
  void readOnly() {
    scans = false;
  }

  /**
   * Sets a bit for each page that is mapped and clears all others.
   *
   * @param firstPage counted from the start of the mapping
   * @param pageCount how many
   * @param bits room for all of them, 64 to a word, the lowest bit first
   */
  public void mapped(Mapping mapping, long firstPage, int pageCount, long[] bits)
      throws MemoryException {
    Arrays.fill(bits, 0, (pageCount + 63) >>> 6, 0);
    MemorySegment all = mapping.allPages();
    long page = Platform.pageSize();
    if (firstPage < 0 || pageCount < 0 || (firstPage + pageCount) * page > all.byteSize()) {
      throw new IndexOutOfBoundsException(
          "pages " + firstPage + " to " + (firstPage + pageCount) + " of " + mapping);
    }
    long start = all.address() + firstPage * page;
    long end = start + pageCount * page;
    for (long from = start; from < end; ) {
      from = scans ? scan(from, start, end, page, bits) : read(from, start, end, page, bits);
    }
  }

  private long scan(long from, long start, long end, long page, long[] bits)
      throws MemoryException {
    int count;
    try {
      count = pagemap.find(0, from, end, Pagemap.FILE);
    } catch (MemoryException e) {
      if (!Pagemap.isMissing(e)) {
        throw e;
      }
      scans = false;
      return from;
    }
    for (int run = 0; run < count; run++) {
      int first = (int) ((pagemap.start(run) - start) / page);
      int last = (int) ((pagemap.end(run) - start) / page);
      set(bits, first, last);
    }
    return pagemap.walkEnd();
  }

  private long read(long from, long start, long end, long page, long[] bits)
      throws MemoryException {
    int count = pagemap.read(from, end);
    int first = (int) ((from - start) / page);
    for (int i = 0; i < count; i++) {
      if (pagemap.entry(i) < 0) { // the sign bit says: present
        bits[(first + i) >>> 6] |= 1L << (first + i);
      }
    }
    return from + count * page;
  }

  private static void set(long[] bits, int first, int last) {
    for (int i = first; i < last; ) {
      int inWord = Math.min(64 - (i & 63), last - i);
      bits[i >>> 6] |= (inWord == 64 ? -1L : (1L << inWord) - 1) << i;
      i += inWord;
    }
  }

  @Override
  public void close() {
    pagemap.close();
    arena.close();
  }
}
