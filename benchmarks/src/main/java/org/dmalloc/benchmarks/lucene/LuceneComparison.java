/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.lucene;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.dmalloc.benchmarks.Arguments;
import org.dmalloc.benchmarks.Program;
import org.dmalloc.linux.OpenDirectory;

/**
 * The program behind {@code benchmarks/lucene.sh}: the same index and the same queries in each
 * place, each in a JVM of its own, in random order, as often as asked for.
 */
public final class LuceneComparison {
  private static final String HELP =
      """
      usage: benchmarks/lucene.sh [--docs N] [--queries N] [--passes N] [--runs N] [--only LIST] [--dir DIR] [--no-vectors]
        --docs N      documents of 40 words (default 200000)
        --queries N   queries of each kind in a pass (default 500)
        --passes N    timed passes, after as many to compile; the median counts (default 7)
        --runs N      JVMs for each place (default 5)
        --only LIST   places, separated by commas: mmap, panama, panama:segments, filechannel, managed, anon
        --dir DIR     where the files go; it must be on a disk (default: the current directory)
        --no-vectors  without the module jdk.incubator.vector, which Lucene asks for
        --help        prints this
      """;
  private static final double NANOS_PER_MILLI = 1e6;
  private static final long SEED = 20_240_229;

  private final Path parent;
  private final List<IndexPlace> places;
  private final List<String> numbers;
  private final int runs;
  private final boolean vectors;

  /** By what was timed and where: the times of all runs in nanoseconds. */
  private final Map<String, Map<IndexPlace, List<Long>>> times = new LinkedHashMap<>();

  private final Map<String, Long> sums = new LinkedHashMap<>();

  private LuceneComparison(
      Path parent, List<IndexPlace> places, List<String> numbers, int runs, boolean vectors) {
    this.parent = parent;
    this.places = places;
    this.numbers = numbers;
    this.runs = runs;
    this.vectors = vectors;
  }

  public static void main(String[] words) {
    Program.main(
        "lucene",
        HELP,
        words,
        given -> {
          List<IndexPlace> all = List.of(IndexPlace.values());
          String only = given.text("--only", "");
          List<IndexPlace> places =
              only.isEmpty()
                  ? all
                  : Arrays.stream(only.split(",", -1))
                      .map(word -> Arguments.named("--only", word, all, IndexPlace::word))
                      .toList();
          List<String> numbers =
              Stream.of(
                      given.number("--docs", 200_000),
                      given.number("--queries", 500),
                      given.number("--passes", 7))
                  .map(Object::toString)
                  .toList();
          LuceneComparison comparison =
              new LuceneComparison(
                  Path.of(given.text("--dir", "")).toAbsolutePath(),
                  places,
                  numbers,
                  given.number("--runs", 5),
                  !given.has("--no-vectors"));
          return (out, err) -> {
            comparison.measure(err);
            comparison.print(out);
          };
        });
  }

  private void measure(PrintStream err) throws IOException, InterruptedException {
    Random order = new Random(SEED);
    for (int run = 1; run <= runs; run++) {
      List<IndexPlace> turns = new ArrayList<>(places);
      Collections.shuffle(turns, order);
      for (IndexPlace place : turns) {
        err.println("lucene: run " + run + " of " + runs + ", " + place.word());
        measure(place);
      }
    }
  }

  private void measure(IndexPlace place) throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory(parent, "dmalloc-lucene");
    try {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-Xmx1g", "--enable-native-access=ALL-UNNAMED"));
      if (vectors) {
        command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
      }
      command.addAll(List.of("-cp", ManagementFactory.getRuntimeMXBean().getClassPath()));
      command.addAll(List.of(IndexRun.class.getName(), place.name(), directory.toString()));
      command.addAll(numbers);
      Path messages = directory.resolveSibling(directory.getFileName() + ".err");
      Process child = new ProcessBuilder(command).redirectError(messages.toFile()).start();
      try {
        String printed = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (child.waitFor() != 0) {
          throw new IOException(place.word() + " failed: " + Files.readString(messages));
        }
        printed.lines().forEach(line -> keep(place, line));
      } finally {
        child.destroyForcibly();
        Files.delete(messages);
      }
    } finally {
      OpenDirectory.delete(directory);
    }
  }

  private void keep(IndexPlace place, String line) {
    List<String> words = List.of(line.split("\t", -1));
    String what = words.get(0);
    long sum = Long.parseLong(words.get(2));
    Long known = sums.putIfAbsent(what, sum);
    if (known != null && known != sum) {
      throw new IllegalStateException(
          place.word() + " found something else by " + what + ": " + sum + ", not " + known);
    }
    times
        .computeIfAbsent(what, key -> new LinkedHashMap<>())
        .computeIfAbsent(place, key -> new ArrayList<>())
        .add(Long.parseLong(words.get(1)));
  }

  private void print(PrintStream out) {
    for (IndexPlace place : places) {
      out.println(place.word() + ": " + place.description());
    }
    out.println();
    out.println(
        "| ms | " + String.join(" | ", places.stream().map(IndexPlace::word).toList()) + " |");
    out.println("|" + " --- |".repeat(places.size() + 1));
    times.forEach(
        (what, byPlace) -> {
          List<String> cells = new ArrayList<>(List.of(what));
          for (IndexPlace place : places) {
            cells.add(cell(byPlace, place));
          }
          out.println("| " + String.join(" | ", cells) + " |");
        });
  }

  /** The median, and its ratio to the first place's. */
  private String cell(Map<IndexPlace, List<Long>> byPlace, IndexPlace place) {
    double median = median(byPlace.getOrDefault(place, List.of()));
    double first = median(byPlace.getOrDefault(places.getFirst(), List.of()));
    String time = String.format(Locale.ROOT, "%.1f", median / NANOS_PER_MILLI);
    return place == places.getFirst()
        ? time
        : String.format(Locale.ROOT, "%s (%.2f)", time, median / first);
  }

  private static double median(List<Long> values) {
    List<Long> sorted = values.stream().sorted().toList();
    return sorted.isEmpty() ? Double.NaN : sorted.get(sorted.size() / 2);
  }
}
