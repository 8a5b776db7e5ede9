/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;

/**
 * Counts the entries of this process's page table in a range: by PAGEMAP_SCAN (Linux 6.7), else by
 * reading {@code /proc/self/pagemap}.
 */
final class PageTable {
  static final String SCAN = "PAGEMAP_SCAN";
  static final String READ = "pagemap";

  private static final Path PAGEMAP = Path.of("/proc/self/pagemap");

  // linux/fs.h: struct pm_scan_arg is 12 u64, struct page_region is {start, end, categories}.
  private static final long PAGEMAP_SCAN = 0xC0606610L;
  private static final long ARGUMENT_BYTES = 96;
  private static final long RUN_BYTES = 24;
  private static final int RUNS = 1024;
  private static final long IS_FILE = 4;
  private static final long IS_PRESENT = 8;
  private static final long IS_SWAPPED = 16;
  private static final long IS_PFNZERO = 32;
  private static final long IS_HUGE = 64;
  private static final long RETURNED = IS_FILE | IS_PRESENT | IS_SWAPPED | IS_PFNZERO | IS_HUGE;

  // Documentation/admin-guide/mm/pagemap.rst
  private static final long BIT_PRESENT = 1L << 63;
  private static final long BIT_SWAPPED = 1L << 62;
  private static final long BIT_FILE = 1L << 61;
  private static final int READ_PAGES = 8192;

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
    try (OpenFile pagemap = OpenFile.open(PAGEMAP, AccessMode.READ_ONLY)) {
      if (!scanMissing) {
        Optional<Counts> counts = pagemap.use(fd -> scan(fd, start, end));
        if (counts.isPresent()) {
          return counts.get();
        }
        scanMissing = true;
      }
      return pagemap.use(fd -> read(fd, start, end));
    }
  }

  /** Empty where the kernel has no PAGEMAP_SCAN. */
  static Optional<Counts> scan(int fd, long start, long end) throws MemoryException {
    long mapped = 0;
    long zero = 0;
    long swapped = 0;
    long copied = 0;
    long huge = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment runs = arena.allocate(RUNS * RUN_BYTES, 8);
      MemorySegment argument = arena.allocate(ARGUMENT_BYTES, 8);
      for (long from = start; from < end; ) {
        prepare(argument, from, end, runs);
        long count = OpenFile.retry(() -> Libc.ioctl(fd, PAGEMAP_SCAN, argument));
        if (count == -Errno.ENOTTY || count == -Errno.EINVAL) {
          return Optional.empty();
        }
        if (count < 0) {
          throw Errno.exception(
              "ioctl PAGEMAP_SCAN", end - start, PAGEMAP.toString(), (int) -count);
        }
        for (long run = 0; run < count; run++) {
          long length = word(runs, 3 * run + 1) - word(runs, 3 * run);
          long is = word(runs, 3 * run + 2);
          boolean present = (is & IS_PRESENT) != 0;
          mapped += present ? length : 0;
          zero += (is & IS_PFNZERO) != 0 ? length : 0;
          swapped += (is & IS_SWAPPED) != 0 ? length : 0;
          copied += (is & (IS_FILE | IS_PFNZERO)) == 0 ? length : 0;
          huge += present && (is & IS_HUGE) != 0 ? length : 0;
        }
        from = word(argument, 4);
      }
    }
    return Optional.of(new Counts(mapped, zero, swapped, copied, huge, SCAN));
  }

  private static void prepare(MemorySegment argument, long start, long end, MemorySegment runs) {
    long[] words = {
      ARGUMENT_BYTES,
      0, // flags: no write protection
      start,
      end,
      0, // walk_end, set by the kernel
      runs.address(),
      RUNS,
      0, // max_pages: no limit
      0, // category_inverted
      0, // category_mask
      IS_PRESENT | IS_SWAPPED, // category_anyof_mask
      RETURNED
    };
    MemorySegment.copy(words, 0, argument, ValueLayout.JAVA_LONG, 0, words.length);
  }

  private static long word(MemorySegment words, long index) {
    return words.getAtIndex(ValueLayout.JAVA_LONG, index);
  }

  static Counts read(int fd, long start, long end) throws MemoryException {
    long page = Platform.pageSize();
    long mapped = 0;
    long swapped = 0;
    long copied = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(READ_PAGES * 8L, 8);
      for (long from = start; from < end; ) {
        long wanted = Math.min(READ_PAGES, (end - from) / page);
        MemorySegment part = buffer.asSlice(0, wanted * 8);
        long offset = from / page * 8;
        long bytes = OpenFile.retry(() -> Libc.pread(fd, part, offset));
        if (bytes <= 0) {
          int errno = bytes == 0 ? Errno.EFAULT : (int) -bytes;
          throw Errno.exception("pread", part.byteSize(), PAGEMAP.toString(), errno);
        }
        for (long i = 0; i < bytes / 8; i++) {
          long entry = word(part, i);
          mapped += (entry & BIT_PRESENT) != 0 ? page : 0;
          swapped += (entry & BIT_SWAPPED) != 0 ? page : 0;
          boolean inMemory = (entry & (BIT_PRESENT | BIT_SWAPPED)) != 0;
          copied += inMemory && (entry & BIT_FILE) == 0 ? page : 0;
        }
        from += bytes / 8 * page;
      }
    }
    return new Counts(mapped, 0, swapped, copied, -1, READ);
  }
}
