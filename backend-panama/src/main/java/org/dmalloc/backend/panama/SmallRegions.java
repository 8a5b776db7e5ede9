/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.nio.file.Path;
import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.linux.FileSystem;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Slabs;
import org.jspecify.annotations.Nullable;

/** Which unnamed regions of a provider share files, and the files. */
final class SmallRegions {
  /** There disk space is memory, or holes cannot be punched in pages of 4 KiB. */
  private static final Set<String> UNSUITED =
      Set.of(FileSystem.IN_MEMORY, "ramfs", "hugetlbfs", "fuse", "9p", "nfs", "cifs", "smb2");

  // Guarded by this; null until the first small region, and where the file system does not suit.
  private @Nullable Slabs slabs;
  private boolean unsuited;
  private boolean ended;

  /** Whether a region needs nothing that a mapping or a file has as a whole. */
  static boolean suits(RegionRequest request, RegionOptions options) {
    return request.name() == null
        && request.directory() == null
        && Slabs.takes(request.byteSize())
        && options.sharing() == Sharing.SHARED
        && options.durability() == Durability.ON_FORCE
        && options.pageSize() == PageSize.DEFAULT
        && (options.pattern() == AccessPattern.AUTO || options.pattern() == AccessPattern.NORMAL)
        && options.maximum() == RegionOptions.NO_MAXIMUM
        && options.residentBudget() == RegionOptions.NO_BUDGET
        && !options.locked()
        && !options.prefault()
        && !options.wipe(); // a file of its own is overwritten when nothing else depends on it
  }

  /**
   * Takes room for a region that suits, with its space.
   *
   * @return null where regions have files of their own
   * @throws MemoryException if there is no space
   */
  @Nullable SlotFile take(
      Path directory, long byteSize, Reservation reservation, ProgressListener progress)
      throws MemoryException {
    Slabs from = slabs(directory);
    if (from == null) {
      return null;
    }
    Slabs.Slot slot;
    try {
      slot = from.take(byteSize);
    } catch (MemoryException e) {
      return null; // a file of its own may be had, or is refused with its own reason
    }
    OpenFile file = slot.file();
    return file == null ? null : SlotFile.of(slot, file, directory, reservation, progress);
  }

  private synchronized @Nullable Slabs slabs(Path directory) throws MemoryException {
    if (slabs == null && !unsuited) {
      unsuited = UNSUITED.contains(FileSystem.of(directory).type());
      if (!unsuited) {
        Slabs made = Slabs.ofFiles(directory.toString(), () -> OpenFile.unnamedIn(directory));
        if (ended) {
          made.close();
        }
        slabs = made;
      }
    }
    return slabs;
  }

  /** Keeps no empty files any more. */
  synchronized void end() {
    ended = true;
    if (slabs != null) {
      slabs.close();
    }
  }
}
