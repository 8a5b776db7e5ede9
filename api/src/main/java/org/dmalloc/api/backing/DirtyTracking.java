/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import org.dmalloc.api.MemoryException;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Knows which pages of a region were written since it was last asked; see {@link
 * BackingRegion#trackDirty()}.
 *
 * <p><b>Threads.</b> Writers go on meanwhile. {@code collect} and {@code close} are called by one
 * thread at a time.
 */
@ProviderType
public interface DirtyTracking extends AutoCloseable {
  /** Takes ranges of written pages. */
  @ConsumerType
  @FunctionalInterface
  interface Visitor {
    /**
     * Takes one range: whole pages, but for the last of the region, which ends with the region.
     *
     * @param offset in bytes from the start of the region
     * @param length in bytes, at least 1
     */
    void written(long offset, long length) throws MemoryException;
  }

  /**
   * Tells the ranges that were written since tracking started or was last asked, in ascending
   * order, and starts anew. Each range is armed again <i>before</i> the visitor is told of it: a
   * write that comes while the visitor reads the range is told next time, and none is missed.
   *
   * @throws MemoryException if the kernel refuses, or what the visitor throws; ranges already armed
   *     again are lost then, and tracking must be started afresh
   */
  void collect(Visitor visitor) throws MemoryException;

  /**
   * Like {@link #collect}, for the last time and without writers: nothing need be armed again,
   * which may be faster. Afterwards only {@code close} is to be called.
   *
   * @throws MemoryException as {@code collect} does
   */
  default void collectLast(Visitor visitor) throws MemoryException {
    collect(visitor);
  }

  /** What finds the written pages, in words: {@code userfaultfd} … */
  String method();

  /** Ends the tracking; closing again does nothing. */
  @Override
  void close();
}
