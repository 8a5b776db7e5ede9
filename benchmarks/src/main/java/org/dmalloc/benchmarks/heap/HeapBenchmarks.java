/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

/** The program behind {@code benchmarks/heap.sh}: what a heap costs. */
public final class HeapBenchmarks {
  private static final String HELP =
      """
      usage: benchmarks/heap.sh [--part LIST] [--quick] [--only LIST] [--pattern LIST] [--threads LIST] [--rounds N] [--time MS] [--profile P] [--dir DIR] [--seed N] [--json FILE]
        --part LIST     speed, fragmentation, metadata, opening (default: all)
        --quick         one short round
        --only LIST     allocators of the speed table, as it names them (default: all)
        --pattern LIST  mixed, small, larson, records (default: all)
        --threads LIST  how many threads (default 1,2)
        --rounds N      rounds of the speed table (default 5)
        --time MS       of an iteration; a cell has six (default 1000)
        --profile P     a profiler of JMH, such as stack or perfnorm, whose output goes to standard error
        --dir DIR       where files go; it must be on a disk (default: the current directory)
        --seed N        of sizes and orders (default 42)
        --json FILE     the figures as JSON too
        --help          prints this
      """;

  private static final List<String> PARTS =
      List.of("speed", "fragmentation", "metadata", "opening");
  private static final List<Integer> OPENED_BLOCKS = List.of(1 << 10, 64 << 10);

  private HeapBenchmarks() {}

  /** A table, and its figures for JSON. */
  record Part(String text, Object figures) {}

  public static void main(String[] words) {
    Program.main("heap", HELP, words, HeapBenchmarks::task);
  }

  private static Program.Task task(Arguments given) {
    List<String> parts = words(given, "--part", String.join(",", PARTS));
    parts.forEach(each -> Arguments.named("--part", each, PARTS, name -> name));
    boolean quick = given.has("--quick");
    List<Contender> all = List.of(Contender.values());
    List<Contender> contenders =
        words(given, "--only", "").stream()
            .filter(name -> !name.isEmpty())
            .map(name -> Arguments.named("--only", name, all, Contender::label))
            .toList();
    List<HeapPattern> patterns =
        words(given, "--pattern", "mixed,small,larson,records").stream()
            .map(
                name ->
                    Arguments.named(
                        "--pattern", name, Arrays.asList(HeapPattern.values()), HeapPattern::label))
            .toList();
    List<Integer> threads =
        words(given, "--threads", "1,2").stream().map(Integer::valueOf).toList();
    int rounds = given.number("--rounds", quick ? 1 : 5);
    int millis = given.number("--time", quick ? 300 : 1000);
    String profiler = given.text("--profile", "");
    long seed = given.number("--seed", 42);
    Path parent = Path.of(given.text("--dir", "")).toAbsolutePath();
    Path json = given.path("--json");
    return (out, err) -> {
      Path directory = Files.createTempDirectory(parent, "dmalloc-heap");
      try {
        out.println(MachineDescription.read(KernelFiles.ofThisMachine()).sentence());
        Map<String, Object> figures = new LinkedHashMap<>();
        if (parts.contains("speed")) {
          Speed.Plan plan =
              new Speed.Plan(
                  patterns,
                  contenders.isEmpty() ? all : contenders,
                  threads,
                  rounds,
                  millis,
                  directory,
                  seed,
                  profiler);
          show(out, figures, "speed", speed(plan, err));
        }
        if (parts.contains("fragmentation")) {
          long live = (quick ? 32L : 256L) << 20;
          show(out, figures, "fragmentation", fragmentation(directory, live, seed));
        }
        if (parts.contains("metadata")) {
          show(out, figures, "metadata", metadata((quick ? 64L : 256L) << 20));
        }
        if (parts.contains("opening")) {
          List<Long> sizes = quick ? List.of(1L << 28) : List.of(1L << 30, 1L << 32, 1L << 34);
          show(out, figures, "opening", opening(directory, sizes, quick ? 1 : 3));
        }
        if (json != null) {
          Files.writeString(json, Json.print(figures));
        }
      } finally {
        OpenDirectory.delete(directory);
      }
    };
  }

  private static void show(PrintStream out, Map<String, Object> figures, String name, Part part) {
    out.println();
    out.print(part.text());
    figures.put(name, part.figures());
  }

  private static Part fragmentation(Path directory, long liveBytes, long seed)
      throws IOException, InterruptedException {
    List<Fragmentation.Stage> stages = Fragmentation.measure(directory, liveBytes, seed);
    return new Part(Fragmentation.render(stages, Table.ANY_WIDTH), stages);
  }

  private static Part metadata(long regionBytes) throws IOException {
    List<Metadata.Full> all = Metadata.measure(regionBytes);
    return new Part(Metadata.render(all, Table.ANY_WIDTH), all);
  }

  private static Part opening(Path directory, List<Long> sizes, int runs)
      throws IOException, InterruptedException {
    List<Opening.Opened> all = Opening.measure(directory, sizes, OPENED_BLOCKS, runs);
    return new Part(Opening.render(all, Table.ANY_WIDTH), all);
  }

  private static Part speed(Speed.Plan plan, PrintStream err) throws IOException {
    List<Speed.Cell> cells = new Speed(plan, err).run();
    return new Part(Speed.render(cells, Table.ANY_WIDTH), cells);
  }

  private static List<String> words(Arguments given, String option, String otherwise) {
    return Stream.of(given.text(option, otherwise).split(",", -1)).toList();
  }
}
