/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.dmalloc.shell.syntax.UsageException;

/**
 * Commands of scope {@code dmalloc} that belong together, or a single one. A subclass has a public
 * method with the name of each. {@link org.dmalloc.shell.syntax.CommandSyntax} reads the syntax and
 * the help from its annotations.
 */
public abstract class CommandSet {
  private final Providers providers;
  private final List<String> names;

  /**
   * Takes the providers, and the commands' names in the order of help. A name of two words is that
   * of a command in a {@link CommandGroup}; the second one is its method's.
   */
  protected CommandSet(Providers providers, String... names) {
    this.providers = providers;
    this.names = List.of(names);
  }

  /** Makes the commands; each runs and stops independently. */
  public final List<Command> commands() {
    return names.stream().map(name -> new Command(this, name)).toList();
  }

  protected final Providers providers() {
    return providers;
  }

  protected final RegionLookup lookup() {
    return new RegionLookup(providers);
  }

  /** Reports a provider that does not answer, where the command continues without it. */
  protected static Consumer<Exception> warn(CommandSession session) {
    Console console = Console.of(session);
    return fault -> console.warn(String.valueOf(fault.getMessage()));
  }

  /** Makes a plan of the user's values; a rejected value is a usage error. */
  protected static <T> T plan(String command, Supplier<T> plan) {
    try {
      return plan.get();
    } catch (UsageException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new UsageException(command + ": " + e.getMessage());
    }
  }

  /**
   * The user's number, if it is within inclusive bounds; {@code why} is the reason for the bound,
   * or the meaning of the number.
   */
  protected static int within(
      String command, String option, int value, int least, int most, String why) {
    if (value < least || value > most) {
      throw UsageException.of(
          "%s: %s %d; give %d to %d: %s", command, option, value, least, most, why);
    }
    return value;
  }

  /**
   * The completions of a placeholder in the help, such as {@code WORKLOAD}; empty for the shell's
   * own.
   */
  public Optional<List<String>> candidates(String placeholder) {
    return Optional.empty();
  }

  /**
   * Like {@link #candidates(String)}, where they depend on what is typed before.
   *
   * @param before the words between the command and the cursor
   */
  public Optional<List<String>> candidates(String placeholder, List<String> before) {
    return candidates(placeholder);
  }

  /** Ends work that outlives its command; called when the bundle stops. */
  protected void stopped() {}
}
