/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Residency;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.VirtualAreas;

/**
 * Finds out where the pages of a mapping are.
 *
 * <p>For shared file memory the page cache is asked (cachestat, else mincore), for private memory
 * the page table (PAGEMAP_SCAN, else pagemap). What was missing once is not tried again.
 */
final class ResidencyProbe {
  static final String CACHESTAT = "cachestat";
  static final String MINCORE = "mincore";

  private static final long MINCORE_BYTES = 256L << 20;

  private static volatile boolean cachestatMissing;

  private ResidencyProbe() {}

  /** Empty where the kernel has no cachestat, or does not answer it for this file. */
  static Optional<CacheCounts> cachestat(int fd, long offset, long length) {
    if (cachestatMissing) {
      return Optional.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment range = arena.allocateFrom(ValueLayout.JAVA_LONG, offset, length);
      // linux/mman.h: {nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted}
      MemorySegment counts = arena.allocate(ValueLayout.JAVA_LONG, 5);
      long result = Libc.cachestat(fd, range, counts);
      if (result < 0) {
        // EPERM, EOPNOTSUPP and EBADF are about this file, not about the kernel.
        cachestatMissing = result == -Errno.ENOSYS;
        return Optional.empty();
      }
      long page = Platform.pageSize();
      return Optional.of(
          new CacheCounts(
              counts.getAtIndex(ValueLayout.JAVA_LONG, 0) * page,
              (counts.getAtIndex(ValueLayout.JAVA_LONG, 1)
                      + counts.getAtIndex(ValueLayout.JAVA_LONG, 2))
                  * page,
              counts.getAtIndex(ValueLayout.JAVA_LONG, 3) * page));
    }
  }

  /** Bytes of whole pages that are in RAM: mapped, or in the page cache. */
  static long mincore(MemorySegment pages, String target) throws MemoryException {
    long[] resident = new long[1];
    eachRun(pages, MINCORE_BYTES, target, (offset, length) -> resident[0] += length);
    return resident[0];
  }

  /** Shows each run of pages that are in RAM, of a piece at most, by mincore. */
  static void eachRun(
      MemorySegment pages, long pieceBytes, String target, Mapping.RunVisitor visitor)
      throws MemoryException {
    long page = Platform.pageSize();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flags = arena.allocate(Math.min(pieceBytes, pages.byteSize()) / page);
      for (long piece = 0; piece < pages.byteSize(); piece += pieceBytes) {
        long length = Math.min(pieceBytes, pages.byteSize() - piece);
        MemorySegment part = pages.asSlice(piece, length);
        long result = OpenFile.retry(() -> Libc.mincore(part, length, flags));
        Libc.check("mincore", length, target, result);
        for (long first = 0; first < length; ) {
          long end = first;
          while (end < length && (flags.get(ValueLayout.JAVA_BYTE, end / page) & 1) != 0) {
            end += page;
          }
          if (end > first) {
            visitor.visit(piece + first, end - first);
          }
          first = end + page;
        }
      }
    }
  }

  /** For a shared mapping of a file, a memfd or /dev/zero. */
  static Residency ofShared(
      MemorySegment pages,
      Optional<CacheCounts> cache,
      boolean swapBacked,
      boolean locked,
      String target)
      throws MemoryException {
    PageTable.Counts table = count(pages);
    long swapped = 0;
    if (swapBacked) {
      swapped = cache.isPresent() ? cache.get().swapped() : areas(pages).swappedBytes();
    }
    return new Residency(
        pages.byteSize(),
        cache.isPresent() ? cache.get().cached() : mincore(pages, target),
        table.mapped(),
        cache.isPresent() && !swapBacked ? cache.get().dirty() : Residency.UNKNOWN,
        swapped,
        hugeBytes(table, pages),
        locked ? table.mapped() : 0,
        cache.isPresent() ? CACHESTAT : MINCORE);
  }

  /**
   * For a private mapping of a file: its own copies count as dirty, although no one writes them.
   */
  static Residency ofPrivateFile(MemorySegment pages, boolean locked, String target)
      throws MemoryException {
    PageTable.Counts table = count(pages);
    return new Residency(
        pages.byteSize(),
        mincore(pages, target),
        table.mapped(),
        table.copied(),
        table.swapped(),
        hugeBytes(table, pages),
        locked ? table.mapped() : 0,
        MINCORE);
  }

  /** For private memory without a file. */
  static Residency ofAnonymous(MemorySegment pages, boolean locked) throws MemoryException {
    PageTable.Counts table = count(pages);
    return new Residency(
        pages.byteSize(),
        table.mapped() - table.zero(),
        table.mapped(),
        Residency.UNKNOWN,
        table.swapped(),
        hugeBytes(table, pages),
        locked ? table.mapped() : 0,
        table.source());
  }

  private static PageTable.Counts count(MemorySegment pages) throws MemoryException {
    return PageTable.count(pages.address(), pages.address() + pages.byteSize());
  }

  private static VirtualAreas.Totals areas(MemorySegment pages) throws MemoryException {
    return VirtualAreas.totals(pages.address(), pages.address() + pages.byteSize());
  }

  private static long hugeBytes(PageTable.Counts table, MemorySegment pages)
      throws MemoryException {
    return table.huge() >= 0 ? table.huge() : areas(pages).hugeBytes();
  }
}
