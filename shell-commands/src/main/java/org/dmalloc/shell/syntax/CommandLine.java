/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import com.google.errorprone.annotations.FormatMethod;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.apache.felix.service.command.CommandSession;
import org.jspecify.annotations.Nullable;

/**
 * The words after a command's name, sorted into options and operands by the usual rules: {@code -b
 * x}, {@code -bx}, {@code --backend x}, {@code --backend=x}, options anywhere, flags together
 * ({@code -av}), and none after {@code --}.
 */
public final class CommandLine {
  private static final List<String> HELP = List.of("-h", "--help", "-?");
  private static final List<String> VERBOSE = List.of("-v", "--verbose");

  private static final Map<Class<?>, Function<String, Object>> PARSERS =
      Map.of(
          String.class, word -> word,
          Integer.class, Integer::valueOf,
          Long.class, Long::valueOf,
          Double.class, Double::valueOf);

  private final CommandSyntax syntax;
  private final Map<Option, Object> values = new HashMap<>();
  private final List<Object> words = new ArrayList<>();
  private boolean help;
  private boolean verbose;

  public static CommandLine parse(CommandSyntax syntax, List<?> arguments) {
    CommandLine line = new CommandLine(syntax);
    line.sort(new ArrayDeque<>(arguments));
    return line;
  }

  private CommandLine(CommandSyntax syntax) {
    this.syntax = syntax;
  }

  /** Whether help was requested, which disables all other checks. */
  public boolean help() {
    return help;
  }

  /** Whether stack traces were requested. */
  public boolean verbose() {
    return verbose;
  }

  private void sort(Deque<Object> rest) {
    boolean optionsEnded = false;
    while (!rest.isEmpty()) {
      Object argument = rest.removeFirst();
      // Gogo passes objects as well as words; only a word can be an option.
      String word = argument instanceof CharSequence ? argument.toString() : "";
      if (optionsEnded || !word.startsWith("-") || word.matches("-|-[0-9].*")) {
        words.add(argument);
      } else if (word.equals("--")) {
        optionsEnded = true;
      } else if (word.startsWith("--")) {
        longOption(word, rest);
      } else {
        shortOptions(word, rest);
      }
    }
  }

  private void longOption(String word, Deque<Object> rest) {
    int equals = word.indexOf('=');
    String name = equals < 0 ? word : word.substring(0, equals);
    if (common(name)) {
      return;
    }
    Option option = syntax.option(name).orElseThrow(() -> unknownOption(name));
    if (!option.takesValue()) {
      if (equals >= 0) {
        throw failure("%s takes no value; write %s alone", name, name);
      }
      values.put(option, true);
    } else if (equals >= 0) {
      values.put(option, word.substring(equals + 1));
    } else {
      values.put(option, next(option, name, rest));
    }
  }

  private void shortOptions(String word, Deque<Object> rest) {
    for (int i = 1; i < word.length(); i++) {
      String name = "-" + word.charAt(i);
      if (syntax.option(name).isEmpty() && common(name)) {
        continue;
      }
      Option option = syntax.option(name).orElseThrow(() -> unknownOption(name));
      if (!option.takesValue()) {
        values.put(option, true);
        continue;
      }
      String attached = word.substring(i + 1);
      values.put(option, attached.isEmpty() ? next(option, name, rest) : attached);
      return;
    }
  }

  private boolean common(String name) {
    help |= HELP.contains(name);
    verbose |= VERBOSE.contains(name);
    return HELP.contains(name) || VERBOSE.contains(name);
  }

  private Object next(Option option, String name, Deque<Object> rest) {
    if (rest.isEmpty()) {
      throw failure("%s needs a value; write %s %s", name, name, option.placeholder());
    }
    return rest.removeFirst();
  }

  private UsageException unknownOption(String name) {
    List<String> known = new ArrayList<>(HELP);
    syntax.options().forEach(option -> known.addAll(option.names()));
    // One letter is near to every other, so only long names get a suggestion.
    Optional<String> near = name.startsWith("--") ? Words.nearest(name, known) : Optional.empty();
    String guess = near.map(n -> "did you mean " + n + "? Or ").orElse("");
    return failure("unknown option %s; %ssee '%s --help'", name, guess, syntax.name());
  }

  @FormatMethod
  private UsageException failure(String format, @Nullable Object... values) {
    return failure(UsageException.of(format, values));
  }

  private UsageException failure(UsageException unnamed) {
    return new UsageException(syntax.name() + ": " + unnamed.getMessage());
  }

  /**
   * The values for the method's parameters; {@link UsageException} if an operand is missing or
   * unexpected, or a value is invalid.
   */
  public @Nullable Object[] bind(CommandSession session) {
    List<Class<?>> types = syntax.types();
    @Nullable Object[] bound = new @Nullable Object[types.size()];
    for (int i = 0; i < bound.length; i++) {
      if (types.get(i) == CommandSession.class) {
        bound[i] = session;
      }
    }
    for (Option option : syntax.options()) {
      Object value =
          values.getOrDefault(option, option.takesValue() ? option.absentValue() : false);
      bound[option.index()] =
          "".equals(value) && !values.containsKey(option)
              ? null
              : convert(value, option.type(), option.longName());
    }
    bindOperands(bound);
    return bound;
  }

  private void bindOperands(@Nullable Object[] bound) {
    Deque<Object> rest = new ArrayDeque<>(words);
    for (Operand operand : syntax.operands()) {
      if (operand.repeated()) {
        bound[operand.index()] = List.copyOf(rest);
        if (operand.required() && rest.isEmpty()) {
          throw missing(operand);
        }
        rest.clear();
      } else if (rest.isEmpty()) {
        if (operand.required()) {
          throw missing(operand);
        }
      } else {
        bound[operand.index()] = convert(rest.removeFirst(), operand.type(), operand.name());
      }
    }
    if (!rest.isEmpty()) {
      throw failure("unexpected argument '%s'; usage: %s", rest.getFirst(), syntax.usage());
    }
  }

  private UsageException missing(Operand operand) {
    return failure("%s is missing; usage: %s", operand.name(), syntax.usage());
  }

  private Object convert(Object value, Class<?> type, String what) {
    if (type.isInstance(value) || type == boolean.class) {
      return value;
    }
    String word = value.toString();
    try {
      return parse(word, type, what);
    } catch (NumberFormatException e) {
      throw failure(
          "%s '%s' is not a %s",
          what,
          word,
          type == Double.class
              ? "number; give one such as 0.5"
              : "whole number; give one such as 4");
    } catch (UsageException e) {
      throw failure(e);
    }
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // the class is known to be an enum's
  private static Object parse(String word, Class type, String what) {
    if (type.isEnum()) {
      return Words.parse(type, word, what);
    } else if (type == ByteSize.class) {
      return ByteSize.parse(word, what);
    } else if (type == TimeSpan.class) {
      return TimeSpan.parse(word, what);
    }
    return Objects.requireNonNull(PARSERS.get(type), () -> "no conversion to " + type).apply(word);
  }
}
