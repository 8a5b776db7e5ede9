/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.time.Duration;
import java.util.List;

/**
 * What the opening of a heap found.
 *
 * @param clean whether it was closed cleanly, or is new
 * @param duration what opening took
 * @param liveBlocks blocks that were found; −1 if it was clean, as nobody counted
 * @param lastAllocated blocks that were handed out last before the process ended: one that nobody
 *     had stored the offset of is leaked, see {@link Heap#sweep}. At most one for each cache
 */
public record HeapRecovery(
    boolean clean, Duration duration, long liveBlocks, List<Long> lastAllocated) {
  public HeapRecovery {
    lastAllocated = List.copyOf(lastAllocated);
  }
}
