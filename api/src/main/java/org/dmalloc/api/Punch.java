/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/** What {@link MemoryRegion#punch} does with the disk space of a range. */
public enum Punch {
  /** Only RAM is given back: the space stays reserved, so that no later store can lack it. */
  KEEP_RESERVED,
  /**
   * Disk space is given back too. Until {@link MemoryRegion#reserve} has taken it again, a store
   * there takes it as in a {@link Reservation#SPARSE} region, and meets a full disk as a signal.
   */
  RELEASE
}
