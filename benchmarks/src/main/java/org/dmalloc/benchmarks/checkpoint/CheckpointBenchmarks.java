/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dmalloc.benchmarks.Arguments;
import org.dmalloc.benchmarks.Program;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.report.Json;
import org.dmalloc.report.Table;
import org.dmalloc.spi.machine.KernelFiles;

/** The program behind {@code benchmarks/checkpoint.sh}: what checkpoints cost. */
public final class CheckpointBenchmarks {
  private static final String HELP =
      """
      usage: benchmarks/checkpoint.sh [--part LIST] [--quick] [--only LIST] [--size SIZE] [--changed LIST] [--threads LIST] [--rounds N] [--row N] [--time MS] [--every MS] [--dir DIR] [--seed N] [--json FILE]
        --part LIST     durable, writers, restore (default: all)
        --quick         one short round with 64 MiB
        --only LIST     ways of the table of durable pages, as it names them (default: all)
        --size SIZE     of the memory (default 1g)
        --changed LIST  how many of a hundred pages change (default 0.1,1,10,100; for writers and restore 1,10)
        --threads LIST  how many threads store beside checkpoints (default 1,2)
        --rounds N      rounds of each part (default 5)
        --row N         how many checkpoints are made in a row at most (default 25)
        --time MS       how long writers are measured each time (default 5000)
        --every MS      from one checkpoint beside writers to the next (default 500)
        --dir DIR       where the files go; it must be on a disk (default: the current directory)
        --seed N        of the pages that change (default 42)
        --json FILE     the figures as JSON too
        --help          prints this
      """;

  private static final List<String> PARTS = List.of("durable", "writers", "restore");
  private static final long ROW_BYTES = 512L << 20;

  private CheckpointBenchmarks() {}

  public static void main(String[] words) {
    Program.main("checkpoint", HELP, words, CheckpointBenchmarks::task);
  }

  private static Program.Task task(Arguments given) {
    List<String> parts = words(given, "--part", String.join(",", PARTS));
    parts.forEach(each -> Arguments.named("--part", each, PARTS, name -> name));
    boolean quick = given.has("--quick");
    List<Way> all = List.of(Way.values());
    List<Way> ways =
        words(given, "--only", String.join(",", all.stream().map(Way::label).toList())).stream()
            .map(name -> Arguments.named("--only", name, all, Way::label))
            .toList();
    List<Double> changed = percents(given, "0.1,1,10,100");
    List<Double> fewer = percents(given, "1,10");
    List<Integer> threads =
        words(given, "--threads", quick ? "1" : "1,2").stream().map(Integer::valueOf).toList();
    int rounds = given.number("--rounds", quick ? 1 : 5);
    int row = given.number("--row", quick ? 3 : 25);
    int millis = given.number("--time", quick ? 500 : 5000);
    int every = given.number("--every", quick ? 100 : 500);
    int pages = pages(given.size("--size", quick ? 64L << 20 : 1L << 30));
    long seed = given.number("--seed", 42);
    Path parent = Path.of(given.text("--dir", "")).toAbsolutePath();
    Path json = given.path("--json");
    return (out, err) -> {
      Path directory = Files.createTempDirectory(parent, "dmalloc-checkpoint");
      try {
        out.println(MachineDescription.read(KernelFiles.ofThisMachine()).sentence());
        Map<String, Object> figures = new LinkedHashMap<>();
        if (parts.contains("durable")) {
          Durable.Plan plan =
              new Durable.Plan(pages, changed, ways, rounds, ROW_BYTES, row, directory, seed);
          List<Durable.Cell> cells = Durable.measure(plan, err);
          show(out, figures, "durable", Durable.render(cells, Table.ANY_WIDTH), cells);
        }
        if (parts.contains("writers")) {
          Writers.Plan plan =
              new Writers.Plan(pages, fewer, threads, rounds, millis, every, directory, seed);
          List<Writers.Cell> cells = Writers.measure(plan, err);
          List<Writers.Row> rows = cells.stream().map(cell -> Writers.Row.of(cell)).toList();
          show(out, figures, "writers", Writers.render(cells, Table.ANY_WIDTH), rows);
        }
        if (parts.contains("restore")) {
          List<Restore.Opened> opened = Restore.measure(directory, pages, fewer, rounds, seed);
          show(out, figures, "restore", Restore.render(opened, Table.ANY_WIDTH), opened);
        }
        if (json != null) {
          Files.writeString(json, Json.print(figures));
        }
      } finally {
        OpenDirectory.delete(directory);
      }
    };
  }

  private static void show(
      PrintStream out, Map<String, Object> figures, String name, String text, Object shown) {
    out.println();
    out.print(text);
    figures.put(name, shown);
  }

  private static int pages(long byteSize) {
    long pages = byteSize / PageBytes.BYTES;
    // A file is mapped and written as one buffer of Java.
    if (pages < 1 || byteSize > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("--size " + byteSize + "; give 4k to 1.9g");
    }
    return (int) pages;
  }

  private static List<Double> percents(Arguments given, String otherwise) {
    List<Double> percents =
        words(given, "--changed", otherwise).stream().map(word -> percent(word)).toList();
    return percents;
  }

  private static double percent(String word) {
    double percent;
    try {
      percent = Double.parseDouble(word);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "--changed " + word + "; give numbers such as 0.1,1,10", e);
    }
    if (!(percent > 0 && percent <= 100)) {
      throw new IllegalArgumentException("--changed " + word + "; give more than 0, at most 100");
    }
    return percent;
  }

  private static List<String> words(Arguments given, String option, String otherwise) {
    return Stream.of(given.text(option, otherwise).split(",", -1)).toList();
  }
}
