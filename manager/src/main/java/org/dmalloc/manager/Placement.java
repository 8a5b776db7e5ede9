/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.StoredBacking;

/**
 * Where a managed region's bytes are: a backend's region, which the managed region owns.
 *
 * @param backend the backend; its service may have gone since
 * @param region the backend's region
 */
record Placement(Backend backend, MemoryRegion region) {
  /** The memory as it is now; changes with a resize of the backend's region only. */
  MemorySegment segment() {
    return region instanceof BackingRegion backing ? backing.backing() : region.segment();
  }

  /** The processes that have it open; empty unless it is process-shared, and once it is closed. */
  Optional<RegionMembers> members() {
    return region.info().open() ? region.members() : Optional.empty();
  }

  /** Its file, by which it can go to another store; empty if there is none. */
  Optional<StoredBacking> stored() {
    return region instanceof BackingRegion backing ? backing.stored() : Optional.empty();
  }
}
