/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.felix.service.command.Function;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandGroup;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.memory.CheckpointCommands;
import org.dmalloc.shell.memory.ContentCommands;
import org.dmalloc.shell.memory.HotswapCommand;
import org.dmalloc.shell.memory.LimitsCommand;
import org.dmalloc.shell.memory.ListingCommands;
import org.dmalloc.shell.memory.OpeningCommands;
import org.dmalloc.shell.memory.PagingCommands;
import org.dmalloc.shell.memory.ProvidersCommand;
import org.dmalloc.shell.memory.SharingCommands;
import org.dmalloc.shell.memory.SnapshotCommand;
import org.dmalloc.shell.memory.SpaceCommands;
import org.dmalloc.shell.memory.StoreCommands;
import org.dmalloc.shell.session.GrepCommand;
import org.dmalloc.shell.session.HelpCommand;
import org.dmalloc.shell.syntax.UsageException;

/**
 * The commands in the order of help: those of this bundle for memory, those that services add,
 * those for the session, and those in groups. Safe for any thread.
 */
public final class ShellCommands {
  public static final String SCOPE = "dmalloc";

  private final Providers providers;
  private final List<Command> memory;
  private volatile SwitchedOff off = SwitchedOff.NONE;
  private final Map<CommandSource, List<Command>> added = new LinkedHashMap<>();
  private final List<Command> session;
  private final List<CommandGroup> groups =
      List.of(
          new CommandGroup(
              "backup",
              "keeps the checkpoints of regions in a store, each as it is made",
              "the service of backups is not here; start the bundle org.dmalloc.backup",
              this::all,
              this::refusal),
          new CommandGroup(
              "heap",
              "allocates blocks inside a region: malloc and free on its memory",
              "the service of heaps is not here; start the bundle org.dmalloc.heap",
              this::all,
              this::refusal));

  public ShellCommands(Providers providers) {
    this.providers = providers;
    this.memory =
        commands(
            List.of(
                new ProvidersCommand(providers),
                new LimitsCommand(providers),
                new OpeningCommands(providers),
                new SharingCommands(providers),
                new ListingCommands(providers),
                new ContentCommands(providers),
                new SpaceCommands(providers),
                new PagingCommands(providers),
                new CheckpointCommands(providers),
                new HotswapCommand(providers),
                new SnapshotCommand(providers),
                new StoreCommands(providers)));
    this.session =
        commands(
            List.of(
                new GrepCommand(providers),
                new HelpCommand(providers, this::all, groups, this::refusal)));
  }

  private static List<Command> commands(List<? extends CommandSet> sets) {
    return sets.stream().flatMap(set -> set.commands().stream()).toList();
  }

  /** Adds and returns the commands of another bundle. */
  public synchronized List<Command> add(CommandSource source) {
    List<Command> commands = commands(source.commands(providers));
    added.put(source, commands);
    return commands;
  }

  /** Removes and returns the commands of another bundle. */
  public synchronized List<Command> remove(CommandSource source) {
    List<Command> commands = added.remove(source);
    return commands == null ? List.of() : commands;
  }

  /** Takes commands away for everybody; to be set before they are announced. */
  void off(SwitchedOff newOff) {
    off = newOff;
  }

  /** The commands that are not switched off. */
  public List<Command> all() {
    return existing().stream().filter(each -> !off.isOff(each)).toList();
  }

  /** Those that are switched off included. */
  synchronized List<Command> existing() {
    List<Command> all = new ArrayList<>(memory);
    added.values().forEach(all::addAll);
    all.addAll(session);
    all.sort(Comparator.comparing(each -> !each.group().isEmpty())); // stable: only groups go back
    return List.copyOf(all);
  }

  /** Why a command of that name is refused; empty if it is not switched off. */
  Optional<UsageException> refusal(String name) {
    return existing().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .flatMap(off::refusal);
  }

  /** The words in front of the names of commands that belong together. */
  public List<CommandGroup> groups() {
    return groups;
  }

  /** What Gogo calls, by the first word of a line. */
  public Map<String, Function> functions() {
    Map<String, Function> functions = new LinkedHashMap<>();
    for (Command command : all()) {
      if (command.group().isEmpty()) {
        functions.put(command.name(), command);
      }
    }
    groups.forEach(group -> functions.put(group.name(), group));
    return functions;
  }
}
