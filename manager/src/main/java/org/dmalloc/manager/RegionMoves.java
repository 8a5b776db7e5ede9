/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.move.ManagedRegionInfo;

/** What the moves of a region go by: its home, and what the one that runs needs; and their past. */
final class RegionMoves {
  private final History history = new History();
  private volatile String home;

  /** The backends that a move of it needs which runs now. */
  private volatile List<Backend> needed = List.of();

  /** Backends' regions that the move which runs copies between. */
  private volatile List<MemoryRegion> moved = List.of();

  RegionMoves(String home) {
    this.home = home;
  }

  /** The backend that it is to return to. */
  String home() {
    return home;
  }

  void settle(String backend) {
    home = backend;
  }

  History history() {
    return history;
  }

  /** Says which backends a move needs, from its beginning until the old memory is released. */
  void needs(List<Backend> backends) {
    needed = backends;
  }

  boolean isNeeded(Backend backend) {
    return needed.contains(backend);
  }

  /** Says between which backends' regions a move copies, until the one that is left is released. */
  void between(List<MemoryRegion> backendsRegions) {
    moved = backendsRegions;
  }

  ManagedRegionInfo info(ManagedRegion region) {
    Placement now = region.placement();
    Set<Long> carries = new HashSet<>();
    carries.add(now.region().id());
    moved.forEach(each -> carries.add(each.id()));
    carries.remove(region.id());
    return new ManagedRegionInfo(
        region.id(),
        carries,
        now.backend().name(),
        home,
        region.bundle(),
        history.moves(),
        history.records(),
        region.stranded());
  }
}
