/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A backend's region as its carrier sees it. A carrier, such as the provider of movable regions,
 * owns it alone, hands its memory out under a gate of its own, and may exchange it for another.
 *
 * <p>Optional for a backend. Regions that do not implement it can be carried as well, by {@link
 * MemoryRegion#segment()}; they can then not be resized, and their writes are found by comparison.
 */
@ProviderType
public interface BackingRegion extends MemoryRegion {
  /** Whoever carries a region: knows when its memory is used, as the backend itself does not. */
  @ConsumerType
  @FunctionalInterface
  interface Carrier {
    /**
     * Asks to be told of the next use.
     *
     * @param onUse called before the next use, on the user's thread; must not block
     * @return false, and {@code onUse} is not called, if the region is in use or can be used unseen
     */
    boolean notifyNextUse(Runnable onUse);

    /**
     * How users know the region, as {@code region 3 'orders'}, for the messages of the backend,
     * whose own number for it they have never seen; null if they know no other.
     */
    default @Nullable String label() {
      return null;
    }

    /**
     * Whether it has handed the raw segment out, so that somebody may know addresses of it when the
     * region is closed.
     */
    default boolean pinned() {
      return false;
    }
  }

  /**
   * The segment of the whole region, without pinning it: valid until the carrier itself resizes or
   * closes the region.
   */
  MemorySegment backing();

  /**
   * Says that from now on the memory that {@link #backing()} gave is used as the carrier lets on,
   * and not otherwise. A backend that samples regions in use can skip an idle one then. Without
   * this call it takes the memory for in use as long as the region is open.
   *
   * @param carrier asked by threads of the backend's
   */
  default void usedThrough(Carrier carrier) {}

  /**
   * Stores content, as a copy to {@link #backing()} would, by the way that is quickest where much
   * of a fresh region is filled: for who has the region alone, such as a carrier that has not
   * handed it out yet. A file backend writes it to the file, which costs no page faults, and is
   * seen in the mapping.
   *
   * @param offset in bytes from the start of the region
   * @param content any readable segment; its length is what is stored
   * @throws IndexOutOfBoundsException if it does not fit in
   * @throws UnsupportedOperationException if the region is open for reading only
   * @throws MemoryException if there is no memory or disk space; a part may have been stored
   */
  void load(long offset, MemorySegment content) throws MemoryException;

  /**
   * Starts to note which pages are written through this mapping, by any thread of this process. One
   * tracking at a time; the caller closes it. It may do so right after it has closed the region,
   * which spares the kernel taking the protection away first; no other call is allowed then.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#DIRTY_TRACKING}
   * @throws IllegalStateException if the region is being tracked already
   * @throws MemoryException if this kernel or the process's limits refuse
   */
  DirtyTracking trackDirty() throws MemoryException;

  /** Its file, by which it can go to another store; empty for a region without a name. */
  default Optional<StoredBacking> stored() {
    return Optional.empty();
  }
}
