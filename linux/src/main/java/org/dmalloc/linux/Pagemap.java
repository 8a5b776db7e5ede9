/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;

/**
 * This process's page table, open for reading: runs of pages by the ioctl PAGEMAP_SCAN (Linux 6.7),
 * or an entry for each page. Needs no privilege, and allocates nothing after it was opened.
 *
 * <p>For one thread at a time, which also closes it; the memory is that of the given arena.
 */
final class Pagemap implements AutoCloseable {
  static final String SCAN = "PAGEMAP_SCAN";
  static final String READ = "pagemap";
  static final String FILE = Path.of("/proc/self/pagemap").toString();

  // linux/fs.h: the categories of pages, and the flags PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC.
  static final long IS_WRITTEN = 2;
  static final long IS_FILE = 4;
  static final long IS_PRESENT = 8;
  static final long IS_SWAPPED = 16;
  static final long IS_PFNZERO = 32;
  static final long IS_HUGE = 64;
  static final long PROTECTS_WRITTEN = 3;

  private static final long PAGEMAP_SCAN = 0xC0606610L;

  // struct page_region is {start, end, categories}; struct pm_scan_arg has these words, and behind
  // them vec, vec_len, max_pages, category_inverted and the other masks.
  private static final int RUN_WORDS = 3;
  private static final int FLAGS = 1;
  private static final int START = 2;
  private static final int END = 3;
  private static final int WALK_END = 4;
  private static final int MOST_RUNS = 6;
  private static final int INVERTED = 8;
  private static final int ALL = 9;
  private static final int ANY = 10;
  private static final int TOLD = 11;

  private final int capacity;
  private final MemorySegment runs;
  private final MemorySegment argument;
  private final MemorySegment state;
  private final OpenFile file;

  /** Open as long as this is. */
  private final int fd;

  /**
   * Opens the page table.
   *
   * @param capacity the most runs that one call gives, and a third of the most entries
   * @param all the categories that a page must have to be found
   * @param any those of which it must have one; 0 for no such condition
   * @param told those that a run tells of
   * @throws MemoryException if {@code /proc} is not there or hides it
   */
  Pagemap(Arena arena, int capacity, long all, long any, long told) throws MemoryException {
    this.capacity = capacity;
    this.runs = arena.allocate(ValueLayout.JAVA_LONG, (long) capacity * RUN_WORDS);
    this.state = Libc.state(arena);
    long[] words = {0, 0, 0, 0, 0, runs.address(), capacity, 0, 0, all, any, told};
    words[0] = words.length * 8L;
    this.argument = arena.allocateFrom(ValueLayout.JAVA_LONG, words);
    this.file = OpenFile.open(Path.of(FILE), AccessMode.READ_ONLY);
    this.fd = file.use(descriptor -> descriptor);
  }

  /**
   * Has {@link #find} find other pages. A category that is inverted is had by the pages that are
   * not in it.
   *
   * @param all the categories that a page must have
   * @param any those of which it must have one; 0 for no such condition
   * @param told those that a run tells of
   */
  void select(long all, long any, long inverted, long told) {
    argument.setAtIndex(ValueLayout.JAVA_LONG, ALL, all);
    argument.setAtIndex(ValueLayout.JAVA_LONG, ANY, any);
    argument.setAtIndex(ValueLayout.JAVA_LONG, INVERTED, inverted);
    argument.setAtIndex(ValueLayout.JAVA_LONG, TOLD, told);
  }

  /**
   * Finds the first runs of pages of a range.
   *
   * @param flags 0, or {@link #PROTECTS_WRITTEN}
   * @param target what messages call the range
   * @return how many there are; the others begin at {@link #walkEnd}
   * @throws MemoryException if the kernel refuses; see {@link #isMissing}
   */
  int find(long flags, long from, long end, String target) throws MemoryException {
    argument.setAtIndex(ValueLayout.JAVA_LONG, FLAGS, flags);
    argument.setAtIndex(ValueLayout.JAVA_LONG, START, from);
    argument.setAtIndex(ValueLayout.JAVA_LONG, END, end);
    // The kernel makes room for as many: a few pages need little.
    long most = Math.min(capacity, (end - from) / Platform.pageSize());
    argument.setAtIndex(ValueLayout.JAVA_LONG, MOST_RUNS, most);
    long count;
    do {
      count = Libc.ioctl(state, fd, PAGEMAP_SCAN, argument);
    } while (count == -Errno.EINTR);
    return (int) Libc.check("ioctl PAGEMAP_SCAN", end - from, target, count);
  }

  /** Whether a refusal means that the kernel has no PAGEMAP_SCAN. */
  static boolean isMissing(MemoryException refusal) {
    return refusal.errno() == Errno.ENOTTY || refusal.errno() == Errno.EINVAL;
  }

  /** Where the last {@link #find} has ended: at the end of its range, or where it was full. */
  long walkEnd() {
    return argument.getAtIndex(ValueLayout.JAVA_LONG, WALK_END);
  }

  long start(int run) {
    return word((long) RUN_WORDS * run);
  }

  long end(int run) {
    return word((long) RUN_WORDS * run + 1);
  }

  long byteSize(int run) {
    return end(run) - start(run);
  }

  long categories(int run) {
    return word((long) RUN_WORDS * run + 2);
  }

  /** Reads the entries of the first pages of a range; returns how many. */
  int read(long from, long end) throws MemoryException {
    long page = Platform.pageSize();
    MemorySegment part =
        runs.asSlice(0, Math.min((long) capacity * RUN_WORDS, (end - from) / page) * 8);
    long offset = from / page * 8;
    long bytes = OpenFile.retry(() -> Libc.pread(fd, part, offset));
    return (int) Libc.check("pread", part.byteSize(), FILE, bytes == 0 ? -Errno.EFAULT : bytes) / 8;
  }

  /**
   * An entry that {@link #read} has read; Documentation/admin-guide/mm/pagemap.rst has its bits.
   */
  long entry(int index) {
    return word(index);
  }

  private long word(long index) {
    return runs.getAtIndex(ValueLayout.JAVA_LONG, index);
  }

  @Override
  public void close() {
    file.close();
  }
}
