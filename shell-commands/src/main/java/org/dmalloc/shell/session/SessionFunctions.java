/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.session;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.apache.felix.service.command.Function;
import org.dmalloc.api.VisibleText;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandRefusal;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.osgi.framework.Version;

/** Functions for a session's profile. Shells hide names with a leading underscore. */
public final class SessionFunctions {
  /** The function that prints the first lines of an interactive shell. */
  public static final String WELCOME = "__welcome";

  /**
   * The function for an unknown word. Gogo calls a session's function {@code default} with the word
   * in front, so a profile says {@code default = { dmalloc:__unknown $args }}.
   */
  public static final String UNKNOWN = "__unknown";

  private SessionFunctions() {}

  /** Prints the version and the backends. */
  public static Function welcome(Providers providers, Version version) {
    return (session, arguments) -> {
      // The lines are laid out here, and names of backends may contain anything.
      List<String> names = providers.names().stream().map(VisibleText::of).toList();
      Message message =
          new Message(
              ("dmalloc " + version + " on Java " + Runtime.version().feature())
                  + (names.isEmpty() ? ", no backend" : ", backends " + String.join(", ", names))
                  + "\n'help' lists the commands, TAB completes, Ctrl-C stops a command,"
                  + " Ctrl-D ends.");
      Console console = Console.of(session);
      OptionalInt width = console.width();
      console.print(width.isPresent() ? message.fitting(width.getAsInt()) : message);
      return message;
    };
  }

  /**
   * Fails with the name of the command that is nearest to the word, or with the reason why it is
   * refused.
   *
   * @param refusal of commands that are not among them
   */
  public static Function unknown(Supplier<List<Command>> commands, CommandRefusal refusal) {
    return (session, arguments) -> {
      String word = arguments.isEmpty() ? "" : arguments.getFirst().toString();
      throw refusal.of(word).orElseGet(() -> unknown(word, commands.get()));
    };
  }

  static UsageException unknown(String word, List<Command> known) {
    return Words.unknown(
        "command", word, known.stream().map(SessionFunctions::firstWord).distinct().toList());
  }

  private static String firstWord(Command command) {
    return command.group().isEmpty() ? command.name() : command.group();
  }
}
