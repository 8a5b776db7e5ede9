/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import java.nio.file.Path;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** A backend with a store, as a carrier sees it that takes regions from store to store. */
@ProviderType
public interface StoreProvider extends BackingProvider {
  /** The file that a region of that name would have in a directory; null for the store's own. */
  Path fileOf(String name, @Nullable Path directory);

  /**
   * Allocates a region whose file has no name until {@link StoredBacking#publish}: it is not
   * listed, cannot be opened, and goes with its process. Its disk space may be taken by {@link
   * BackingRegion#load} alone, as by {@link #allocateUnfilled}.
   *
   * @param request with a name
   * @param move where its content comes from
   * @param carriedAs the number of the carrier's region, or {@link #NOT_CARRIED}
   * @return a region with a {@link BackingRegion#stored() file}
   * @throws MemoryException as {@code allocate} does, also if the name is taken
   */
  BackingRegion allocateUnpublished(RegionRequest request, StoreMove move, long carriedAs)
      throws MemoryException;

  /**
   * Makes room for a checkpointed region that comes from another store.
   *
   * @param request with a name, and the size of the last checkpoint
   * @param move where its content comes from
   * @param last what it has there now; its group has no other region
   * @param carriedAs the number of the carrier's region, or {@link #NOT_CARRIED}
   * @throws UnsupportedCapabilityException without {@link Capability#CHECKPOINT}
   * @throws MemoryException as {@code allocate} does, also if the store has a group of that name
   */
  default ArrivingRegion receive(
      RegionRequest request, StoreMove move, CarriedGroup.Last last, long carriedAs)
      throws MemoryException {
    throw new UnsupportedCapabilityException(name(), Capability.CHECKPOINT);
  }

  /**
   * Allocates a region that is to be a snapshot: like {@link #allocateUnpublished}, until {@link
   * StoredBacking#publishSnapshot}.
   *
   * @param request with a name
   * @param carriedAs the number by which the region is left out of listings
   * @throws UnsupportedOperationException if this provider's store takes none
   */
  default BackingRegion allocateSnapshot(RegionRequest request, long carriedAs)
      throws MemoryException {
    throw new UnsupportedOperationException(
        "backend " + name() + " takes no snapshots; choose another target");
  }
}
