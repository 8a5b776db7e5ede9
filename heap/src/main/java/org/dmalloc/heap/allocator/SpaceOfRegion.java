/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.SizeClasses.PAGE;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.heap.HeapOptions;

/** What a heap does with the space of its region: grow, give back, take again. */
final class SpaceOfRegion {
  private static final Logger LOG = System.getLogger(SpaceOfRegion.class.getName());
  private static final long LEAST_GROWTH = 1 << 20;

  /**
   * The unit in which a file on a disk gives space back: the largest folio, which begins at such a
   * multiple of the file, as the data of a region does. The kernel makes a page writable with all
   * of its folio: if that covered a part of a hole, and the disk was full, a store to a page that
   * has its space would be a SIGBUS.
   */
  private static final long FOLIO_PAGES = (2 << 20) >>> PAGE_SHIFT;

  private final MemoryRegion region;
  private final HeapOptions options;

  SpaceOfRegion(MemoryRegion region, HeapOptions options) {
    this.region = region;
    this.options = options;
  }

  /** A clock for how long pages are free; it goes on over a restart. */
  static long seconds() {
    return System.currentTimeMillis() / 1000;
  }

  /**
   * Takes the space of pages again, in whole units; nothing is to do on a backend that never gave
   * it back.
   */
  void reserve(long page, long pages) throws MemoryException {
    long unit = unitPages(region.info());
    long first = down(page, unit);
    long end = Math.min(region.byteSize() >>> PAGE_SHIFT, up(page + pages, unit));
    try {
      region.reserve(first << PAGE_SHIFT, (end - first) << PAGE_SHIFT);
    } catch (UnsupportedCapabilityException e) {
      // It has moved to a backend where all of it has its space.
    } catch (UnsupportedOperationException e) {
      if (!isCheckpointed()) {
        throw e;
      }
      // The pages were given back before their content came here: checkpoints take the space.
    } catch (IllegalStateException e) {
      if (end - first == pages) {
        throw e;
      }
      region.reserve(page << PAGE_SHIFT, pages << PAGE_SHIFT); // a neighbour is protected
    }
  }

  private static long unitPages(RegionInfo info) {
    return isFile(info) && !isOn(info, "tmpfs") ? FOLIO_PAGES : 1;
  }

  /** Whether its file is on such a file system; {@code managed} names the backend before that. */
  private static boolean isOn(RegionInfo info, String fileSystem) {
    return (" " + info.backing()).contains(" " + fileSystem + " file");
  }

  private static long down(long page, long unit) {
    return page / unit * unit;
  }

  private static long up(long page, long unit) {
    return down(page + unit - 1, unit);
  }

  private static boolean isFile(RegionInfo info) {
    return info.sharing() == Sharing.SHARED && info.capabilities().contains(Capability.FORCE);
  }

  /** Whether space is given back at all; the file of a checkpointed region is not touched. */
  boolean punches() {
    return !options.punchAfter().equals(HeapOptions.NEVER)
        && region.info().capabilities().contains(Capability.PUNCH)
        && !isCheckpointed();
  }

  private boolean isCheckpointed() {
    return region.info().durability() == Durability.CHECKPOINT;
  }

  /**
   * Has changed pages written, if they are those of a file, and that is no checkpoint. A hole that
   * covers a part of a large folio does not let go of that part while the folio is not written.
   *
   * @throws MemoryException if the device refuses
   */
  void write() throws MemoryException {
    RegionInfo info = region.info();
    if (isFile(info) && info.durability() != Durability.CHECKPOINT) {
      region.force();
    }
  }

  /** Whether some of these pages are in RAM; false where nobody can tell. */
  boolean isResident(long page, long pages) throws MemoryException {
    if (!region.info().capabilities().contains(Capability.RESIDENCY)) {
      return false;
    }
    try {
      return region.residency(page << PAGE_SHIFT, pages << PAGE_SHIFT).residentBytes() > 0;
    } catch (UnsupportedCapabilityException e) {
      return false; // it has moved meanwhile
    }
  }

  /** What came of a punch. */
  enum Punched {
    /** The space of all pages was given back. */
    ALL,
    /** That of some may have been, before it failed. */
    IN_PART,
    /** Nothing was done. */
    REFUSED
  }

  /** How many pages of a run {@link #punch} gives the space back of. */
  long released(long page, long pages) {
    return released(page, pages, unitPages(region.info()));
  }

