/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/** What {@link MemoryRegion#punch} does with the disk space of a range. */
public enum Punch {
  /**
   * Only RAM is given back: the disk space stays reserved, so that no later store can lack it. In a
   * {@link Reservation#SPARSE} region the space of the range is taken.
   */
  KEEP_RESERVED,
  /**
   * Disk space is given back too. Until {@link MemoryRegion#reserve} has taken it again, a store
   * there takes it as in a {@link Reservation#SPARSE} region, and meets a full disk as a signal (on
   * tmpfs a load does, too); {@link RegionInfo#reservation()} says SPARSE. The region still
   * reserves what it grows by.
   */
  RELEASE
}
