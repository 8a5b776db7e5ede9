/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.util.ArrayList;
import java.util.List;
import org.dmalloc.shell.command.AdviseCommand;
import org.dmalloc.shell.command.AllocCommand;
import org.dmalloc.shell.command.BenchCommand;
import org.dmalloc.shell.command.BudgetCommand;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CompareCommand;
import org.dmalloc.shell.command.DeleteCommand;
import org.dmalloc.shell.command.DoctorCommand;
import org.dmalloc.shell.command.FillCommand;
import org.dmalloc.shell.command.FlushCommand;
import org.dmalloc.shell.command.FreeCommand;
import org.dmalloc.shell.command.GrepCommand;
import org.dmalloc.shell.command.HelpCommand;
import org.dmalloc.shell.command.HotswapBenchCommand;
import org.dmalloc.shell.command.HotswapCommand;
import org.dmalloc.shell.command.InfoCommand;
import org.dmalloc.shell.command.LoadCommand;
import org.dmalloc.shell.command.OpenCommand;
import org.dmalloc.shell.command.PolicyCommand;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.ProvidersCommand;
import org.dmalloc.shell.command.ReadCommand;
import org.dmalloc.shell.command.RegionsCommand;
import org.dmalloc.shell.command.ReleaseCommand;
import org.dmalloc.shell.command.ResizeCommand;
import org.dmalloc.shell.command.StoredCommand;
import org.dmalloc.shell.command.VerifyCommand;
import org.dmalloc.shell.command.WriteCommand;

/** The commands, in the order in which help lists them. */
public final class ShellCommands {
  /** The Gogo scope of all commands. */
  public static final String SCOPE = "dmalloc";

  private final List<Command> commands = new ArrayList<>();

  /** Makes all commands over the given providers. */
  public ShellCommands(Providers providers) {
    commands.add(new ProvidersCommand(providers));
    commands.add(new AllocCommand(providers));
    commands.add(new OpenCommand(providers));
    commands.add(new FreeCommand(providers));
    commands.add(new RegionsCommand(providers));
    commands.add(new InfoCommand(providers));
    commands.add(new WriteCommand(providers));
    commands.add(new ReadCommand(providers));
    commands.add(new FillCommand(providers));
    commands.add(new AdviseCommand(providers));
    commands.add(new PolicyCommand(providers));
    commands.add(new ReleaseCommand(providers));
    commands.add(new BudgetCommand(providers));
    commands.add(new FlushCommand(providers));
    commands.add(new ResizeCommand(providers));
    commands.add(new HotswapCommand(providers));
    commands.add(new LoadCommand(providers));
    commands.add(new StoredCommand(providers));
    commands.add(new DeleteCommand(providers));
    commands.add(new VerifyCommand(providers));
    commands.add(new BenchCommand(providers));
    commands.add(new HotswapBenchCommand(providers));
    commands.add(new CompareCommand(providers));
    commands.add(new DoctorCommand(providers));
    commands.add(new GrepCommand(providers));
    commands.add(new HelpCommand(providers, this::all));
  }

  /** All commands. */
  public List<Command> all() {
    return List.copyOf(commands);
  }
}
