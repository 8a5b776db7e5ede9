/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.session;

import java.util.List;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.syntax.Words;

/**
 * What a session can do with a word that is no command: an error with the nearest command. Gogo
 * calls the function {@code default} of a session for it, with the word in front, so a profile says
 * {@code default = { dmalloc:__unknown $args }}.
 */
public final class UnknownCommand implements Function {
  /** The name of the function; shells hide names that begin so. */
  public static final String FUNCTION = "__unknown";

  private final Supplier<List<Command>> commands;

  /** Knows the given commands. */
  public UnknownCommand(Supplier<List<Command>> commands) {
    this.commands = commands;
  }

  @Override
  public Object execute(CommandSession session, List<Object> arguments) {
    String word = arguments.isEmpty() ? "" : arguments.getFirst().toString();
    throw Words.unknown(
        "command", word, commands.get().stream().map(c -> c.syntax().name()).toList());
  }
}
