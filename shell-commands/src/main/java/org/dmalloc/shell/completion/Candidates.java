/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.completion;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.VisibleText;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.ProviderFault;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.syntax.CommandSyntax;
import org.dmalloc.shell.syntax.Operand;
import org.dmalloc.shell.syntax.Option;
import org.dmalloc.shell.syntax.Words;
import org.dmalloc.workloads.Workload;
import org.dmalloc.workloads.Workloads;

/**
 * Finds what may stand at the cursor. As a Gogo function it gets the words of the line and the
 * number of the word at the cursor, and gives strings.
 */
public final class Candidates implements Function {
  private final Providers providers;
  private final Supplier<List<Command>> commands;

  /** Finds candidates among the given providers and commands. */
  public Candidates(Providers providers, Supplier<List<Command>> commands) {
    this.providers = providers;
    this.commands = commands;
  }

  @Override
  public Object execute(CommandSession session, List<Object> arguments) throws Exception {
    if (arguments.size() == 2
        && arguments.getFirst() instanceof List<?> words
        && arguments.getLast() instanceof Number index) {
      return find(words.stream().map(Object::toString).toList(), index.intValue());
    }
    throw new IllegalArgumentException("give the words of the line and the number of one");
  }

  /**
   * The candidates for one word of a line.
   *
   * @param words the words, the command's name first
   * @param index the number of the word, from 1
   */
  public List<String> find(List<String> words, int index) throws MemoryException {
    String name = words.getFirst().substring(words.getFirst().indexOf(':') + 1);
    Optional<CommandSyntax> found =
        commands.get().stream().map(Command::syntax).filter(s -> s.name().equals(name)).findFirst();
    if (found.isEmpty() || index < 1) {
      return List.of();
    }
    CommandSyntax syntax = found.get();
    int operandNumber = 0;
    for (int i = 1; i < index; i++) {
      Optional<Option> option = syntax.option(words.get(i)).filter(Option::takesValue);
      if (option.isPresent()) {
        if (i + 1 == index) {
          return values(option.get().placeholder(), option.get().type(), syntax);
        }
        i++;
      } else if (!words.get(i).startsWith("-")) {
        operandNumber++;
      }
    }
    List<Operand> operands = syntax.operands();
    if (operands.isEmpty()) {
      return List.of();
    }
    Operand last = operands.getLast();
    if (operandNumber >= operands.size() && !last.repeated()) {
      return List.of();
    }
    Operand operand = operands.get(Math.min(operandNumber, operands.size() - 1));
    return Stream.concat(
            values(operand.name(), operand.type(), syntax).stream(),
            values(operand.last(), operand.type(), syntax).stream())
        .toList();
  }

  @SuppressWarnings("unchecked") // the class is known to be an enum's
  private List<String> values(String name, Class<?> type, CommandSyntax syntax)
      throws MemoryException {
    if (type.isEnum()) {
      return Words.all((Class<? extends Enum<?>>) type);
    }
    return switch (name) {
      case "BACKEND" -> providers.names();
      case "POLICY" -> Words.all(SwapPolicy.class);
      case "WORKLOAD" -> Workloads.standard().stream().map(Workload::name).toList();
      case "COMMAND" -> commands.get().stream().map(c -> c.syntax().name()).toList();
      case "ID" ->
          syntax.name().equals("free")
                  || syntax.name().equals("hotswap")
                  || syntax.name().equals("load")
              ? open().toList()
              : Stream.concat(open(), stored().stream()).distinct().toList();
      case "NAME" -> syntax.name().equals("alloc") ? List.of() : stored();
      default -> List.of();
    };
  }

  private Stream<String> open() {
    return providers.regions(fault -> {}).stream()
        .flatMap(
            r ->
                Stream.of(
                    Long.toString(r.info().id()),
                    Optional.ofNullable(r.info().name()).map(VisibleText::of).orElse("")))
        .filter(s -> !s.isEmpty());
  }

  private List<String> stored() throws MemoryException {
    Stream.Builder<String> names = Stream.builder();
    for (Backend backend : providers.with(Capability.NAMED)) {
      try {
        backend.stored().forEach(r -> names.add(VisibleText.of(r.name())));
      } catch (ProviderFault | MemoryException e) {
        // The command will say it; here the names in the other stores are what helps.
      }
    }
    return names.build().distinct().sorted().toList();
  }
}
