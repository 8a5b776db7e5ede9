/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.DirtyTracking.Visitor;
import org.dmalloc.spi.machine.MappingCount;

/**
 * Which pages of a private mapping of a file have a copy of their own, since they were stored to,
 * and which of these were stored to since they were armed; exactly.
 *
 * <p>A private copy is a page that is in RAM or swap and not the file's: PAGEMAP_SCAN tells, or the
 * page table as a file on older kernels. Arming is asynchronous write protection by userfaultfd.
 * Without it nothing is armed, and all private copies are shown.
 *
 * <p><b>Walks.</b> Whether a page is the file's the kernel finds out at the page itself, which is a
 * cache miss for each: 25 ms for a GiB. Whether it was written is in the page table: less than one.
 * So what a page table covers is armed as a whole once, pages without a private copy included; from
 * then on what was written has a private copy, and a walk asks for nothing else. If the kernel
 * takes the protection from a page, as when it drops a page that a direct write to the file
 * replaced, that page is shown though nobody stored to it.
 *
 * <p><b>Threads.</b> All methods may be called from any thread while the mapping stays.
 */
public final class PrivatePages implements AutoCloseable {
  private static final Logger LOG = System.getLogger(PrivatePages.class.getName());
  private static final int RUNS = 1024;
  private static final long WRITTEN = Pagemap.IS_WRITTEN;
  private static final long FILE = Pagemap.IS_FILE;
  private static final long IN_MEMORY = Pagemap.IS_PRESENT | Pagemap.IS_SWAPPED;
  private static final int NONE = -1;

  /** What one page table covers: an entry of 8 bytes for each page, in one page. */
  private static final long AREA_BYTES = Platform.pageSize() / Long.BYTES * Platform.pageSize();

  // Documentation/admin-guide/mm/pagemap.rst: present, swapped, and file page or shared anonymous.
  private static final long ENTRY_OWN = 3L << 62;
  private static final long ENTRY_FILE = 1L << 61;

  private static volatile boolean dropsAtOnce = true;

  private final Mapping mapping;
  private final String target;
  private final Arena arena = Arena.ofShared();
  private final Pagemap pagemap;
  private final boolean scans;

  // Guarded by this.
  private int descriptor;
  private long start;
  private long registered;
  private boolean closed;

  /** The areas all of whose pages were armed once, from that of the first page on. */
  private final BitSet armed = new BitSet();

  /**
   * Begins to tell pages apart.
   *
   * @param mapping a private one of a file
   * @throws MemoryException if the page table cannot be read
   */
  public PrivatePages(Mapping mapping, String target) throws MemoryException {
    this.mapping = mapping;
    this.target = target;
    boolean done = false;
    Pagemap opened = null;
    try {
      opened = new Pagemap(arena, RUNS, WRITTEN, 0, WRITTEN);
      this.pagemap = opened;
      this.descriptor = open();
      this.scans = descriptor != NONE;
      done = true;
    } finally {
      if (!done) {
        if (opened != null) {
          opened.close();
        }
        arena.close();
      }
    }
  }

  /** The descriptor of the protection; NONE where the kernel or a filter has none. */
  private int open() {
    try {
      MappingCount.OF_PROCESS.add("userfaultfd", mapping.byteSize(), target, 2);
      int fd = WriteTracking.open(mapping.byteSize(), target);
      try {
        registerAll(fd);
        return fd;
      } catch (MemoryException e) {
        Libc.close(fd);
        throw e;
      }
    } catch (MemoryException e) {
      LOG.log(Level.DEBUG, "stores to {0} are found by their private pages: {1}", target, e);
      return NONE;
    }
  }

  /** Registers what has been added, and all of it at other addresses. */
  private void registerAll(int fd) throws MemoryException {
    MemorySegment pages = mapping.allPages();
    boolean stayed = pages.address() == start;
    long from = stayed ? registered : 0;
    if (pages.byteSize() > from) {
      WriteTracking.register(fd, pages.asSlice(from), target);
      armed.clear(stayed ? Math.min(area(start + from), armed.length()) : 0, armed.length());
    }
    start = pages.address();
    registered = pages.byteSize();
  }

  /** Whether pages are armed. */
  public boolean tracks() {
    return scans;
  }

  /**
   * Shows runs of whole pages of a range that have a private copy, and if it {@link #tracks()} were
   * stored to since they were armed. A run may be shown twice.
   *
   * @param arm whether to arm what is shown, before it is shown
   */
  public synchronized void changed(long offset, long length, boolean arm, Visitor visitor)
      throws MemoryException {
    requireOpen();
    MemorySegment pages = mapping.allPages();
    long end =
        pages.address() + Math.min(pages.byteSize(), Platform.roundUpToPage(offset + length));
    long from = pages.address() + Platform.roundDownToPage(offset);
    if (!scans) {
      readEntries(from, end, pages.address(), visitor);
      return;
    }
    registerAll(descriptor);
    while (from < end) {
      boolean whole = armed.get(area(from));
      int next = whole ? armed.nextClearBit(area(from)) : armed.nextSetBit(area(from));
      long stretchEnd = next < 0 ? end : Math.min(end, startOf(next));
      if (whole) {
        pagemap.select(WRITTEN, 0, 0, WRITTEN);
      } else {
        pagemap.select(WRITTEN | FILE, IN_MEMORY, FILE, WRITTEN);
      }
      find(
          arm,
          from,
          stretchEnd,
          run -> visitor.written(pagemap.start(run) - start, pagemap.byteSize(run)));
      if (!whole && arm) {
        armOthers(from, stretchEnd);
      }
      from = stretchEnd;
    }
  }

