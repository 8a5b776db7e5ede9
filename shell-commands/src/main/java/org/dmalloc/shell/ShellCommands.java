/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.memory.AdviseCommand;
import org.dmalloc.shell.memory.AllocCommand;
import org.dmalloc.shell.memory.BudgetCommand;
import org.dmalloc.shell.memory.DeleteCommand;
import org.dmalloc.shell.memory.FillCommand;
import org.dmalloc.shell.memory.FlushCommand;
import org.dmalloc.shell.memory.FreeCommand;
import org.dmalloc.shell.memory.HotswapCommand;
import org.dmalloc.shell.memory.InfoCommand;
import org.dmalloc.shell.memory.OpenCommand;
import org.dmalloc.shell.memory.PolicyCommand;
import org.dmalloc.shell.memory.ProvidersCommand;
import org.dmalloc.shell.memory.ReadCommand;
import org.dmalloc.shell.memory.RegionsCommand;
import org.dmalloc.shell.memory.ReleaseCommand;
import org.dmalloc.shell.memory.ResizeCommand;
import org.dmalloc.shell.memory.StoredCommand;
import org.dmalloc.shell.memory.VerifyCommand;
import org.dmalloc.shell.memory.WriteCommand;
import org.dmalloc.shell.session.GrepCommand;
import org.dmalloc.shell.session.HelpCommand;

/**
 * The commands, in the order in which help lists them: those of this bundle for memory, those that
 * other bundles add, and those for the session. Safe for any thread.
 */
public final class ShellCommands {
  /** The Gogo scope of all commands. */
  public static final String SCOPE = "dmalloc";

  private final Providers providers;
  private final List<Command> memory;
  private final Map<CommandSource, List<Command>> added = new LinkedHashMap<>();
  private final List<Command> session;

  /** Makes the commands of this bundle over the given providers. */
  public ShellCommands(Providers providers) {
    this.providers = providers;
    this.memory =
        List.of(
            new ProvidersCommand(providers),
            new AllocCommand(providers),
            new OpenCommand(providers),
            new FreeCommand(providers),
            new RegionsCommand(providers),
            new InfoCommand(providers),
            new WriteCommand(providers),
            new ReadCommand(providers),
            new FillCommand(providers),
            new AdviseCommand(providers),
            new PolicyCommand(providers),
            new ReleaseCommand(providers),
            new BudgetCommand(providers),
            new FlushCommand(providers),
            new ResizeCommand(providers),
            new HotswapCommand(providers),
            new StoredCommand(providers),
            new DeleteCommand(providers),
            new VerifyCommand(providers));
    this.session = List.of(new GrepCommand(providers), new HelpCommand(providers, this::all));
  }

  /** Takes the commands of another bundle, and gives them. */
  public synchronized List<Command> add(CommandSource source) {
    List<Command> commands = List.copyOf(source.commands(providers));
    added.put(source, commands);
    return commands;
  }

  /** Forgets the commands of another bundle, and gives them. */
  public synchronized List<Command> remove(CommandSource source) {
    List<Command> commands = added.remove(source);
    return commands == null ? List.of() : commands;
  }

  /** All commands. */
  public synchronized List<Command> all() {
    List<Command> all = new ArrayList<>(memory);
    added.values().forEach(all::addAll);
    all.addAll(session);
    return List.copyOf(all);
  }
}
