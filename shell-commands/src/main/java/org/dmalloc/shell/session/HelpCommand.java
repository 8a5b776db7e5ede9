/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Function;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandGroup;
import org.dmalloc.shell.command.CommandRefusal;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.HelpPage;
import org.jspecify.annotations.Nullable;

/** Explains the commands. */
public final class HelpCommand extends CommandSet {
  private static final String SCOPE = "dmalloc:";
  private static final List<String> OTHERS = List.of("felix:help", "gogo:help");

  private final Supplier<List<Command>> commands;
  private final List<CommandGroup> groups;
  private final CommandRefusal refusal;

  public HelpCommand(
      Providers providers,
      Supplier<List<Command>> commands,
      List<CommandGroup> groups,
      CommandRefusal refusal) {
    super(providers, "help");
    this.commands = commands;
    this.groups = groups;
    this.refusal = refusal;
  }

  @Descriptor("lists the commands, or explains one")
  public @Nullable Object help(
      CommandSession session, @Argument("[COMMAND…]: the command") List<Object> words)
      throws Exception {
    if (words.isEmpty()) {
      return new Message(overview());
    }
    String name = words.stream().map(Object::toString).collect(Collectors.joining(" "));
    String own = name.startsWith(SCOPE) ? name.substring(SCOPE.length()) : name;
    for (Command command : commands.get()) {
      if (command.name().equals(own)) {
        return new Message(HelpPage.of(command.syntax()));
      }
    }
    for (CommandGroup group : groups) {
      if (own.equals(group.name())) {
        return group.help();
      }
      if (own.startsWith(group.name() + " ")) {
        return new Message(HelpPage.of(group.find(own.substring(own.indexOf(' ') + 1)).syntax()));
      }
    }
    if (session.get(name) instanceof Function) {
      for (String other : OTHERS) {
        if (session.get(other) instanceof Function help) {
          return help.execute(session, new ArrayList<>(List.of(name)));
        }
      }
    }
    throw refusal.of(name).orElseGet(() -> SessionFunctions.unknown(name, commands.get()));
  }

  private String overview() {
    Map<String, String> lines = new LinkedHashMap<>();
    for (Command command : commands.get()) {
      if (command.group().isEmpty()) {
        lines.put(command.name(), command.syntax().summary());
      }
    }
    for (CommandGroup group : groups) {
      lines.put(group.name(), group.summary() + "; 'help " + group.name() + "' lists its commands");
    }
    int width = lines.keySet().stream().mapToInt(String::length).max().orElse(0);
    StringBuilder text = new StringBuilder("commands:\n");
    lines.forEach(
        (name, summary) ->
            text.append("  ")
                .append(name)
                .append(" ".repeat(width - name.length()))
                .append("  ")
                .append(summary)
                .append('\n'));
    return text.append(
            """

            'COMMAND --help' explains one. Sizes are written 4096, 64k, 512m, 1.5g. Where an ID
            stands, the name of a region does too; a stored region is opened for the command.\
            """)
        .toString();
  }
}
