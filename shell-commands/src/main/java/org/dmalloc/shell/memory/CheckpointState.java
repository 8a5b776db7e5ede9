/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.TimeSpan;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/**
 * How the checkpoints of a group stand.
 *
 * @param group its name; of a region on its own the region's
 * @param regions the names of its regions that are open here
 */
public record CheckpointState(String group, List<String> regions, CheckpointStatus status) {

  /** Whether checkpoints make the stores to a region durable, and nothing else does. */
  static boolean has(RegionInfo info) {
    return info.durability() == Durability.CHECKPOINT;
  }

  static CheckpointState of(CheckpointGroup group) {
    return new CheckpointState(group.name(), names(group), group.status());
  }

  static Optional<CheckpointState> of(MemoryRegion region) {
    return has(region.info()) ? Optional.of(of(region.checkpoints())) : Optional.empty();
  }

  static List<String> names(CheckpointGroup group) {
    return group.regions().stream()
        .map(region -> RegionLookup.label(region.info()))
        .sorted()
        .toList();
  }

  /**
   * Refuses a command for a checkpointed region.
   *
   * @param why what does not fit, and the next step, with the label in place of {@code %s}
   */
  static void refuse(String command, RegionLookup.Lease lease, String why) {
    if (has(lease.region().info())) {
      throw new UsageException(command + ": " + why.replace("%s", lease.label()));
    }
  }

  /** The last checkpoint and its age. */
  String last() {
    return status.number() == 0
        ? "none yet"
        : status.number() + ", " + TimeSpan.since(status.at(), Instant.now()) + " ago";
  }

  String applied() {
    return status.applied() == status.number() ? "yes" : "up to " + status.applied();
  }

  String privateBytes() {
    return ByteSize.format(status.privateBytes()) + " of " + ByteSize.format(status.privateBound());
  }

  String failure() {
    String failure = status.failure();
    return failure == null ? "-" : failure;
  }

  String members() {
    return String.join(",", regions);
  }

  /** By the ids of regions that have checkpoints. */
  static Map<Long, CheckpointState> byRegion(List<Backend.Open> open) {
    Map<Long, CheckpointState> states = new HashMap<>();
    for (Backend.Open each : open) {
      if (has(each.info())) {
        states.put(each.info().id(), of(each.region().checkpoints()));
      }
    }
    return states;
  }

  /** Columns for rows that may have checkpoints, with a dash for those that have none. */
  static <R> List<Table.Column<R>> columns(
      Collection<CheckpointState> states, Function<R, @Nullable CheckpointState> of) {
    List<Table.Column<R>> columns =
        new ArrayList<>(
            List.of(
                column("GROUP", of, CheckpointState::group),
                column("CHECKPOINT", of, CheckpointState::last),
                column("PRIVATE", of, CheckpointState::privateBytes)));
    if (states.stream().anyMatch(state -> state.status().failure() != null)) {
      columns.add(column("FAILURE", of, CheckpointState::failure));
    }
    return columns;
  }

  private static <R> Table.Column<R> column(
      String title,
      Function<R, @Nullable CheckpointState> of,
      Function<CheckpointState, String> cell) {
    return Table.column(
        title,
        row -> {
          CheckpointState state = of.apply(row);
          return state == null ? "-" : cell.apply(state);
        });
  }

  /** Adds the lines of a region's details. */
  void addTo(Map<String, String> lines, RegionInfo info) {
    lines.put("group", regions.size() == 1 ? group : group + ": " + String.join(", ", regions));
    lines.put(
        "checkpoint",
        last()
            + (status.applied() == status.number() ? "" : "; the file has " + status.applied())
            + automatic(info.checkpoints()));
    lines.put("private", privateBytes());
    if (status.failure() != null) {
      lines.put("failure", failure());
    }
  }

  /** What the region was allocated or opened with; the first of the group counts. */
  private static String automatic(CheckpointOptions options) {
    List<String> when = new ArrayList<>();
    if (!options.every().isZero()) {
      when.add(TimeSpan.format(options.every()) + " after a change");
    }
    if (options.changedBytes() > 0) {
      when.add("by " + ByteSize.format(options.changedBytes()) + " of changes");
    }
    if (!options.onClose()) {
      when.add("not at its close");
    }
    return when.isEmpty() ? "" : "; " + String.join(", ", when);
  }
}
