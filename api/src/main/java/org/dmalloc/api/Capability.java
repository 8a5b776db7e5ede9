/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import org.dmalloc.api.backing.BackingRegion;

/** What a provider may be able to do. Requests for what is not declared are refused by name. */
public enum Capability {
  /** Stores regions by name, so that they can be opened again. */
  NAMED,
  /** Opens stored regions for reading only. */
  READ_ONLY,
  /** Gives {@link Sharing#SHARED} mappings: stores reach the backing and its other mappers. */
  SHARED_MAPPING,
  /** Gives {@link Sharing#PRIVATE} mappings: stores stay in this mapping. */
  PRIVATE_MAPPING,
  /** Can leave disk space unreserved ({@link Reservation#SPARSE}). */
  SPARSE,
  /** Can place a region in a directory that the request names. */
  DIRECTORY,
  /** Can write changed pages to durable storage ({@link MemoryRegion#force()}). */
  FORCE,
  /** Can make stores durable without force on a file system with DAX ({@link Durability#SYNC}). */
  SYNC,
  /** Passes {@link Advice} and {@link AccessPattern} on to the kernel. */
  ADVICE,
  /** Can ask for huge pages ({@link PageSize#HUGE}). */
  HUGE_PAGES,
  /** Can bring all pages in at allocation. */
  PREFAULT,
  /** Can lock pages in RAM. */
  LOCKED,
  /** Reads a batch of scattered ranges at once ({@link MemoryRegion#prefetch}). */
  PREFETCH,
  /** Tells which pages are in RAM ({@link MemoryRegion#residency()}). */
  RESIDENCY,
  /** Can let go of a range for a while ({@link MemoryRegion#release(long, long)}). */
  RELEASE,
  /** Can keep a region's resident part small ({@link MemoryRegion#limitResident}). */
  RESIDENT_BUDGET,
  /** Can change the size of an open region. */
  RESIZE,
  /** Grows regions in place, up to a {@linkplain RegionAttributes#maximum() maximum}. */
  GROW_IN_PLACE,
  /** Gives the space of a range back ({@link MemoryRegion#punch}). */
  PUNCH,
  /** Accepts {@link SwapPolicy} values. */
  SWAP_POLICY,
  /** Tells which pages were written since it was last asked ({@link BackingRegion#trackDirty}). */
  DIRTY_TRACKING,
  /** Makes all that was stored durable at once, or nothing ({@link Durability#CHECKPOINT}). */
  CHECKPOINT,
  /** Lets several processes have a region open for writing, and know of each other. */
  PROCESS_SHARED
}
