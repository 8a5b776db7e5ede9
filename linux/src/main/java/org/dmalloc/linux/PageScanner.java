/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;

/**
 * Tells which pages of a mapping are mapped now, in this process's page table: by PAGEMAP_SCAN
 * (Linux 6.7), else by reading {@code /proc/self/pagemap}. Needs no privilege. 512 pages take one
 * to five microseconds.
 *
 * <p>Belongs to the thread that opened it, which closes it. The mapping must not be closed or
 * resized meanwhile.
 */
public final class PageScanner implements AutoCloseable {
  private static final Path PAGEMAP = Path.of("/proc/self/pagemap");
  private static final long PAGEMAP_SCAN = 0xC0606610L;

  // The argument, in words: size, flags, start, end, walk_end, vec, vec_len, max_pages, and masks
  // category_inverted, category_mask, category_anyof_mask, return_mask; see linux/fs.h.
  private static final int ARGUMENT_WORDS = 12;
  private static final int START = 2;
  private static final int END = 3;
  private static final int RUN_WORDS = 3;
  private static final long IS_PRESENT = 8;
  private static final int BATCH_PAGES = 512;
  private static final int WALK_END = 4;
  private static final int RUNS = 5;
  private static final int MOST_RUNS = 6;
  private static final int CATEGORY_MASK = 9;
  private static final int RETURN_MASK = 11;

  private final Arena arena = Arena.ofConfined();
  private final OpenFile pagemap;
  private final MemorySegment runs =
      arena.allocate(ValueLayout.JAVA_LONG, (long) BATCH_PAGES * RUN_WORDS);
  private final MemorySegment argument = arena.allocate(ValueLayout.JAVA_LONG, ARGUMENT_WORDS);
  private final MemorySegment state = Libc.state(arena);

  /** Open as long as this is: both belong to one thread. */
  private final int fd;

  private boolean scans = true;

  private PageScanner(OpenFile pagemap) {
    this.pagemap = pagemap;
    this.fd = pagemap.use(descriptor -> descriptor);
    argument.setAtIndex(ValueLayout.JAVA_LONG, 0, ARGUMENT_WORDS * 8L);
    argument.setAtIndex(ValueLayout.JAVA_LONG, RUNS, runs.address());
    argument.setAtIndex(ValueLayout.JAVA_LONG, CATEGORY_MASK, IS_PRESENT);
    argument.setAtIndex(ValueLayout.JAVA_LONG, RETURN_MASK, IS_PRESENT);
  }

  /**
   * Opens the page table.
   *
   * @throws MemoryException if {@code /proc} is not there or hides it
   */
  public static PageScanner open() throws MemoryException {
    Platform.require();
    return new PageScanner(OpenFile.open(PAGEMAP, AccessMode.READ_ONLY));
  }

  /** The kernel's call that answers: PAGEMAP_SCAN, or pagemap on older kernels. */
  public String source() {
    return scans ? PageTable.SCAN : PageTable.READ;
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
          String.format(
              Locale.ROOT, "pages %d to %d of %s", firstPage, firstPage + pageCount, mapping));
    }
    long start = all.address() + firstPage * page;
    long end = start + pageCount * page;
    for (long from = start; from < end; ) {
      if (scans) {
        from = scan(from, start, end, page, bits);
      } else {
        from = read(from, start, end, page, bits);
      }
    }
  }

  private long scan(long from, long start, long end, long page, long[] bits)
      throws MemoryException {
    argument.setAtIndex(ValueLayout.JAVA_LONG, START, from);
    argument.setAtIndex(ValueLayout.JAVA_LONG, END, end);
    // The kernel makes room for as many: a few pages need little.
    long most = Math.min(BATCH_PAGES, (end - from) / page);
    argument.setAtIndex(ValueLayout.JAVA_LONG, MOST_RUNS, most);
    long count;
    do {
      count = Libc.ioctl(state, fd, PAGEMAP_SCAN, argument);
    } while (count == -Errno.EINTR);
    if (count == -Errno.ENOTTY || count == -Errno.EINVAL) {
      scans = false;
      return from;
    }
    if (count < 0) {
      throw Errno.exception("ioctl PAGEMAP_SCAN", end - from, PAGEMAP.toString(), (int) -count);
    }
    for (long run = 0; run < count; run++) {
      int first = (int) ((word(runs, RUN_WORDS * run) - start) / page);
      int last = (int) ((word(runs, RUN_WORDS * run + 1) - start) / page);
      set(bits, first, last);
    }
    return word(argument, WALK_END);
  }

  private long read(long from, long start, long end, long page, long[] bits)
      throws MemoryException {
    long wanted = Math.min(BATCH_PAGES, (end - from) / page);
    MemorySegment part = runs.asSlice(0, wanted * 8);
    long offset = from / page * 8;
    long bytes = OpenFile.retry(() -> Libc.pread(fd, part, offset));
    if (bytes <= 0) {
      int errno = bytes == 0 ? Errno.EFAULT : (int) -bytes;
      throw Errno.exception("pread", part.byteSize(), PAGEMAP.toString(), errno);
    }
    int first = (int) ((from - start) / page);
    for (int i = 0; i < bytes / 8; i++) {
      if (word(part, i) < 0) { // the sign bit says: present
        bits[(first + i) >>> 6] |= 1L << (first + i);
      }
    }
    return from + bytes / 8 * page;
  }

  private static long word(MemorySegment words, long index) {
    return words.getAtIndex(ValueLayout.JAVA_LONG, index);
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
