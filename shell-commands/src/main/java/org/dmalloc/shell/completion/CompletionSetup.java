/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.completion;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.CommandSessionListener;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.syntax.CommandSyntax;
import org.dmalloc.shell.syntax.Option;
import org.jspecify.annotations.NullUnmarked;

/**
 * Registers the options and operands of the commands with Gogo's {@code complete} command in each
 * interactive session, just before its first line after the commands were added. Sessions without a
 * line reader are left alone.
 */
@NullUnmarked // Gogo's interfaces take null for "remove"
public final class CompletionSetup implements CommandSessionListener {
  /** The function that finds candidates; shells hide names with this prefix. */
  public static final String FUNCTION = "__complete";

  private static final String MARK = ".dmalloc.completion";
  private static final String READER = ".reader";
  private static final String COMPLETE = "gogo:complete";

  private final String scope;
  private final Supplier<List<Command>> commands;

  public CompletionSetup(String scope, Supplier<List<Command>> commands) {
    this.scope = scope;
    this.commands = commands;
  }

  @Override
  public void beforeExecute(CommandSession session, CharSequence line) {
    if (this.equals(session.get(MARK))
        || session.get(READER) == null
        || session.get(COMPLETE) == null) {
      return;
    }
    // The mark comes first, because the setup also executes lines and comes back here.
    session.put(MARK, this);
    Object arguments = session.get("args");
    try {
      for (Command command : commands.get()) {
        teach(session, command.syntax());
      }
    } catch (Exception e) {
      session.getConsole().println("dmalloc: no completion in this session: " + e);
    } finally {
      session.put("args", arguments);
    }
  }

  /**
   * Registers the command under all names that a word may resolve to: Gogo's completion takes the
   * last scope with the word, but its execution the first.
   */
  private void teach(CommandSession session, CommandSyntax syntax) throws Exception {
    Set<String> names = new LinkedHashSet<>(List.of(scope + ":" + syntax.name()));
    if (session.get(".commands") instanceof Set<?> all) {
      all.stream()
          .map(Object::toString)
          .filter(name -> name.endsWith(":" + syntax.name()))
          .forEach(names::add);
    }
    for (String name : names) {
      teach(session, name, syntax);
    }
  }

  private void teach(CommandSession session, String name, CommandSyntax syntax) throws Exception {
    complete(session, name, "-e");
    complete(session, name, "-d", syntax.summary());
    for (Option option : syntax.options()) {
      List<String> words = new ArrayList<>();
      for (String alias : option.names()) {
        words.add(alias.startsWith("--") ? "-l" : "-s");
        words.add(alias.replaceFirst("^--?", ""));
      }
      // The function below completes values: Gogo would offer values given here anywhere.
      words.addAll(List.of("--description", option.description()));
      complete(session, name, words.toArray(String[]::new));
    }
    complete(session, name, "-s", "h", "-l", "help", "--description", "shows the help");
    String function = scope + ":" + FUNCTION;
    complete(session, name, "-a", function + " ($.commandLine words) ($.commandLine wordIndex)");
  }

  private static void complete(CommandSession session, String command, String... words)
      throws Exception {
    List<String> arguments = new ArrayList<>(List.of("-c", command));
    arguments.addAll(List.of(words));
    session.put("args", arguments);
    session.execute(COMPLETE + " $args");
  }

  @Override
  public void afterExecute(CommandSession session, CharSequence line, Exception exception) {}

  @Override
  public void afterExecute(CommandSession session, CharSequence line, Object result) {}
}
