/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import java.nio.file.Path;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.RegionRequest;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A backend with a store, as a carrier sees it that takes stored regions from one store to another.
 */
@ProviderType
public interface StoreProvider extends MemoryProvider {
  /**
   * The file that a region of that name has in the backend's store, or would have.
   *
   * @param directory in place of the store's own; null for that
   */
  Path fileOf(String name, @Nullable Path directory);

  /**
   * Allocates a region whose file has no name yet: nobody lists or opens it, and it goes when its
   * process does, until {@link StoredBacking#publish}. Where the backend is a {@link
   * BackingProvider} its disk space may be taken by {@link BackingRegion#load} alone, as by {@link
   * BackingProvider#allocateUnfilled}.
   *
   * @param request with a name
   * @param move where its content comes from
   * @throws MemoryException as {@code allocate} does, also if the name is taken
   */
  StoredBacking allocateUnpublished(RegionRequest request, StoreMove move) throws MemoryException;
}
