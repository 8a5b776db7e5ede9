/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import org.dmalloc.api.MemoryException;

/**
 * Takes pages of one region out of RAM, in rounds of short steps. Called by one thread, each time
 * in a section of its own.
 */
public interface ResidentTrimmer {
  /** What {@link #step} returns at the end of a round. */
  long DONE = -1;

  /** The bytes that count against the budget. */
  long residentBytes() throws MemoryException;

  /**
   * Plans a round.
   *
   * @param excessBytes how much is to leave RAM
   * @param aheadBytes how much more will have to soon: what can be prepared, and must not leave yet
   * @param graceNanos how long users have to show that they use something before it leaves RAM; 0
   *     if used pages may go too
   */
  void begin(long excessBytes, long aheadBytes, long graceNanos) throws MemoryException;

  /**
   * Does some milliseconds of the round; returns the evicted bytes, or {@link #DONE} at its end.
   */
  long step() throws MemoryException;
}
