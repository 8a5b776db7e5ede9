/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A backend's region as its carrier sees it: somebody who owns it alone, hands its memory out under
 * a gate of his own, and may exchange it for another, such as the provider of movable regions.
 *
 * <p>Optional for a backend. Regions that do not implement it can be carried as well, by {@link
 * MemoryRegion#segment()}; they can then not be resized, and their writes are found by comparison.
 */
@ProviderType
public interface BackingRegion extends MemoryRegion {
  /**
   * The segment of the whole region, without pinning it: valid until the carrier itself resizes or
   * closes the region.
   *
   * @throws IllegalStateException if the region is closed
   */
  MemorySegment backing();

  /**
   * Starts to note which pages are written through this mapping, by any thread of this process. One
   * tracking at a time; the caller closes it. It may do so right after it has closed the region,
   * which spares the kernel taking the protection away first; no other call is allowed then.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#DIRTY_TRACKING}
   * @throws IllegalStateException if the region is closed or being tracked already
   * @throws MemoryException if this kernel or the process's limits refuse
   */
  DirtyTracking trackDirty() throws MemoryException;
}
