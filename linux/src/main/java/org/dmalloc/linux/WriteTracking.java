/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.spi.machine.MappingCount;

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

  // linux/userfaultfd.h
  private static final long UFFDIO_API = 0xC018AA3FL;
  private static final long UFFDIO_REGISTER = 0xC020AA00L;
  private static final long UFFDIO_WRITEPROTECT = 0xC018AA06L;
  private static final long UFFD_API = 0xAA;
  private static final long FEATURE_WP_UNPOPULATED = 1 << 13;
  private static final long FEATURE_WP_ASYNC = 1 << 15;
  private static final long MODE_WP = 2;
  private static final long WRITEPROTECT_WP = 1;

  private static final long SCAN_ONLY = 0;
  private static final int RUNS = 1024;

  private final Mapping mapping;
  private final MemorySegment first;
  private final String target;
  private final int descriptor;

  // Made once: nothing is allocated while users wait for the last scan.
  private final Arena arena;
  private final Pagemap pagemap;
  private long tracked;
  private boolean closed;

  private WriteTracking(
      Mapping mapping, MemorySegment pages, String target, int descriptor, Arena arena)
      throws MemoryException {
    this.mapping = mapping;
    this.first = pages;
    this.tracked = pages.byteSize();
    this.target = target;
    this.descriptor = descriptor;
    this.arena = arena;
    this.pagemap = new Pagemap(arena, RUNS, Pagemap.IS_WRITTEN, 0, Pagemap.IS_WRITTEN);
  }

  /** Protects all pages of a mapping. */
  static WriteTracking start(Mapping mapping, String target) throws MemoryException {
    MemorySegment pages = mapping.allPages();
    int fd = open(pages.byteSize(), target);
    Arena arena = Arena.ofShared();
    try {
      protect(fd, pages, target);
      return new WriteTracking(mapping, pages, target, fd, arena);
    } catch (MemoryException | RuntimeException | Error e) {
      Libc.close(fd);
      arena.close();
      throw e;
    }
  }

  /** Opens a descriptor for asynchronous write protection. */
  static int open(long byteSize, String target) throws MemoryException {
    int flags = Abi.O_CLOEXEC | Abi.O_NONBLOCK | Abi.UFFD_USER_MODE_ONLY;
    int fd = (int) Libc.check("userfaultfd", byteSize, target, Libc.userfaultfd(flags));
    try {
      long features = FEATURE_WP_ASYNC | FEATURE_WP_UNPOPULATED;
      call(fd, "UFFDIO_API", UFFDIO_API, target, UFFD_API, features, 0);
      return fd;
    } catch (MemoryException | RuntimeException | Error e) {
      Libc.close(fd);
      throw e;
    }
  }

  /** Lets pages be protected; none is yet. */
  static void register(int fd, MemorySegment pages, String target) throws MemoryException {
    long length = pages.byteSize();
    call(fd, "UFFDIO_REGISTER", UFFDIO_REGISTER, target, pages.address(), length, MODE_WP, 0);
  }

  private static void protect(int fd, MemorySegment pages, String target) throws MemoryException {
    long start = pages.address();
    long length = pages.byteSize();
    register(fd, pages, target);
    call(fd, "UFFDIO_WRITEPROTECT", UFFDIO_WRITEPROTECT, target, start, length, WRITEPROTECT_WP);
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
      Libc.check(
          "ioctl " + name, -1, target, OpenFile.retry(() -> Libc.ioctl(fd, request, argument)));
    }
  }

  @Override
  public synchronized void collect(Visitor visitor) throws MemoryException {
    scan(Pagemap.PROTECTS_WRITTEN, visitor);
  }

  @Override
  public synchronized void collectLast(Visitor visitor) throws MemoryException {
    scan(SCAN_ONLY, visitor);
  }

  private void scan(long flags, Visitor visitor) throws MemoryException {
    if (closed || !first.scope().isAlive()) {
      throw new IllegalStateException("tracking of " + target + " has ended");
    }
    MemorySegment pages = mapping.allPages();
    long byteSize = Math.min(mapping.byteSize(), pages.byteSize());
    long start = first.address();
    long known = tracked;
    if (pages.byteSize() > known) {
      // It has grown: what was added counts as written, and is noted from now on.
      if (flags == Pagemap.PROTECTS_WRITTEN) {
        MappingCount.OF_PROCESS.add("userfaultfd", byteSize, target, 2);
        protect(descriptor, pages.asSlice(known), target);
        tracked = pages.byteSize();
      }
      if (byteSize > known) {
        visitor.written(known, byteSize - known);
      }
    }
    long end = start + known;
    for (long from = start; from < end; from = pagemap.walkEnd()) {
      int count = pagemap.find(flags, from, end, target);
      for (int run = 0; run < count; run++) {
        long offset = pagemap.start(run) - start;
        long length = Math.min(pagemap.end(run) - start, byteSize) - offset;
        if (length > 0) {
          visitor.written(offset, length);
        }
      }
    }
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