  private static long released(long page, long pages, long unit) {
    return Math.max(0, down(page + pages, unit) - up(page, unit));
  }

  /**
   * Gives the space of pages back, in whole units, unless a protected range is in the way, or the
   * region does not give any back. The rest leaves RAM alone.
   *
   * @throws MemoryException if that fails, maybe after a part
   */
  Punched punch(long page, long pages) throws MemoryException {
    long offset = page << PAGE_SHIFT;
    long length = pages << PAGE_SHIFT;
    boolean isProtected =
        region.protectedRanges().stream()
            .anyMatch(r -> r.offset() < offset + length && offset < r.offset() + r.length());
    if (isProtected) {
      return Punched.REFUSED;
    }
    long unit = unitPages(region.info());
    long released = released(page, pages, unit) << PAGE_SHIFT;
    long start = released == 0 ? offset : up(page, unit) << PAGE_SHIFT;
    Punched refusal = Punched.REFUSED; // it has moved meanwhile, is private, or was protected
    try {
      if (released > 0) {
        region.punch(start, released, Punch.RELEASE);
        refusal = Punched.IN_PART;
      }
      empty(offset, start - offset);
      empty(start + released, offset + length - start - released);
      return Punched.ALL;
    } catch (UnsupportedOperationException | IllegalStateException e) {
      return refusal;
    }
  }

  /** Takes a range out of RAM that keeps its space. Where the file refuses, it stays there. */
  private void empty(long offset, long length) {
    if (length == 0) {
      return;
    }
    RegionInfo info = region.info();
    try {
      if (unitPages(info) == 1 || isOn(info, "ext4")) {
        region.punch(offset, length, Punch.KEEP_RESERVED);
      } else if (info.capabilities().contains(Capability.RELEASE)) {
        region.release(offset, length); // it would be a hole for a moment, beside pages in use
      }
    } catch (MemoryException e) {
      LOG.log(Level.DEBUG, "{0} keeps free pages in RAM: {1}", region, e.getMessage());
    }
  }

  /**
   * Makes the region larger than the heap, if it may grow in place.
   *
   * @param pages what is needed beside tables
   * @param shortage is told why that is not possible
   */
  void grow(Extents extents, long pages, Allocator.Shortage shortage) {
    long needed =
        extents.byteSize() + ((pages + Extents.tablePages(pages + pages / 32 + 2)) << PAGE_SHIFT);
    RegionInfo info = region.info();
    if (info.byteSize() >= needed) {
      return; // somebody has made it larger
    }
    long most = limit(info);
    if (options.growth() == HeapOptions.Growth.NONE || most <= info.byteSize()) {
      shortage.reason = "the region has " + info.byteSize() + " bytes and may not grow";
      shortage.nextStep =
          "free blocks, resize the region, or allocate it with a maximum so that its heap grows";
      return;
    }
    if (needed > most) {
      shortage.reason = "the region may grow to " + most + " bytes, needed are " + needed;
      shortage.nextStep = "free blocks, or give the region a larger maximum";
      return;
    }
    long more = Math.max(LEAST_GROWTH, extents.byteSize() / 4);
    long target = Math.min(most, Math.max(needed, extents.byteSize() + more));
    try {
      region.ensure(target);
    } catch (MemoryException e) {
      ensureLeast(needed, target, shortage, e);
    } catch (IllegalStateException e) {
      shortage.reason = "the region cannot grow: " + e.getMessage();
    }
  }

  private void ensureLeast(
      long needed, long target, Allocator.Shortage shortage, MemoryException first) {
    MemoryException last = first;
    if (needed < target) {
      try {
        region.ensure(needed);
        return;
      } catch (MemoryException e) {
        last = e;
      }
    }
    shortage.reason = "the region cannot grow: " + last.getMessage();
    shortage.nextStep = "make room, or free blocks";
    shortage.cause = last;
  }

  /** What it may grow to in place, in whole pages. */
  private static long limit(RegionInfo info) {
    long maximum = info.maximum() == RegionAttributes.NO_MAXIMUM ? 0 : info.maximum();
    long ceiling = info.autogrowth().ceiling();
    long most = ceiling > 0 ? Math.min(maximum, ceiling) : maximum;
    return Math.min(most / PAGE * PAGE, Extents.MOST_PAGES << PAGE_SHIFT);
  }
}
