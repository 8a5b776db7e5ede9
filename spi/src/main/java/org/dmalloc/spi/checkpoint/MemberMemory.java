/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.DirtyTracking;

/**
 * The memory of a checkpointed region, as a backend gives it: it shows the region's file, and what
 * is stored to it goes to private copies of pages, which the file never gets.
 */
public interface MemberMemory {
  /** The whole pages of all of the region, the rest of the last one included. */
  MemorySegment pages();

  /** The region's size now, in bytes. */
  long byteSize();

  /** How many bytes are in use; -1 if nobody has said. */
  long length();

  /** Says so anew, when the region goes back to a checkpoint. */
  void useLength(long length);

  /**
   * Whether {@link #changed} knows what was stored since it last armed; else it shows all pages
   * that have a private copy.
   */
  boolean tracks();

  /**
   * Shows the pages of a range that have a private copy and were stored to since they were armed
   * last. A store that comes meanwhile to a page that is armed is shown the next time.
   *
   * @param arm whether to arm the pages that are shown, each before it is shown
   */
  void changed(long offset, long length, boolean arm, DirtyTracking.Visitor visitor)
      throws MemoryException;

  /**
   * Gives the private copies of runs of whole pages up, which show the file again and stay armed.
   * Nobody is inside.
   */
  void drop(long[] offsets, long[] byteSizes) throws MemoryException;

  /** Gives all private copies up, those of pages that are not armed included. Nobody is inside. */
  void dropAll() throws MemoryException;

  /**
   * Ends all segments at once, also those of open sections, whose next access throws; the memory
   * stays, and {@link #pages} gives it anew.
   *
   * @throws IllegalStateException while a native call uses a segment; nothing has changed
   */
  void revoke();
}
