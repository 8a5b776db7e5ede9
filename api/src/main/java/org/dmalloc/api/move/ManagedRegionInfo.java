/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.move;

import java.util.List;
import java.util.Set;
import org.dmalloc.api.RegionInfo;
import org.jspecify.annotations.Nullable;

/**
 * What the manager knows of a movable region, beyond its {@link RegionInfo}.
 *
 * @param id the region's number
 * @param carried the numbers of backends' regions that hold its bytes, or will when a move that
 *     runs is done. Listings leave those out, but for this region itself: it is the same memory,
 *     and only its carrier may close or resize it
 * @param backend the backend it is on now
 * @param home the backend it was allocated on or last moved to by command
 * @param bundle the symbolic name of the bundle that took it
 * @param moves how often it has moved
 * @param history its last moves and failed moves, oldest first
 * @param stranded why it is on no living backend, and what to do; null if all is well
 */
public record ManagedRegionInfo(
    long id,
    Set<Long> carried,
    String backend,
    String home,
    String bundle,
    long moves,
    List<MoveRecord> history,
    @Nullable String stranded) {
  public ManagedRegionInfo {
    carried = Set.copyOf(carried);
    history = List.copyOf(history);
  }
}
