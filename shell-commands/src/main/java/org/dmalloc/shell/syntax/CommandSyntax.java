/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.jspecify.annotations.Nullable;

/**
 * What may stand behind a command's name, read once from the annotations of its method: its {@link
 * Descriptor}, the summary, and the {@link Argument} of each parameter. A parameter without one
 * whose type is a record stands for the components of the record: options that belong together.
 *
 * <table>
 * <caption>Arguments</caption>
 * <tr><td>{@code -a, --all: …}</td><td>a flag</td></tr>
 * <tr><td>{@code -b, --backend BACKEND: …}</td><td>an option with a value, null if absent</td></tr>
 * <tr><td>{@code --time SECONDS=1: …}</td><td>an option with a value, 1 if absent</td></tr>
 * <tr><td>{@code SIZE: …}</td><td>a required operand</td></tr>
 * <tr><td>{@code [OFFSET]: …}</td><td>an optional operand, null if absent</td></tr>
 * <tr><td>{@code ID…: …}</td><td>takes all operands that are left</td></tr>
 * <tr><td>{@code ID… BACKEND: …}</td><td>the same; the last one is something else</td></tr>
 * </table>
 *
 * @param summary what it does, in one line
 * @param options its options, in the order of the parameters
 */
public record CommandSyntax(
    String name, String summary, Method method, List<Option> options, List<Operand> operands) {
  private static final Pattern OPERAND = Pattern.compile("(\\[?)([A-Z]+)(…?)( [A-Z]+)?]?: (.+)");
  private static final Pattern OPTION =
      Pattern.compile(
          "(?<names>-\\S+(, -\\S+)*)( (?<place>[A-Z]+)(=(?<absent>\\S+))?)?: (?<what>.+)");

  public CommandSyntax {
    options = List.copyOf(options);
    operands = List.copyOf(operands);
  }

  /**
   * Reads the {@link Descriptor} method of a command. Throws {@link IllegalStateException} if its
   * annotations break the rules above.
   */
  public static CommandSyntax of(Class<?> command, String name, String methodName) {
    Method method =
        Arrays.stream(command.getMethods())
            .filter(m -> m.getName().equals(methodName) && m.isAnnotationPresent(Descriptor.class))
            .findFirst()
            .orElseThrow(() -> new IllegalStateException(command + " has no command " + name));
    List<Option> options = new ArrayList<>();
    List<Operand> operands = new ArrayList<>();
    List<Slot> slots = slots(method);
    for (int i = 0; i < slots.size(); i++) {
      Class<?> type = slots.get(i).type();
      if (type == CommandSession.class) {
        continue;
      }
      Argument argument = slots.get(i).argument();
      if (argument == null) {
        throw new IllegalStateException(method + ": parameter " + i + " has no @Argument");
      }
      Matcher option = OPTION.matcher(argument.value());
      Matcher operand = OPERAND.matcher(argument.value());
      if (option.matches()) {
        options.add(option(i, type, option));
      } else if (operand.matches()) {
        operands.add(operand(i, type, operand));
      } else {
        throw new IllegalStateException(argument + " is neither an option nor an operand");
      }
    }
    Descriptor summary = method.getAnnotation(Descriptor.class);
    return new CommandSyntax(name, summary.value(), method, options, operands);
  }

  /** A parameter of the method, or of the constructor of a record that groups options. */
  private record Slot(Class<?> type, @Nullable Argument argument) {
    boolean isGroup() {
      return type.isRecord() && argument == null;
    }
  }

  private static List<Slot> parameters(Executable executable) {
    return Arrays.stream(executable.getParameters())
        .map(p -> new Slot(p.getType(), p.getAnnotation(Argument.class)))
        .toList();
  }

  private static List<Slot> slots(Executable executable) {
    return parameters(executable).stream()
        .flatMap(p -> p.isGroup() ? slots(constructor(p.type())).stream() : Stream.of(p))
        .toList();
  }

  /** A record has one public constructor here. */
  private static Constructor<?> constructor(Class<?> group) {
    return group.getConstructors()[0];
  }

  /** The types of the method's values, with those of a record's components in its place. */
  public List<Class<?>> types() {
    return slots(method).stream().<Class<?>>map(Slot::type).toList();
  }

  /** Calls the method with one value for each of {@link #types()}. */
  public @Nullable Object invoke(Object target, @Nullable Object[] values)
      throws ReflectiveOperationException {
    return method.invoke(target, arguments(method, Arrays.asList(values).iterator()));
  }

  private static @Nullable Object[] arguments(
      Executable executable, Iterator<@Nullable Object> values)
      throws ReflectiveOperationException {
    List<@Nullable Object> arguments = new ArrayList<>();
    for (Slot parameter : parameters(executable)) {
      if (parameter.isGroup()) {
        Constructor<?> group = constructor(parameter.type());
        arguments.add(group.newInstance(arguments(group, values)));
      } else {
        arguments.add(values.next());
      }
    }
    return arguments.toArray();
  }

  private static Operand operand(int index, Class<?> type, Matcher m) {
    return new Operand(
        index,
        m.group(2),
        m.group(1).isEmpty(),
        !m.group(3).isEmpty(),
        m.group(4) == null ? "" : m.group(4).strip(),
        type,
        m.group(5));
  }

  private static Option option(int index, Class<?> type, Matcher m) {
    String place = m.group("place");
    String absent = m.group("absent");
    return new Option(
        index,
        List.of(m.group("names").split(", ", -1)),
        place != null,
        absent == null ? "" : absent,
        type,
        place == null ? "" : place,
        m.group("what"));
  }

  /** The option of a name, hyphens included. */
  public Optional<Option> option(String optionName) {
    return options.stream().filter(o -> o.names().contains(optionName)).findFirst();
  }

  /** The usage line, as {@code read ID [OFFSET] [LENGTH] [--json]}. */
  public String usage() {
    StringBuilder line = new StringBuilder(name);
    operands.forEach(o -> line.append(' ').append(o.usage()));
    if (options.size() > 4) {
      line.append(" [OPTION…]");
    } else {
      options.forEach(
          o ->
              line.append(" [")
                  .append(o.names().getFirst())
                  .append(o.takesValue() ? " " + o.placeholder() : "")
                  .append(']'));
    }
    return line.toString();
  }
}
