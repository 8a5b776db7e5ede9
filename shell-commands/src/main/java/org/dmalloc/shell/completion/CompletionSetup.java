/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.completion;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.CommandSessionListener;
import org.apache.felix.service.command.Function;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandGroup;
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

  /** The function that tells which command of a group a line is of: {@link #chosen()}. */
  public static final String CHOSEN = "__chosen";

  private static final String MARK = ".dmalloc.completion";
  private static final String READER = ".reader";
  private static final String COMPLETE = "gogo:complete";

  private final String scope;
  private final Supplier<List<Command>> commands;
  private final List<CommandGroup> groups;

  public CompletionSetup(
      String scope, Supplier<List<Command>> commands, List<CommandGroup> groups) {
    this.scope = scope;
    this.commands = commands;
    this.groups = groups;
  }

  /**
   * Whether the line that is completed is one of a command in a group: as a Gogo function it
   * receives the words of the line, and the second word of the command's name.
   */
  public static Function chosen() {
    return (session, arguments) ->
        arguments.size() == 2
            && arguments.getFirst() instanceof List<?> words
            && words.size() > 1
            && words.get(1).toString().equals(arguments.getLast().toString());
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
        if (command.group().isEmpty()) {
          String name = command.name();
          teach(session, name, command.syntax().summary(), Map.of(command.syntax(), ""));
        }
      }
      for (CommandGroup group : groups) {
        Map<CommandSyntax, String> members = new LinkedHashMap<>();
        group.commands().forEach(each -> members.put(each.syntax(), each.word()));
        teach(session, group.name(), group.summary(), members);
      }
    } catch (Exception e) {
      session.getConsole().println("dmalloc: no completion in this session: " + e);
    } finally {
      session.put("args", arguments);
    }
  }

  /**
   * Registers a word under all names that it may resolve to: Gogo's completion takes the last scope
   * with the word, but its execution the first.
   *
   * @param members the commands that the word begins, with the second word that chooses each; that
   *     is empty for the one that has no second word
   */
  private void teach(
      CommandSession session, String word, String summary, Map<CommandSyntax, String> members)
      throws Exception {
    Set<String> names = new LinkedHashSet<>(List.of(scope + ":" + word));
    if (session.get(".commands") instanceof Set<?> all) {
      all.stream()
          .map(Object::toString)
          .filter(name -> name.endsWith(":" + word))
          .forEach(names::add);
    }
    for (String name : names) {
      complete(session, name, "-e");
      complete(session, name, "-d", summary);
      for (Map.Entry<CommandSyntax, String> member : members.entrySet()) {
        teachOptions(session, name, member.getKey(), member.getValue());
      }
      complete(session, name, "-s", "h", "-l", "help", "--description", "shows the help");
      String function = scope + ":" + FUNCTION;
      complete(session, name, "-a", function + " ($.commandLine words) ($.commandLine wordIndex)");
    }
  }

  private void teachOptions(
      CommandSession session, String name, CommandSyntax syntax, String second) throws Exception {
    for (Option option : syntax.options()) {
      List<String> words = new ArrayList<>();
      if (!second.isEmpty()) {
        words.addAll(List.of("-n", scope + ":" + CHOSEN + " ($.commandLine words) " + second));
      }
      for (String alias : option.names()) {
        words.add(alias.startsWith("--") ? "-l" : "-s");
        words.add(alias.replaceFirst("^--?", ""));
      }
      // The function below completes values: Gogo would offer values given here anywhere.
      words.addAll(List.of("--description", option.description()));
      complete(session, name, words.toArray(String[]::new));
    }
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
