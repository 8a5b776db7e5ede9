/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/** What makes a store durable. */
public enum Durability {
  /** {@link MemoryRegion#force()} does. */
  ON_FORCE,
  /**
   * Every store that has left the CPU's caches is durable (MAP_SYNC), on a file system with DAX.
   * Else the region falls back to {@link #ON_FORCE}, and {@link RegionInfo#durability()} says so.
   */
  SYNC,
  /**
   * {@link MemoryRegion#checkpoint()} does, all or nothing: stores go to private copies of pages,
   * which reach the file with a checkpoint only. For named regions.
   */
  CHECKPOINT
}
