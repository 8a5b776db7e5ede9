/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * When a name, or that it was changed or deleted, is on the device, so that a power loss does not
 * undo it.
 */
public enum NameDurability {
  /** When the call returns, which waits for the device several times. */
  NOW,
  /**
   * When {@link MemoryRegion#force()} of the region, or {@link MemoryProvider#forceNames()} for all
   * at once, has returned. A power loss before that may bring back what was there: no region of
   * that name, the old name, or the region that was deleted; never half of one.
   */
  ON_FORCE
}
