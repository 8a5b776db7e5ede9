/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.session;

import java.util.List;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;

/**
 * The error for a word that is not a command, with the nearest command. Gogo calls the function
 * {@code default} of a session for such a line, with the word in front, so a profile says {@code
 * default = { dmalloc:__unknown $args }}.
 */
public final class UnknownCommand implements Function {
  /** The name of the function; shells hide names that begin so. */
  public static final String FUNCTION = "__unknown";

  private final Supplier<List<Command>> commands;

  public UnknownCommand(Supplier<List<Command>> commands) {
    this.commands = commands;
  }

  @Override
  public Object execute(CommandSession session, List<Object> arguments) {
    throw failure(arguments.isEmpty() ? "" : arguments.getFirst().toString(), commands.get());
  }

  static UsageException failure(String word, List<Command> known) {
    return Words.unknown("command", word, known.stream().map(c -> c.syntax().name()).toList());
  }
}
