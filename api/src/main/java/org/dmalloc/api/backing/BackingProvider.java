/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A backend as the carrier of its regions sees it; see {@link BackingRegion}. What a carrier asks
 * for has the number of the carrier's region, which is the one that users see, and is left out of
 * {@link #regions()}: only the carrier may close it.
 */
@ProviderType
public interface BackingProvider extends MemoryProvider {
  /** As {@code carriedAs}: no carrier; the region is its user's own, with its own number. */
  long NOT_CARRIED = 0;

  /**
   * Allocates as {@link #allocate(RegionRequest)} does, for the carrier's region of that number.
   */
  MemoryRegion allocate(RegionRequest request, long carriedAs) throws MemoryException;

  /** Opens as {@link #open(OpenRequest)} does, for the carrier's region of that number. */
  MemoryRegion open(OpenRequest request, long carriedAs) throws MemoryException;

  /**
   * Attaches as {@link #attach(String, RegionOptions)} does, for the carrier's region of that
   * number.
   */
  default MemoryRegion attach(String token, RegionOptions options, long carriedAs)
      throws MemoryException {
    throw new UnsupportedCapabilityException(name(), Capability.PROCESS_SHARED);
  }

  @Override
  default MemoryRegion allocate(RegionRequest request) throws MemoryException {
    return allocate(request, NOT_CARRIED);
  }

  @Override
  default MemoryRegion open(OpenRequest request) throws MemoryException {
    return open(request, NOT_CARRIED);
  }

  @Override
  default MemoryRegion attach(String token, RegionOptions options) throws MemoryException {
    return attach(token, options, NOT_CARRIED);
  }

  /**
   * Whether the backend can take disk space by writing only, so that a region whose content follows
   * at once would be written twice; see {@link #allocateUnfilled}.
   */
  default boolean reservesByWriting() {
    return false;
  }

  /**
   * Allocates a region whose disk space may not be taken yet, if the backend {@linkplain
   * #reservesByWriting() reserves by writing}: {@link BackingRegion#load} takes it, with the
   * content. The caller loads <i>all</i> of the region, zeros too, before any other store to it;
   * from then on the region is what {@code allocate} gives. If a load fails, for want of space say,
   * the caller closes the region. A store to what was not loaded may meet a full disk, which is an
   * {@code InternalError} or the end of the JVM.
   *
   * @param request as for {@code allocate}; a backend takes the space now where it must, as for a
   *     region with a name, which others may find half loaded after a crash
   * @param carriedAs the number of the carrier's region, or {@link #NOT_CARRIED}
   * @throws MemoryException as {@code allocate} does, also if the space is not there as far as can
   *     be told beforehand
   */
  default MemoryRegion allocateUnfilled(RegionRequest request, long carriedAs)
      throws MemoryException {
    return allocate(request, carriedAs);
  }
}
