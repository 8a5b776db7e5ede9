/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Locale;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.spi.machine.Errno;

/**
 * Notes written pages by asynchronous write protection (userfaultfd with WP_ASYNC) and reads them
 * by PAGEMAP_SCAN, which protects each again in the same step. Works on anonymous memory, memfd and
 * files. The first write to a page costs one fault in the kernel, about 1 µs; no thread is ever
 * held.
 *
 * <p>Sees the writes through this mapping only: not those of other mappings of the file, nor those
 * of system calls on its descriptor.
 */
final class WriteTracking implements DirtyTracking {
  private static final Logger LOG = System.getLogger(WriteTracking.class.getName());
  private static final String METHOD = "userfaultfd";
  private static final Path PAGEMAP = Path.of("/proc/self/pagemap");

  // linux/userfaultfd.h
  private static final long UFFDIO_API = 0xC018AA3FL;
  private static final long UFFDIO_REGISTER = 0xC020AA00L;
  private static final long UFFDIO_WRITEPROTECT = 0xC018AA06L;
  private static final long UFFD_API = 0xAA;
  private static final long FEATURE_WP_UNPOPULATED = 1 << 13;
  private static final long FEATURE_WP_ASYNC = 1 << 15;
  private static final long MODE_WP = 2;
  private static final long WRITEPROTECT_WP = 1;

  // linux/fs.h: struct pm_scan_arg is 12 u64, struct page_region is {start, end, categories}.
  private static final long PAGEMAP_SCAN = 0xC0606610L;
  private static final long SCAN_WP_MATCHING_CHECK_WPASYNC = 3;
  private static final long SCAN_ONLY = 0;
  private static final long IS_WRITTEN = 2;
  private static final int ARGUMENT_WORDS = 12;
  private static final int WALK_END = 4;
  private static final int RUN_WORDS = 3;
  private static final int RUNS = 1024;

  private final MemorySegment range;
  private final long byteSize;
  private final String target;
  private final int descriptor;
  private final OpenFile pagemap;

  // Made once: nothing is allocated while users wait for the last scan.
  private final Arena arena = Arena.ofShared();
  private final MemorySegment runs = arena.allocate(ValueLayout.JAVA_LONG, RUNS * (long) RUN_WORDS);
  private final MemorySegment argument = arena.allocate(ValueLayout.JAVA_LONG, ARGUMENT_WORDS);
  private boolean closed;

  private WriteTracking(
      MemorySegment range, long byteSize, String target, int descriptor, OpenFile pagemap) {
    this.range = range;
    this.byteSize = byteSize;
    this.target = target;
    this.descriptor = descriptor;
    this.pagemap = pagemap;
  }

  /**
   * Protects all pages of a range.
   *
   * @param range whole pages
   * @param byteSize what of them belongs to the region
   */
  static WriteTracking start(MemorySegment range, long byteSize, String target)
      throws MemoryException {
    long descriptor = Libc.userfaultfd(Abi.O_CLOEXEC | Abi.O_NONBLOCK | Abi.UFFD_USER_MODE_ONLY);
    if (descriptor < 0) {
      throw Errno.exception("userfaultfd", byteSize, target, (int) -descriptor);
    }
    boolean done = false;
    OpenFile pagemap = null;
    try {
      call(
          (int) descriptor,
          "UFFDIO_API",
          UFFDIO_API,
          target,
          UFFD_API,
          FEATURE_WP_ASYNC | FEATURE_WP_UNPOPULATED,
          0);
      long start = range.address();
      long length = range.byteSize();
      call((int) descriptor, "UFFDIO_REGISTER", UFFDIO_REGISTER, target, start, length, MODE_WP, 0);
      call(
          (int) descriptor,
          "UFFDIO_WRITEPROTECT",
          UFFDIO_WRITEPROTECT,
          target,
          start,
          length,
          WRITEPROTECT_WP);
      pagemap = OpenFile.open(PAGEMAP, AccessMode.READ_ONLY);
      WriteTracking tracking =
          new WriteTracking(range, byteSize, target, (int) descriptor, pagemap);
      done = true;
      return tracking;
    } finally {
      if (!done) {
        Libc.close((int) descriptor);
        if (pagemap != null) {
          pagemap.close();
        }
      }
    }
  }

  /** Whether it works here, found out once by tracking a page. */
  static boolean works() {
    return Probe.WORKS;
  }

  private static final class Probe {
    static final boolean WORKS = tracksAPage();

    private static boolean tracksAPage() {
      try (Mapping page = Mapping.anonymous("probe", Platform.pageSize(), PageSize.DEFAULT);
          DirtyTracking tracking = page.trackWrites()) {
        long[] found = new long[1];
        page.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        tracking.collect((offset, length) -> found[0] += length);
        return found[0] == Platform.pageSize();
      } catch (MemoryException e) {
        LOG.log(Level.DEBUG, "written pages are found by comparison here: {0}", e.getMessage());
        return false;
      }
    }
  }

  private static void call(int fd, String name, long request, String target, long... words)
      throws MemoryException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = arena.allocateFrom(ValueLayout.JAVA_LONG, words);
      long result = OpenFile.retry(() -> Libc.ioctl(fd, request, argument));
      if (result < 0) {
        throw Errno.exception("ioctl " + name, -1, target, (int) -result);
      }
    }
  }

  @Override
  public synchronized void collect(Visitor visitor) throws MemoryException {
    scan(SCAN_WP_MATCHING_CHECK_WPASYNC, visitor);
  }

  @Override
  public synchronized void collectLast(Visitor visitor) throws MemoryException {
    scan(SCAN_ONLY, visitor);
  }

  private void scan(long flags, Visitor visitor) throws MemoryException {
    if (closed || !range.scope().isAlive()) {
      throw new IllegalStateException(
          String.format(Locale.ROOT, "tracking of %s has ended", target));
    }
    long start = range.address();
    long end = start + range.byteSize();
    for (long from = start; from < end; ) {
      prepare(flags, from, end);
      long count = pagemap.use(fd -> OpenFile.retry(() -> Libc.ioctl(fd, PAGEMAP_SCAN, argument)));
      if (count < 0) {
        throw Errno.exception("ioctl PAGEMAP_SCAN", range.byteSize(), target, (int) -count);
      }
      for (long run = 0; run < count; run++) {
        long offset = word(runs, RUN_WORDS * run) - start;
        long last = Math.min(word(runs, RUN_WORDS * run + 1) - start, byteSize);
        visitor.written(offset, last - offset);
      }
      from = word(argument, WALK_END);
    }
  }

  private void prepare(long flags, long start, long end) {
    long[] words = {
      ARGUMENT_WORDS * 8L,
      flags,
      start,
      end,
      0, // walk_end, set by the kernel
      runs.address(),
      RUNS,
      0, // max_pages: no limit
      0, // category_inverted
      IS_WRITTEN, // category_mask
      0, // category_anyof_mask
      IS_WRITTEN
    };
    MemorySegment.copy(words, 0, argument, ValueLayout.JAVA_LONG, 0, words.length);
  }

  private static long word(MemorySegment words, long index) {
    return words.getAtIndex(ValueLayout.JAVA_LONG, index);
  }

  @Override
  public String method() {
    return METHOD;
  }

  /** Closes the descriptor, which takes the protection away from all pages. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(descriptor);
      pagemap.close();
      arena.close();
    }
  }
}
