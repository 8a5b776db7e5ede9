/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.dmalloc.shell.syntax.UsageException;

/**
 * Commands of scope {@code dmalloc} that belong together, or one that stands alone. A subclass has
 * one public method for each, of the command's name; its annotations are the syntax and the help,
 * and {@link org.dmalloc.shell.syntax.CommandSyntax} reads them.
 */
public abstract class CommandSet {
  private final Providers providers;
  private final List<String> names;

  /** Takes where the commands find memory, and their names in the order of the help. */
  protected CommandSet(Providers providers, String... names) {
    this.providers = providers;
    this.names = List.of(names);
  }

  /**
   * Makes the commands; each runs by itself, and is stopped by itself.
   *
   * @throws IllegalStateException if the annotations of a method break the rules
   */
  public final List<Command> commands() {
    return names.stream().map(name -> new Command(this, name)).toList();
  }

  /** Where the commands find memory. */
  protected final Providers providers() {
    return providers;
  }

  /** What finds the regions that the user means. */
  protected final RegionLookup lookup() {
    return new RegionLookup(providers);
  }

  /** Tells the user of a provider that does not answer, where the command goes on without it. */
  protected static Consumer<Exception> warn(CommandSession session) {
    Console console = Console.of(session);
    return fault -> console.warn(String.valueOf(fault.getMessage()));
  }

  /** Makes a plan of what the user gave; what it does not accept is the user's mistake. */
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
   * The number that the user gave, if it lies within bounds.
   *
   * @param most the largest, itself allowed
   * @param why what stands against more, or what the number counts
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
   * What completion offers for a placeholder of the help, where the command knows better than the
   * shell.
   *
   * @param placeholder the word in the help, such as {@code WORKLOAD}
   */
  public Optional<List<String>> candidates(String placeholder) {
    return Optional.empty();
  }

  /** Ends what goes on behind commands that have returned; called when the bundle stops. */
  protected void stopped() {}
}
