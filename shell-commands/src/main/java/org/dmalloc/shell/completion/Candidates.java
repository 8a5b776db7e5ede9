/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.completion;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.dmalloc.api.Capability;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.VisibleText;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandGroup;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.syntax.CommandSyntax;
import org.dmalloc.shell.syntax.Operand;
import org.dmalloc.shell.syntax.Option;
import org.dmalloc.shell.syntax.Words;

/**
 * Finds the completions at the cursor. As a Gogo function it receives the words of the line and the
 * number of the word at the cursor, and returns strings.
 */
public final class Candidates implements Function {
  /** The placeholders of paths in help, and Gogo's functions that find them. */
  private static final Map<String, String> PATHS =
      Map.of(
          "FILE", "gogo:__files",
          "PATH", "gogo:__files",
          "DIR", "gogo:__directories",
          "STORE", "gogo:__directories");

  /** Placeholders of lists that are separated by commas. */
  private static final Set<String> LISTS = Set.of("BACKEND", "POLICY", "START", "WORKLOAD");

  private static final Set<String> ONLY_OPEN =
      Set.of(
          "free",
          "share",
          "hotswap",
          "load",
          "locks",
          "policy",
          "budget",
          "protect",
          "checkpoint",
          "discard",
          "checkpoints");

  /** They take a backend that has a store. */
  private static final Set<String> ON_STORES = Set.of("stored", "rename", "delete", "open");

  /** The provider of movable regions, which other backends hold. */
  private static final String MANAGED = "managed";

  private final Providers providers;
  private final Supplier<List<Command>> commands;
  private final List<CommandGroup> groups;

  public Candidates(
      Providers providers, Supplier<List<Command>> commands, List<CommandGroup> groups) {
    this.providers = providers;
    this.commands = commands;
    this.groups = groups;
  }

  @Override
  public Object execute(CommandSession session, List<Object> arguments) throws Exception {
    if (arguments.size() == 2
        && arguments.getFirst() instanceof List<?> words
        && arguments.getLast() instanceof Number index) {
      List<String> typed = words.stream().map(Object::toString).toList();
      int at = index.intValue();
      String first = typed.getFirst().substring(typed.getFirst().indexOf(':') + 1);
      Optional<CommandGroup> group =
          groups.stream().filter(each -> each.name().equals(first)).findFirst();
      if (group.isPresent() && at < 2) {
        return group.get().words();
      }
      // A command of a group has a name of two words, which count as one.
      List<String> line = new ArrayList<>(typed.subList(group.isPresent() ? 2 : 1, typed.size()));
      line.addFirst(group.isPresent() ? first + " " + typed.get(1) : first);
      int word = group.isPresent() ? at - 1 : at;
      List<Object> found = new ArrayList<>();
      for (Place place : places(line, word)) {
        found.addAll(candidates(place, line.get(word)));
        // Gogo's own functions examine the word at the cursor themselves.
        String own = PATHS.get(place.name());
        if (own != null
            && session.get(own) instanceof Function paths
            && paths.execute(session, List.of()) instanceof Collection<?> more) {
          found.addAll(more);
        }
      }
      return found;
    }
    throw new IllegalArgumentException("give the words of the line and the number of one");
  }

  /** A placeholder of the help at the cursor, and its type. */
  private record Place(Command command, List<String> before, String name, Class<?> type) {}

  private List<Place> places(List<String> words, int index) {
    String name = words.getFirst();
    Optional<Command> found =
        commands.get().stream().filter(c -> c.name().equals(name)).findFirst();
    if (found.isEmpty() || index < 1) {
      return List.of();
    }
    Command command = found.get();
    CommandSyntax syntax = command.syntax();
    int operandNumber = 0;
    for (int i = 1; i < index; i++) {
      Optional<Option> option = syntax.option(words.get(i)).filter(Option::takesValue);
      if (option.isPresent()) {
        if (i + 1 == index) {
          return List.of(
              new Place(
                  command, words.subList(1, i), option.get().placeholder(), option.get().type()));
        }
        i++;
      } else if (!words.get(i).startsWith("-")) {
        operandNumber++;
      }
    }
    List<Operand> operands = syntax.operands();
    if (operands.isEmpty()
        || (operandNumber >= operands.size() && !operands.getLast().repeated())) {
      return List.of();
    }
    Operand operand = operands.get(Math.min(operandNumber, operands.size() - 1));
    List<String> before = words.subList(1, index);
    Place place = new Place(command, before, operand.name(), operand.type());
    return operand.last().isEmpty()
        ? List.of(place)
        : List.of(place, new Place(command, before, operand.last(), operand.type()));
  }

