/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dmalloc.backup.BackupService;
import org.dmalloc.heap.HeapService;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.Workloads;
import org.dmalloc.shared.SharedMemoryService;
import org.dmalloc.shell.ShellCommands;
import org.dmalloc.shell.backup.BackupCommands;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.heap.HeapCommands;
import org.dmalloc.shell.locks.LockCommands;
import org.dmalloc.shell.syntax.Operand;
import org.dmalloc.shell.syntax.Option;
import org.junit.jupiter.api.Test;

/** docs/shell.md has a row for each command, with each of its operands and options. */
class DocumentationTest {
  private static final Path PAGE = Path.of("..", "docs", "shell.md");
  private static final Pattern ROW =
      Pattern.compile("\\| `([a-z]+(?: [a-z]+)?)[^|]*(?:\\\\\\|[^|]*)*\\|.*");

  private final List<Command> commands = commands();

  private static List<Command> commands() {
    ShellCommands commands = new ShellCommands(new Providers());
    commands.add(new BackupCommands(BackupService.load()));
    commands.add(new LockCommands(SharedMemoryService.load()));
    commands.add(new MeasuringCommands());
    HeapService heaps = HeapService.load();
    commands.add(new HeapCommands(heaps));
    commands.add(new HeapMeasuringCommands(heaps));
    return commands.all();
  }

  private static Map<String, String> rows() throws IOException {
    Map<String, String> rows = new LinkedHashMap<>();
    List<String> lines = Files.readAllLines(PAGE);
    int begin = lines.indexOf("## The commands");
    for (String line : lines.subList(begin, lines.size())) {
      if (line.startsWith("## ") && !line.equals("## The commands")) {
        break;
      }
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        rows.merge(row.group(1), line, String::concat);
      }
    }
    return rows;
  }

  @Test
  void everyCommandHasARowInTheOrderOfHelp() throws IOException {
    assertEquals(
        commands.stream().map(c -> c.name()).toList(),
        List.copyOf(rows().keySet()),
        "the order of help, and the rows of the table in docs/shell.md");
  }

  @Test
  void everyWorkloadIsNamedBesideBenchAndDescribed() throws IOException {
    String bench = rows().getOrDefault("bench", "");
    List<String> method = Files.readAllLines(PAGE.resolveSibling("method.md"));
    List<String> missing = new ArrayList<>();
    for (Workload workload : Workloads.standard()) {
      String name = String.format(Locale.ROOT, "`%s`", workload.name());
      if (!bench.contains(name)) {
        missing.add(name + " in the row of bench in docs/shell.md");
      }
      if (method.stream().noneMatch(line -> line.startsWith("| " + name + " |"))) {
        missing.add(name + " in the table of docs/method.md");
      }
    }
    assertEquals(List.of(), missing);
  }

  @Test
  void everyOperandAndOptionIsThere() throws IOException {
    Map<String, String> rows = rows();
    List<String> missing = new ArrayList<>();
    for (Command command : commands) {
      String row = rows.getOrDefault(command.name(), "").replace("\\|", "|");
      Stream<String> words =
          Stream.concat(
              command.syntax().operands().stream().map(Operand::name),
              command.syntax().options().stream()
                  .map(o -> o.names().getFirst() + (o.takesValue() ? " " + o.placeholder() : "")));
      words
          .filter(word -> !row.contains(word))
          .forEach(word -> missing.add(command.name() + ": " + word));
    }
    assertEquals(List.of(), missing, "words that the row in docs/shell.md lacks");
  }

  @Test
  void noOptionIsThereThatDoesNotExist() throws IOException {
    Pattern option = Pattern.compile("(?<![\\w-])(--[a-z-]+|-[a-z])\\b");
    for (Map.Entry<String, String> row : rows().entrySet()) {
      Command command =
          commands.stream().filter(c -> c.name().equals(row.getKey())).findFirst().orElseThrow();
      String syntax = row.getValue().replace("\\|", "/").split("\\|", -1)[1];
      Matcher written = option.matcher(syntax);
      while (written.find()) {
        String name = written.group(1);
        assertTrue(
            command.syntax().options().stream().map(Option::names).anyMatch(n -> n.contains(name)),
            () -> row.getKey() + " has no " + name);
      }
    }
  }
}
