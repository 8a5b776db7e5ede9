/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.memory.ContentCommands;
import org.dmalloc.shell.memory.HotswapCommand;
import org.dmalloc.shell.memory.ListingCommands;
import org.dmalloc.shell.memory.OpeningCommands;
import org.dmalloc.shell.memory.PagingCommands;
import org.dmalloc.shell.memory.ProvidersCommand;
import org.dmalloc.shell.memory.SpaceCommands;
import org.dmalloc.shell.memory.StoreCommands;
import org.dmalloc.shell.session.GrepCommand;
import org.dmalloc.shell.session.HelpCommand;

/**
 * The commands in the order of help: those of this bundle for memory, those of other bundles, and
 * those for the session. Safe for any thread.
 */
public final class ShellCommands {
  public static final String SCOPE = "dmalloc";

  private final Providers providers;
  private final List<Command> memory;
  private final Map<CommandSource, List<Command>> added = new LinkedHashMap<>();
  private final List<Command> session;

  public ShellCommands(Providers providers) {
    this.providers = providers;
    this.memory =
        commands(
            List.of(
                new ProvidersCommand(providers),
                new OpeningCommands(providers),
                new ListingCommands(providers),
                new ContentCommands(providers),
                new SpaceCommands(providers),
                new PagingCommands(providers),
                new HotswapCommand(providers),
                new StoreCommands(providers)));
    this.session =
        commands(List.of(new GrepCommand(providers), new HelpCommand(providers, this::all)));
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

  public synchronized List<Command> all() {
    List<Command> all = new ArrayList<>(memory);
    added.values().forEach(all::addAll);
    all.addAll(session);
    return List.copyOf(all);
  }
}
