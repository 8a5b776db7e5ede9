/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Sharing;
import org.dmalloc.backend.panama.auto.WatchedRegion;
import org.dmalloc.linux.CheckedPaging;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.MappingKind;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.Machine;

/**
 * How to map a file.
 *
 * @param options what is asked of the region, with its sharing and its pattern
 * @param fresh whether the file has just been made
 */
record MappingPlan(RegionOptions options, boolean fresh, Machine machine)
    implements RegionAttributes {
  /** One block of the observer's: two or three ordinary readaheads. */
  private static final long MIN_WATCHED_BYTES = 2L << 20;

  /** A mapping and what really makes its stores durable. */
  record Mapped(Mapping mapping, Durability durability) {}

  private MappingKind kind() {
    if (access() == AccessMode.READ_ONLY) {
      return MappingKind.READ_ONLY;
    }
    return sharing() == Sharing.PRIVATE ? MappingKind.PRIVATE : MappingKind.SHARED;
  }

  boolean fills() {
    return prefault() || locked();
  }

  /**
   * Whether the pattern is to be found out. There is nothing to find out where no page is ever read
   * from the file again, where huge pages decide how much is read, and in a region so small that
   * reading all of it at once is as good as any other way.
   */
  boolean watches(Mapping mapping) {
    return pattern() == AccessPattern.AUTO
        && mapping.inPageCache()
        && !locked()
        && pageSize() != PageSize.HUGE
        && Math.max(mapping.byteSize(), maximum()) >= MIN_WATCHED_BYTES;
  }

  WatchedRegion.Stores stores() {
    if (kind() != MappingKind.SHARED) {
      return WatchedRegion.Stores.NONE;
    }
    return fresh ? WatchedRegion.Stores.EXPECTED : WatchedRegion.Stores.POSSIBLE;
  }

  Mapped map(RegionFile file, long byteSize) throws MemoryException {
    Mapped mapped = mapSyncOrNot(file, byteSize);
    Mapping mapping = mapped.mapping;
    try {
      if (pattern() == AccessPattern.RANDOM || pattern() == AccessPattern.SEQUENTIAL) {
        // Before the first page: a page cache filled in large folios stays so, and each small
        // store then writes a large one.
        mapping.advise(Advice.valueOf(pattern().name()), 0, byteSize);
      }
      CheckedPaging paging = new CheckedPaging(mapping, machine, file.descriptor().target());
      if (locked()) {
        // Meets the limit before anything is read; what is filled then is locked as it comes.
        paging.lock();
      }
      if (fills()) {
        // Fresh pages are there to be written; this also takes what a first store needs. Reading
        // brings stored pages in; writing would mark all of them as changed.
        paging.populate(
            fresh ? AccessMode.READ_WRITE : AccessMode.READ_ONLY,
            0,
            byteSize,
            progress(),
            fresh ? "nothing was created" : "the stored region is as it was");
      }
      return mapped;
    } catch (MemoryException | RuntimeException | Error e) {
      mapping.close();
      throw e;
    }
  }

  private Mapped mapSyncOrNot(RegionFile file, long byteSize) throws MemoryException {
    if (file instanceof SlotFile slot) {
      return new Mapped(slot.map(byteSize), Durability.ON_FORCE);
    }
    if (durability() == Durability.SYNC && kind() == MappingKind.SHARED) {
      try {
        return new Mapped(map(file, byteSize, MappingKind.SHARED_SYNC), Durability.SYNC);
      } catch (MemoryException e) {
        if (e.errno() != Errno.EOPNOTSUPP) {
          throw e;
        }
        // No DAX here: the fall-back that Durability.SYNC documents, and RegionInfo tells.
      }
    }
    return new Mapped(map(file, byteSize, kind()), Durability.ON_FORCE);
  }

  private Mapping map(RegionFile file, long byteSize, MappingKind kind) throws MemoryException {
    return Mapping.ofFile(
        file.descriptor(), file.dataOffset(), byteSize, maximum(), kind, pageSize());
  }
}
