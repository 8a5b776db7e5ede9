/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * When a name, or that it was changed or deleted, is on the device, so that a power loss does not
 * undo it; the same holds for the size of a named region, and for its length. A process that dies
 * undoes nothing in either case, except that a length that was not forced may be lost.
 *
 * <p>For a region that is opened it says the same of its later changes. With {@link #ON_FORCE} its
 * first force waits for what others put off, too; so does that of a read-only region.
 */
public enum NameDurability {
  /** When the call returns, which waits for the device, a length excepted. */
  NOW,
  /**
   * When {@link MemoryRegion#force()} of the region, or {@link MemoryProvider#forceNames()} for all
   * at once, has returned. A power loss before that may bring back what was there: no region of
   * that name, the old name, the old size, or the region that was deleted; never half of one. Of a
   * region that never was on the device an empty file may be left, which is listed as {@link
   * StoredRegion.State#UNUSABLE} and says that it can be deleted.
   */
  ON_FORCE
}
