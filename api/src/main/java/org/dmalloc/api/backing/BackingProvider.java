/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.RegionRequest;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A backend as the carrier of its regions sees it; see {@link BackingRegion}. For those that can
 * take disk space by writing only: so that a region whose content follows at once is not written
 * twice.
 */
@ProviderType
public interface BackingProvider extends MemoryProvider {
  /**
   * Allocates a region whose disk space may not be taken yet: {@link BackingRegion#load} takes it,
   * with the content. The caller loads <i>all</i> of the region, zeros too, before anybody stores
   * to it otherwise; from then on the region is what {@link #allocate} gives. If a load fails, for
   * want of space say, the caller closes the region. A store to what was not loaded may meet a full
   * disk, which is an {@code InternalError} or the end of the JVM.
   *
   * @param request as for {@code allocate}; a backend takes the space now where it must, as for a
   *     region with a name, which others may find half loaded after a crash
   * @throws MemoryException as {@code allocate} does, also if the space is not there as far as can
   *     be told beforehand
   */
  BackingRegion allocateUnfilled(RegionRequest request) throws MemoryException;
}
