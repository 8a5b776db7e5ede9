/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.command.RegionWatcher;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Makes checkpoints of regions and of their groups, goes back to them, and lists them. */
public final class CheckpointCommands extends CommandSet {
  public CheckpointCommands(Providers providers) {
    super(providers, "checkpoint", "discard", "checkpoints");
  }

  /**
   * What came of one checkpoint.
   *
   * @param regions the names of the regions of the group that are open here
   * @param number its number; that of the last one if nothing was changed since
   * @param made whether there is a new one
   * @param changedBytes bytes of the pages in it
   * @param writtenBytes bytes written to the journal
   * @param stop how long no section could begin
   * @param durable how long it took until the device had it
   */
  public record Made(
      String group,
      List<String> regions,
      long number,
      boolean made,
      long changedBytes,
      long writtenBytes,
      Duration stop,
      Duration durable) {
    private static final CheckpointStatus.Cost NOTHING =
        new CheckpointStatus.Cost(0, 0, Duration.ZERO, Duration.ZERO, Duration.ZERO);

    static Made of(CheckpointGroup group, long before, long number) {
      CheckpointStatus.Cost told = group.status().last();
      boolean made = number > before;
      CheckpointStatus.Cost cost = made && told != null ? told : NOTHING;
      return new Made(
          group.name(),
          CheckpointState.names(group),
          number,
          made,
          cost.changedBytes(),
          cost.writtenBytes(),
          cost.stop(),
          cost.durable());
    }

    private String ifMade(Function<Made, String> cell) {
      return made ? cell.apply(this) : "-";
    }
  }

  @Descriptor("makes all that was stored to regions and their groups durable, all or nothing")
  @Affects(Effect.WRITE)
  public Printable checkpoint(
      CommandSession session,
      @Argument("ID…: ids or names of open regions; each group is taken once") List<Object> ids,
      @Argument("--json: as JSON") boolean json)
      throws MemoryException, CommandFailure {
    Console console = Console.of(session);
    List<CheckpointGroup> groups = groups("checkpoint", ids);
    List<Made> made = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    for (CheckpointGroup group : groups) {
      try (ProgressLine progress = console.progress("checkpoint " + group.name())) {
        long before = group.status().number();
        made.add(Made.of(group, before, group.checkpoint(progress)));
      } catch (MemoryException | IllegalStateException e) {
        if (groups.size() == 1 || Thread.currentThread().isInterrupted()) {
          throw e;
        }
        failures.add(CommandFailure.of("checkpoint", e, providers()).getMessage());
      }
    }
    Printable result =
        json ? new JsonResult(made) : new Listing<>(made, "no checkpoint was made", COLUMNS);
    if (failures.isEmpty()) {
      return result;
    }
    console.print(result);
    failures.forEach(console::warn);
    throw CommandFailure.because(
        null, "checkpoint: %d of %d failed; see above", failures.size(), groups.size());
  }

  private static final List<Table.Column<Made>> COLUMNS =
      List.of(
          Table.column("GROUP", Made::group),
          Table.column("CHECKPOINT", row -> row.number() + (row.made() ? "" : ", unchanged")),
          Table.column("CHANGED", row -> row.ifMade(m -> ByteSize.format(m.changedBytes()))),
          Table.column("WRITTEN", row -> row.ifMade(m -> ByteSize.format(m.writtenBytes()))),
          Table.column("STOP", row -> row.ifMade(m -> Units.nanos(m.stop().toNanos()))),
          Table.column("DURABLE", row -> row.ifMade(m -> Units.nanos(m.durable().toNanos()))),
          Table.column("REGIONS", row -> String.join(",", row.regions())));

  @Descriptor("goes back to the last checkpoint: what was stored since is lost")
  @Affects({Effect.WRITE, Effect.DELETE})
  public Message discard(
      @Argument("ID…: ids or names of open regions; their groups go back as a whole")
          List<Object> ids,
      @Argument("--yes: yes, what was stored since may be lost") boolean yes)
      throws MemoryException {
    List<CheckpointGroup> groups = groups("discard", ids);
    if (!yes) {
      throw UsageException.of(
          "discard: what was stored to %s would be lost; give --yes if it may be",
          groups.stream().map(CheckpointCommands::sinceLast).reduce((a, b) -> a + ", " + b).get());
    }
    for (CheckpointGroup group : groups) {
      for (MemoryRegion region : group.regions()) {
        for (RegionWatcher watcher : providers().watchers()) {
          watcher.discarding(region);
        }
      }
    }
    List<String> lines = new ArrayList<>();
    for (CheckpointGroup group : groups) {
      group.discard();
      lines.add("discarded what was stored to " + sinceLast(group));
    }
    return Message.of(lines);
  }

  private static String sinceLast(CheckpointGroup group) {
    long number = group.status().number();
    return String.join(", ", CheckpointState.names(group))
        + (number == 0 ? " since the allocation" : " since checkpoint " + number);
  }

  @Descriptor("lists the groups of checkpointed regions that are open, and how each stands")
  public Printable checkpoints(
      CommandSession session,
      @Argument("[ID]: id or name of an open region: its group alone") @Nullable Object id,
      @Argument("--json: as JSON") boolean json) {
    List<CheckpointGroup> groups =
        id == null
            ? distinct(
                providers().regions(warn(session)).stream()
                    .map(Backend.Open::region)
                    .filter(region -> CheckpointState.has(region.info()))
                    .toList())
            : groups("checkpoints", List.of(id));
    List<CheckpointState> rows = groups.stream().map(CheckpointState::of).toList();
    if (json) {
      return new JsonResult(rows);
    }
    List<Table.Column<CheckpointState>> columns =
        new ArrayList<>(
            List.of(
                Table.column("GROUP", CheckpointState::group),
                Table.column("CHECKPOINT", CheckpointState::last),
                Table.column("APPLIED", CheckpointState::applied),
                Table.column("PRIVATE", CheckpointState::privateBytes),
                Table.column("JOURNAL", row -> ByteSize.format(row.status().journalBytes())),
                Table.column("REGIONS", CheckpointState::members)));
    if (rows.stream().anyMatch(row -> row.status().failure() != null)) {
      columns.add(Table.column("FAILURE", CheckpointState::failure)); // the longest, so the last
    }
    return new Listing<>(rows, "no checkpointed region is open", columns);
  }

  /** The groups of open regions, each once; all are resolved first, so that a mistake stops all. */
  private List<CheckpointGroup> groups(String command, List<Object> ids) {
    List<MemoryRegion> regions = ids.stream().map(lookup()::open).toList();
    for (MemoryRegion region : regions) {
      RegionInfo info = region.info();
      if (!CheckpointState.has(info)) {
        throw UsageException.of(
            "%s: %s has no checkpoints, its durability is %s; 'alloc --checkpoint' makes a region"
                + " that has",
            command, RegionLookup.label(info), Words.of(info.durability()));
      }
    }
    return distinct(regions);
  }

  private static List<CheckpointGroup> distinct(List<MemoryRegion> regions) {
    Map<CheckpointGroup, Boolean> groups = new LinkedHashMap<>();
    regions.forEach(region -> groups.put(region.checkpoints(), true));
    return List.copyOf(groups.keySet());
  }
}
