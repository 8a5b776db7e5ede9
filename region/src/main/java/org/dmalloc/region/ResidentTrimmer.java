/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.region;

import org.dmalloc.api.MemoryException;

/**
 * Takes pages of one region out of RAM, in rounds of short steps. Called by one thread, each time
 * in a section of its own.
 */
public interface ResidentTrimmer {
  /** The bytes that count against the budget. */
  long residentBytes() throws MemoryException;

  /**
   * Plans a round.
   *
   * @param excessBytes how much is to leave RAM
   * @param urgent whether used pages may go too
   */
  void begin(long excessBytes, boolean urgent) throws MemoryException;

  /**
   * Does a part of the round that takes some milliseconds at most.
   *
   * @return false once the round is at its end
   */
  boolean step() throws MemoryException;
}
