/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

/** The steps of a move, in order; a failure at any of them must leave the region whole. */
enum Step {
  /** Before anything is done. */
  BEGIN,
  /** The target is allocated, and still empty. */
  ALLOCATED,
  /** Writes are being noted. */
  TRACKING,
  /** After each part of the first copy. */
  COPYING,
  /** The first copy is done. */
  COPIED,
  /** After each further pass. */
  PASSED,
  /** Between stores only: the old file says where the region goes; more passes follow. */
  ANNOUNCED,
  /** The gate is shut; nothing is changed yet. */
  SHUT,
  /** The last delta is copied. */
  DELTA_COPIED,
  /** Between stores only: all of the new file is on its device. */
  FORCED,
  /** Between stores only: the new file has its name, and holds the region from here on. */
  PUBLISHED,
  /** Remapping only: the source is closed, the target not open yet. */
  SOURCE_CLOSED,
  /** The region is on the target; a failure from here on changes nothing. */
  EXCHANGED,
  /** The source is closed, and its file deleted; the new file still says where it came from. */
  RELEASED;

  /** Told of each step; what it throws, the step throws. For tests. */
  @FunctionalInterface
  interface Probe {
    Probe NONE = (region, step) -> {};

    void reached(ManagedRegion region, Step step) throws org.dmalloc.api.MemoryException;
  }
}
