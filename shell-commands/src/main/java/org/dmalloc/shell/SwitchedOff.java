/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/**
 * The commands that an administrator has switched off: no shell has them, nor does help.
 *
 * <p>This keeps those from commands who can type the words of a command. Who can type Gogo code has
 * all services of the container, with the memory.
 *
 * @param effects commands with one of these are off
 * @param names and those of these names, or in groups of these names
 */
record SwitchedOff(Set<Effect> effects, Set<String> names) {
  static final SwitchedOff NONE = new SwitchedOff(Set.of(), Set.of());

  /** The key in the configuration of this PID; its value is the list. */
  static final String KEY = "commands.off";

  static final String PID = "org.dmalloc.shell";

  /** The framework or system property with the same list. It holds beside the configuration. */
  static final String PROPERTY = "dmalloc.commands.off";

  SwitchedOff {
    effects = Set.copyOf(effects);
    names = Set.copyOf(names);
  }

  /**
   * Reads both lists.
   *
   * @param configured a string with commas, an array or a collection; null for none
   * @param property null for none
   * @throws IllegalArgumentException if an entry is neither an effect nor like a command's name;
   *     then there is no command at all, rather than one too many
   */
  static SwitchedOff of(@Nullable Object configured, @Nullable String property) {
    EnumSet<Effect> effects = EnumSet.noneOf(Effect.class);
    Set<String> names = new TreeSet<>();
    Stream.concat(
            entries(configured).map(entry -> new Entry(PID + ": " + KEY, entry)),
            entries(property).map(entry -> new Entry(PROPERTY, entry)))
        .filter(entry -> !entry.text.isEmpty())
        .forEach(
            entry -> {
              Optional<Effect> effect = entry.effect();
              if (effect.isPresent()) {
                effects.add(effect.get());
              } else {
                names.add(entry.name());
              }
            });
    return new SwitchedOff(effects, names);
  }

  private static Stream<String> entries(@Nullable Object value) {
    return switch (value) {
      case null -> Stream.of();
      case String[] several -> Arrays.stream(several).map(String::strip);
      case Collection<?> several -> several.stream().map(each -> each.toString().strip());
      default -> Arrays.stream(value.toString().split(",", -1)).map(String::strip);
    };
  }

  /** An entry, and where it is from. */
  private record Entry(String source, String text) {
    /** Effects are in capitals, as commands are not: {@code read} is the command alone. */
    Optional<Effect> effect() {
      return Arrays.stream(Effect.values())
          .filter(effect -> effect.name().equals(text))
          .findFirst();
    }

    String name() {
      if (!text.matches("[a-z]+( [a-z]+)?")) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "%s=%s; give some of %s, or names of commands such as 'fill' or 'heap free'",
                source,
                text,
                Arrays.toString(Effect.values())));
      }
      return text;
    }
  }

  boolean isOff(Command command) {
    return names.contains(command.name())
        || (!command.group().isEmpty() && names.contains(command.group()))
        || (!effects.isEmpty() && command.effects().stream().anyMatch(effects::contains));
  }

  /** Why a command is refused; empty if it is on. */
  Optional<UsageException> refusal(Command command) {
    if (!isOff(command)) {
      return Optional.empty();
    }
    return Optional.of(
        UsageException.of(
            "%s: switched off here; its administrator can change %s of the configuration %s, or"
                + " the property %s",
            command.name(), KEY, PID, PROPERTY));
  }

  /** The names that no command has, as far as those are known that there can be. */
  List<String> unmatched(List<Command> commands) {
    Predicate<String> matches =
        name ->
            commands.stream()
                .anyMatch(each -> each.name().equals(name) || each.group().equals(name));
    return names.stream().filter(matches.negate()).sorted().toList();
  }
}
