/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;

import org.dmalloc.api.Access;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Sharing;

/** What the region says of its heap: open, or closed cleanly with all lists saved. */
final class HeapState {
  private HeapState() {}

  /**
   * Saves the lists, forces the region and says that the heap was closed cleanly. One that is
   * damaged, read-only, or without its region is left as it is, and is opened next time like one
   * whose process was killed.
   */
  static void close(Allocator allocator) throws MemoryException {
    MemoryRegion region = allocator.region;
    if (!region.info().open() || allocator.isCut()) {
      return; // nobody can have all locks where a call was cut off
    }
    boolean sound =
        allocator.alone(
            memory -> {
              boolean good = !allocator.readOnly && !allocator.isStopped();
              if (good) {
                allocator.reclaim.retireAll(memory);
                SavedLists.write(allocator, memory);
              }
              allocator.stop(null);
              return good;
            });
    if (sound) {
      if (isDurable(region.info())) {
        region.force();
      }
      set(region, HeapHeader.CLEAN);
    }
  }

  /** Says in the region whether the heap is open, and waits for the device where there is one. */
  static void set(MemoryRegion region, long state) throws MemoryException {
    BusErrors.in(
        region,
        "heap access",
        () -> {
          try (Access access = region.acquire()) {
            access.segment().set(LONG, HeapHeader.STATE, state);
          }
          return region;
        });
    if (isDurable(region.info())) {
      region.force(0, HeapHeader.BYTES);
    }
  }

  /**
   * Whether it is for the heap to make stores durable; a checkpointed region has its user do it.
   */
  private static boolean isDurable(RegionInfo info) {
    return info.name() != null
        && info.durability() != Durability.CHECKPOINT
        && info.sharing() == Sharing.SHARED
        && info.capabilities().contains(Capability.FORCE);
  }
}
