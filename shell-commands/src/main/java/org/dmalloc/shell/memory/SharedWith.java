/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Backend;

/**
 * Who has a process-shared region open.
 *
 * @param member the number of this process among them
 * @param processes the ids of the others, as far as this pid namespace shows them
 */
public record SharedWith(int member, List<Long> processes) {
  static Optional<SharedWith> of(MemoryRegion region) {
    return region.members().map(all -> new SharedWith(all.self(), all.processes()));
  }

  /** By the ids of regions that are process-shared. */
  static Map<Long, SharedWith> byRegion(List<Backend.Open> open) {
    Map<Long, SharedWith> shared = new HashMap<>();
    for (Backend.Open each : open) {
      of(each.region()).ifPresent(with -> shared.put(each.info().id(), with));
    }
    return shared;
  }

  /** A column for listings in which some regions are process-shared. */
  static Table.Column<RegionInfo> column(Map<Long, SharedWith> byRegion) {
    return Table.column(
        "PROCESSES",
        info -> {
          SharedWith with = byRegion.get(info.id());
          return with == null ? "-" : with.list();
        });
  }

  private String list() {
    return processes.isEmpty() ? "this one" : "this one, " + others();
  }

  private String others() {
    return processes.stream().map(Object::toString).collect(Collectors.joining(", "));
  }

  /** For the details of one region. */
  String text() {
    return "this one, as member "
        + member
        + (processes.isEmpty() ? "; no other has it open" : "; also " + others());
  }
}
