/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
 * <p><b>Threads.</b> All methods may be called from any thread while the mapping stays.
 */
public final class PrivatePages implements AutoCloseable {
  private static final Logger LOG = System.getLogger(PrivatePages.class.getName());
  private static final int RUNS = 1024;
  private static final long OWN = Pagemap.IS_PRESENT | Pagemap.IS_SWAPPED;
  private static final int NONE = -1;

  // Documentation/admin-guide/mm/pagemap.rst: present, swapped, and file page or shared anonymous.
  private static final long ENTRY_OWN = 3L << 62;
  private static final long ENTRY_FILE = 1L << 61;

  private final Mapping mapping;
  private final String target;
  private final Arena arena = Arena.ofShared();
  private final Pagemap stored;
  private final boolean scans;

  // Guarded by this.
  private int descriptor;
  private long start;
  private long registered;
  private boolean closed;

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
      opened = new Pagemap(arena, RUNS, Pagemap.IS_WRITTEN, OWN, Pagemap.IS_WRITTEN);
      opened.exclude(Pagemap.IS_FILE);
      this.stored = opened;
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

  private void registerAll(int fd) throws MemoryException {
    MemorySegment pages = mapping.allPages();
    long from = pages.address() == start ? registered : 0;
    if (pages.byteSize() > from) {
      WriteTracking.register(fd, pages.asSlice(from), target);
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
    if (arm) {
      registerAll(descriptor);
    }
    long flags = arm ? Pagemap.PROTECTS_WRITTEN : 0;
    while (from < end) {
      int count = stored.find(flags, from, end, target);
      for (int run = 0; run < count; run++) {
        long at = stored.start(run);
        visitor.written(at - pages.address(), stored.end(run) - at);
      }
      from = stored.walkEnd();
    }
  }

  private void readEntries(long first, long end, long base, Visitor visitor)
      throws MemoryException {
    long page = Platform.pageSize();
    for (long from = first; from < end; ) {
      int count = stored.read(from, end);
      for (int i = 0; i < count; i++) {
        long entry = stored.entry(i);
        if ((entry & ENTRY_OWN) != 0 && (entry & ENTRY_FILE) == 0) {
          visitor.written(from + i * page - base, page);
        }
      }
      from += count * page;
    }
  }

  /**
   * Gives the private copies of whole pages up, which show the file again. What is stored to them
   * meanwhile may be lost.
   */
  public void drop(long offset, long length) throws MemoryException {
    Madvise.DONTNEED.call(mapping.allPages().asSlice(offset, length), target);
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
      stored.close();
      arena.close();
    }
  }
}
