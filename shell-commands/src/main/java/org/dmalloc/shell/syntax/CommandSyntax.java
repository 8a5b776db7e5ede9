/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import java.lang.annotation.Annotation;
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
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * What may stand behind a command's name, read once from the annotations of its method, the same
 * that Gogo's own {@code help} reads.
 *
 * <p>A parameter whose type is a record, and which has no annotation, stands for the components of
 * the record: options that belong together.
 *
 * <p>A parameter with {@link Parameter} is an option. Any other is an operand, and its {@link
 * Descriptor} begins with its name: {@code "SIZE: …"} is required, {@code "[OFFSET]: …"} is not,
 * {@code "ID…: …"} takes all that are left, {@code "ID… BACKEND: …"} too, the last of which is
 * something else. The {@link Descriptor} of an option that takes a value begins with the value's
 * name in the same way.
 *
 * @param name the command's name
 * @param summary what it does, in one line
 * @param method the annotated method
 * @param options its options, in the order of the parameters
 * @param operands its operands, in order
 */
public record CommandSyntax(
    String name, String summary, Method method, List<Option> options, List<Operand> operands) {
  private static final Pattern OPERAND = Pattern.compile("(\\[?)([A-Z]+)(…?)( [A-Z]+)?]?: (.+)");

  /** Copies the lists. */
  public CommandSyntax {
    options = List.copyOf(options);
    operands = List.copyOf(operands);
  }

  /**
   * Reads the method of a command.
   *
   * @param command the class that has it
   * @param name its name; the method with a {@link Descriptor} is taken
   * @throws IllegalStateException if the annotations break the rules above
   */
  public static CommandSyntax of(Class<?> command, String name) {
    Method method =
        Arrays.stream(command.getMethods())
            .filter(m -> m.getName().equals(name) && m.isAnnotationPresent(Descriptor.class))
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
      Parameter parameter = find(slots.get(i).annotations(), Parameter.class);
      Descriptor descriptor = find(slots.get(i).annotations(), Descriptor.class);
      if (descriptor == null) {
        throw new IllegalStateException(method + ": parameter " + i + " has no @Descriptor");
      }
      if (parameter == null) {
        operands.add(operand(i, type, descriptor.value()));
      } else {
        options.add(option(i, type, parameter, descriptor.value()));
      }
    }
    Descriptor summary = method.getAnnotation(Descriptor.class);
    return new CommandSyntax(name, summary.value(), method, options, operands);
  }

  /** A parameter of the method, or of the constructor of a record that is one. */
  private record Slot(Class<?> type, List<Annotation> annotations) {
    boolean isGroup() {
      return type.isRecord() && find(annotations, Descriptor.class) == null;
    }
  }

  private static List<Slot> parameters(Executable executable) {
    Class<?>[] types = executable.getParameterTypes();
    Annotation[][] annotations = executable.getParameterAnnotations();
    return IntStream.range(0, types.length)
        .mapToObj(i -> new Slot(types[i], List.of(annotations[i])))
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

  /** The types of the values that the method takes, those of records in their place. */
  public List<Class<?>> types() {
    return slots(method).stream().<Class<?>>map(Slot::type).toList();
  }

  /**
   * Calls the method.
   *
   * @param target the command
   * @param values one of each of {@link #types()}
   */
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

  private static Operand operand(int index, Class<?> type, String text) {
    Matcher m = match(text);
    return new Operand(
        index,
        m.group(2),
        m.group(1).isEmpty(),
        !m.group(3).isEmpty(),
        m.group(4) == null ? "" : m.group(4).strip(),
        type,
        m.group(5));
  }

  private static Option option(int index, Class<?> type, Parameter parameter, String text) {
    List<String> names = List.of(parameter.names());
    if (!parameter.presentValue().equals(Parameter.UNSPECIFIED)) {
      return new Option(index, names, false, "", type, "", text);
    }
    Matcher m = match(text);
    return new Option(index, names, true, parameter.absentValue(), type, m.group(2), m.group(5));
  }

  private static Matcher match(String text) {
    Matcher m = OPERAND.matcher(text);
    if (!m.matches()) {
      throw new IllegalStateException("@Descriptor '" + text + "' does not begin with 'NAME: '");
    }
    return m;
  }

  private static <A extends Annotation> @Nullable A find(
      List<Annotation> annotations, Class<A> type) {
    for (Annotation annotation : annotations) {
      if (type.isInstance(annotation)) {
        return type.cast(annotation);
      }
    }
    return null;
  }

  /** The option with the given name, hyphens included. */
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
