/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/**
 * A word in front of the names of commands that belong together: {@code heap} of {@code heap
 * create} and {@code heap list}. For Gogo the word is the command, and this class runs the one that
 * the next word names. The commands may come from several bundles.
 */
public final class CommandGroup implements Function {
  private static final Set<String> HELP = Set.of("-h", "--help", "-?");

  private final String name;
  private final String summary;
  private final String whenEmpty;
  private final Supplier<List<Command>> all;
  private final CommandRefusal refusal;

  /**
   * Names a group.
   *
   * @param summary what its commands are for, in one line
   * @param whenEmpty why there are none, and what the user can do
   * @param all the commands of the shell, of this group and others
   * @param refusal of commands that are not among them
   */
  public CommandGroup(
      String name,
      String summary,
      String whenEmpty,
      Supplier<List<Command>> all,
      CommandRefusal refusal) {
    this.refusal = refusal;
    this.name = name;
    this.summary = summary;
    this.whenEmpty = whenEmpty;
    this.all = all;
  }

  public String name() {
    return name;
  }

  public String summary() {
    return summary;
  }

  /** Its commands, in the order of help. */
  public List<Command> commands() {
    return all.get().stream().filter(each -> each.group().equals(name)).toList();
  }

  /** The command of the group that a word names. */
  public Optional<Command> command(String word) {
    return commands().stream().filter(each -> each.word().equals(word)).findFirst();
  }

  /** The words that name its commands. */
  public List<String> words() {
    return commands().stream().map(Command::word).toList();
  }

  @Override
  public @Nullable Object execute(CommandSession session, List<Object> arguments) throws Exception {
    String word = arguments.isEmpty() ? "" : arguments.getFirst().toString();
    if (HELP.contains(word)) {
      return help();
    }
    return find(word).execute(session, arguments.subList(1, arguments.size()));
  }

  /** The command that a word names; {@link UsageException} if it names none. */
  public Command find(String word) {
    Optional<UsageException> refused = refusal.of(name + " " + word);
    if (refused.isPresent()) {
      throw refused.get();
    }
    if (commands().isEmpty()) {
      throw new UsageException(name + ": " + whenEmpty);
    }
    return command(word)
        .orElseThrow(
            () ->
                word.isEmpty()
                    ? UsageException.of(
                        "%s: COMMAND is missing; give one of %s; see '%1$s --help'",
                        name, String.join(", ", words()))
                    : Words.unknown(name + " command", word, words()));
  }

  /** The help for the group: a line for each command. */
  public Message help() {
    List<Command> commands = commands();
    int width = commands.stream().mapToInt(each -> each.word().length()).max().orElse(0);
    StringBuilder page = new StringBuilder(name + " – " + summary + "\n\nusage: " + name);
    page.append(" COMMAND …\n");
    for (Command each : commands) {
      page.append("  ").append(each.word()).append(" ".repeat(width - each.word().length()));
      page.append("  ").append(each.syntax().summary()).append('\n');
    }
    page.append(commands.isEmpty() ? whenEmpty : "'" + name + " COMMAND --help' explains one.");
    return new Message(page.toString());
  }
}