  /** Takes the number of a run that was found. */
  @FunctionalInterface
  private interface RunVisitor {
    void run(int run) throws MemoryException;
  }

  /** Finds the pages of a range that are selected. */
  private void find(boolean arm, long first, long end, RunVisitor visitor) throws MemoryException {
    long flags = arm ? Pagemap.PROTECTS_WRITTEN : 0;
    for (long from = first; from < end; from = pagemap.walkEnd()) {
      int count = pagemap.find(flags, from, end, target);
      for (int run = 0; run < count; run++) {
        visitor.run(run);
      }
    }
  }

  /**
   * Arms the pages of a range that have no private copy, where there is a page table for them. The
   * kernel looks at each page and arms it in one step, so a page that gets its copy meanwhile is
   * either armed before and counts as written, or not armed.
   */
  private void armOthers(long first, long end) throws MemoryException {
    BitSet areas = new BitSet();
    BitSet huge = new BitSet();
    pagemap.select(0, IN_MEMORY, 0, Pagemap.IS_HUGE);
    find(
        false,
        first,
        end,
        run -> {
          BitSet found = pagemap.categories(run) == 0 ? areas : huge;
          long at = pagemap.start(run);
          found.set(area(at), area(at + pagemap.byteSize(run) - 1) + 1);
        });
    // A huge page has no page table, and at the first store gets one whose pages are not armed.
    areas.andNot(huge);
    // Neither swapped nor present, or the file's.
    pagemap.select(
        Pagemap.IS_SWAPPED,
        FILE | Pagemap.IS_PRESENT,
        Pagemap.IS_SWAPPED | Pagemap.IS_PRESENT,
        WRITTEN);
    for (int from = areas.nextSetBit(0); from >= 0; ) {
      int to = areas.nextClearBit(from);
      find(true, Math.max(first, startOf(from)), Math.min(end, startOf(to)), run -> {});
      from = areas.nextSetBit(to);
    }
    if (first > Math.max(start, startOf(area(first)))) {
      areas.clear(area(first)); // only a part of it was asked for
    }
    if (end < Math.min(start + registered, startOf(area(end - 1) + 1))) {
      areas.clear(area(end - 1));
    }
    armed.or(areas);
  }

  /** The number of the area of an address: the addresses that one page table covers. */
  private int area(long address) {
    return Math.toIntExact(address / AREA_BYTES - start / AREA_BYTES);
  }

  private long startOf(int area) {
    return (start / AREA_BYTES + area) * AREA_BYTES;
  }

  private void readEntries(long first, long end, long base, Visitor visitor)
      throws MemoryException {
    long page = Platform.pageSize();
    for (long from = first; from < end; ) {
      int count = pagemap.read(from, end);
      for (int i = 0; i < count; i++) {
        long entry = pagemap.entry(i);
        if ((entry & ENTRY_OWN) != 0 && (entry & ENTRY_FILE) == 0) {
          visitor.written(from + i * page - base, page);
        }
      }
      from += count * page;
    }
  }

  /**
   * Gives the private copies of runs of whole pages up, which show the file again, and stay armed
   * if they were. What is stored to them meanwhile may be lost.
   */
  public void drop(long[] offsets, long[] byteSizes) throws MemoryException {
    MemorySegment pages = mapping.allPages();
    int done = dropAtOnce(pages, offsets, byteSizes);
    for (; done < offsets.length; done++) {
      Madvise.DONTNEED.call(pages.asSlice(offsets[done], byteSizes[done]), target);
    }
  }

  /**
   * Drops the first runs by calls for many of them, each of which has the other processors forget
   * them once; returns how many. Kernels before 6.13 refuse that.
   */
  private int dropAtOnce(MemorySegment pages, long[] offsets, long[] byteSizes) {
    int pidfd = dropsAtOnce ? Prefetch.pidfd() : NONE;
    int done = 0;
    try (Arena vectorArena = Arena.ofConfined()) {
      int most = Math.min(Abi.IOV_MAX, offsets.length);
      MemorySegment vectors = vectorArena.allocate(JAVA_LONG, 2L * most);
      while (pidfd >= 0 && done < offsets.length) {
        int count = Math.min(most, offsets.length - done);
        for (int i = 0; i < count; i++) {
          MemorySegment run = pages.asSlice(offsets[done + i], byteSizes[done + i]);
          vectors.setAtIndex(JAVA_LONG, 2L * i, run.address());
          vectors.setAtIndex(JAVA_LONG, 2L * i + 1, run.byteSize());
        }
        long result =
            OpenFile.retry(
                () -> Libc.processMadvise(pidfd, vectors, count, Madvise.DONTNEED.number, pages));
        if (result <= 0) {
          dropsAtOnce = false;
          break;
        }
        int dropped = Prefetch.consume(vectors, count, result);
        done += dropped;
        if (dropped == 0) {
          break; // one by one: a run is longer than a call takes
        }
      }
    }
    return done;
  }

  /** Gives all private copies up, those included that were stored to since they were armed. */
  public synchronized void dropAll() throws MemoryException {
    requireOpen();
    armed.clear();
    Madvise.DONTNEED.call(mapping.allPages(), target);
  }

  /** The mapping has other addresses: nothing is armed there. */
  public synchronized void moved() throws MemoryException {
    requireOpen();
    if (scans) {
      start = 0;
      registerAll(descriptor);
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("mapping of " + target + " is closed");
    }
  }

  /** Arms nothing any more; the private copies stay. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      if (descriptor != NONE) {
        Libc.close(descriptor);
      }
      pagemap.close();
      arena.close();
    }
  }
}