  /** After a comma the list continues, so its start is put in front. */
  private List<String> candidates(Place place, String word) {
    int comma = word.lastIndexOf(',') + 1;
    String before = LISTS.contains(place.name()) ? word.substring(0, comma) : "";
    List<String> values = values(place);
    return before.isEmpty()
        ? values
        : values.stream()
            .filter(v -> !List.of(before.split(",", -1)).contains(v))
            .map(v -> before + v)
            .toList();
  }

  @SuppressWarnings("unchecked") // the class is known to be an enum's
  private List<String> values(Place place) {
    if (place.type().isEnum()) {
      return Words.all((Class<? extends Enum<?>>) place.type());
    }
    String command = place.command().name();
    if (command.equals("hotswap") && place.name().equals("BACKEND")) {
      return targets(place.before());
    }
    return place
        .command()
        .set()
        .candidates(place.name(), place.before())
        .orElseGet(() -> known(command, place));
  }

  /** Possible targets of a move: neither the mover, nor the backend that holds all regions. */
  private List<String> targets(List<String> regions) {
    Set<String> here =
        providers.regions(fault -> {}).stream()
            .filter(r -> regions.stream().anyMatch(word -> names(r).anyMatch(word::equals)))
            .map(r -> providers.place(r.info()))
            .collect(Collectors.toSet());
    return providers.names().stream()
        .filter(name -> !name.equals(MANAGED) && !here.equals(Set.of(name)))
        .map(VisibleText::of)
        .toList();
  }

  private List<String> known(String command, Place place) {
    return switch (place.name()) {
      case "BACKEND" -> backends(command).map(VisibleText::of).toList();
      case "CAPABILITY" -> Words.all(Capability.class);
      case "POLICY" -> Words.all(SwapPolicy.class);
      case "COMMAND" -> commandWords(place.before());
      case "ID" ->
          ONLY_OPEN.contains(command)
              ? open().toList()
              : Stream.concat(open(), stored().stream()).distinct().toList();
      case "NAME" -> command.equals("alloc") ? List.of() : stored();
      default -> List.of();
    };
  }

  /** The first words of names, or the second ones behind the word of a group. */
  private List<String> commandWords(List<String> before) {
    if (before.isEmpty()) {
      return Stream.concat(
              commands.get().stream().filter(c -> c.group().isEmpty()).map(Command::name),
              groups.stream().map(CommandGroup::name))
          .toList();
    }
    return before.size() > 1
        ? List.of()
        : groups.stream()
            .filter(group -> group.name().equals(before.getFirst()))
            .flatMap(group -> group.words().stream())
            .toList();
  }

  private Stream<String> backends(String command) {
    return ON_STORES.contains(command)
        ? providers.withStores(null, fault -> {}).stream().map(providers::name)
        : providers.names().stream();
  }

  private Stream<String> open() {
    return providers.regions(fault -> {}).stream().flatMap(Candidates::names);
  }

  /** The names that a user may give for an open region. */
  private static Stream<String> names(Backend.Open open) {
    String name = open.info().name();
    String id = Long.toString(open.info().id());
    return name == null ? Stream.of(id) : Stream.of(id, VisibleText.of(name));
  }

  /** Stores that do not answer are left out: the command will report the reason. */
  private List<String> stored() {
    return providers.stored(refused -> {}).stream()
        .map(stored -> VisibleText.of(stored.region().name()))
        .distinct()
        .sorted()
        .toList();
  }
}
