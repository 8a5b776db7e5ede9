/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.costs;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.dmalloc.benchmarks.Arguments;
import org.dmalloc.benchmarks.Program;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.report.Json;
import org.jspecify.annotations.Nullable;

/**
 * The program behind {@code benchmarks/costs.sh}: what allocating, naming, growing, shrinking,
 * punching and closing a region cost, one call at a time, beside the system calls that they need
 * and beside threads that compute.
 *
 * <p>All rows of all builds take turns, some calls each, so that a busy machine is the same to all.
 * The busy threads make no calls of the suite: what they cost is processors, and the handshake with
 * each of them that closing a shared arena is.
 */
public final class SmallCosts {
  private static final String HELP =
      """
      usage: benchmarks/costs.sh [--before DIR] [--backend B] [--dir DIR] [--busy LIST] [--rounds N] [--many N] [--json FILE]
        --before DIR  the jars of another build to measure in turns: benchmarks/target/peers of its checkout
        --backend B   one of panama, filechannel, anon, anon-memfd, anon-zero; several with commas (default: the first four)
        --dir DIR     where the files go; it must be on a disk (default: the current directory)
        --busy LIST   how many threads compute beside the calls (default 0,4,16)
        --rounds N    turns of each row (default 20; 0: without this table)
        --many N      regions of 4 KiB that are open at once (default 100000; 0: without this table)
        --json FILE   the figures as JSON too
        --help        prints this
      """;
  private static final List<String> BACKENDS =
      List.of("panama", "filechannel", "anon", "anon-memfd", "anon-zero");
  private static final long PAGE = 4096;
  private static final long WARM_UP_NANOS = TimeUnit.MILLISECONDS.toNanos(400);
  private static final int WARM_UP_CALLS = 3_000;
  private static final long TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final int TURN_CALLS = 20;
  private static final double NANOS_PER_MICRO = 1e3;

  private final PrintStream out;
  private final List<Build> builds;
  private final List<String> backends;
  private final Path directory;

  /** Calls that a build does not have, by backend, build and reason. */
  private final Map<String, List<String>> lacking = new TreeMap<>();

  private SmallCosts(PrintStream out, List<Build> builds, List<String> backends, Path directory) {
    this.out = out;
    this.builds = builds;
    this.backends = backends;
    this.directory = directory;
  }

  /**
   * One figure.
   *
   * @param of the backend, or "system calls"
   * @param build which build; empty for system calls
   * @param busyThreads how many threads computed beside it
   */
  record Cost(
      String of, String call, String build, int busyThreads, long calls, double p50, double p99) {}

  /** The report as JSON; times are in microseconds. */
  record Report(List<Cost> costs, List<Map<String, Object>> many) {}

  public static void main(String[] words) {
    Program.main(
        "costs",
        HELP,
        words,
        given -> {
          List<String> backends = List.of(given.text("--backend", allBut()).split(",", -1));
          backends.forEach(each -> Arguments.named("--backend", each, BACKENDS, name -> name));
          int[] busy =
              Stream.of(given.text("--busy", "0,4,16").split(",", -1))
                  .mapToInt(Integer::parseInt)
                  .toArray();
          int rounds = given.number("--rounds", 20);
          int many = given.number("--many", 100_000);
          Path parent = Path.of(given.text("--dir", ""));
          Path before = given.path("--before");
          Path json = given.path("--json");
          return (out, err) -> {
            Path directory = Files.createTempDirectory(parent.toAbsolutePath(), "dmalloc-costs");
            try {
              SmallCosts costs = new SmallCosts(out, builds(before), backends, directory);
              Report report =
                  new Report(costs.table(busy, rounds), many == 0 ? List.of() : costs.many(many));
              if (json != null) {
                Files.writeString(json, Json.print(report));
              }
            } finally {
              OpenDirectory.delete(directory);
            }
          };
        });
  }

  private static String allBut() {
    return String.join(",", BACKENDS.subList(0, BACKENDS.size() - 1));
  }

  private static List<Build> builds(@Nullable Path before) throws IOException {
    List<Build> builds = new ArrayList<>();
    if (before != null) {
      builds.add(Build.in("before", before));
    }
    builds.add(Build.in("now", Build.jarsHere()));
    return builds;
  }

  /** One row that is measured: what makes the call, and what came of it. */
  private static final class Row {
    private final String of;
    private final String call;
    private final String build;
    private final LongSupplier makes;
    private Histogram histogram = new Histogram(3);

    Row(String of, String call, String build, LongSupplier makes) {
      this.of = of;
      this.call = call;
      this.build = build;
      this.makes = makes;
    }

    void turn(long nanos, int calls) {
      long begin = System.nanoTime();
      for (int i = 0; i < calls && System.nanoTime() - begin < nanos; i++) {
        histogram.recordValue(makes.getAsLong());
      }
    }

    Cost cost(int busyThreads) {
      Cost cost =
          new Cost(
              of,
              call,
              build,
              busyThreads,
              histogram.getTotalCount(),
              histogram.getValueAtPercentile(50) / NANOS_PER_MICRO,
              histogram.getValueAtPercentile(99) / NANOS_PER_MICRO);
      histogram = new Histogram(3);
      return cost;
    }
  }

  private List<Cost> table(int[] busy, int rounds) throws IOException, InterruptedException {
    if (rounds == 0) {
      return List.of();
    }
    List<Row> rows = rows();
    List<Cost> costs = new ArrayList<>();
    for (int threads : busy) {
      BusyThreads beside = new BusyThreads(threads);
      try {
        for (int round = 0; round < rounds; round++) {
          rows.forEach(row -> row.turn(TURN_NANOS, TURN_CALLS));
        }
      } finally {
        beside.end();
      }
      rows.forEach(row -> costs.add(row.cost(threads)));
    }
    print(costs, busy);
    return costs;
  }

  /** The rows that can be called, warm. */
  private List<Row> rows() throws IOException {
    List<Row> rows = new ArrayList<>();
    BareCalls.rows(directory)
        .forEach((call, makes) -> rows.add(new Row("system calls", call, "", makes)));
    for (String backend : backends) {
      Map<String, List<Row>> byCall = new LinkedHashMap<>();
      for (Build build : builds) {
        Path own = Files.createTempDirectory(directory, build.name());
        build
            .rows(own, backend)
            .forEach(
                (call, makes) ->
                    byCall
                        .computeIfAbsent(call, any -> new ArrayList<>())
                        .add(new Row(backend, call, build.name(), makes)));
      }
      byCall.values().forEach(rows::addAll);
    }
    rows.removeIf(row -> !works(row));
    return rows;
  }

  private boolean works(Row row) {
    try {
      row.turn(WARM_UP_NANOS, WARM_UP_CALLS);
      row.histogram.reset();
      return true;
    } catch (LinkageError | RuntimeException e) {
      String reason =
          e instanceof LinkageError ? "not in this build" : String.valueOf(e.getMessage());
      lacking
          .computeIfAbsent(row.of + ", " + row.build + ": " + reason, any -> new ArrayList<>())
          .add(row.call);
      return false;
    }
  }

  private void print(List<Cost> costs, int[] busy) {
    out.println("Microseconds, median / 99th percentile, beside so many busy threads:");
    out.println();
    StringBuilder head = new StringBuilder("| of | call | build |");
    for (int threads : busy) {
      head.append(' ').append(threads).append(" |");
    }
    out.println(head);
    out.println("|" + " --- |".repeat(3 + busy.length));
    Map<String, StringBuilder> lines = new LinkedHashMap<>();
    for (Cost cost : costs) {
      String key = String.format(Locale.ROOT, "| %s | %s | %s |", cost.of, cost.call, cost.build);
      lines
          .computeIfAbsent(key, start -> new StringBuilder(start))
          .append(String.format(Locale.ROOT, " %,.1f / %,.0f |", cost.p50, cost.p99));
    }
    lines.values().forEach(out::println);
    out.println();
    lacking.forEach((why, calls) -> out.println("- " + why + ": " + String.join("; ", calls)));
    out.println();
  }

  private List<Map<String, Object>> many(int count) throws IOException {
    out.printf(Locale.ROOT, "%,d regions of 4 KiB open at once:%n%n", count);
    out.println(
        "| of | build | regions | allocate, µs each | close, µs each | heap, bytes each | mappings |"
            + " descriptors | wrong bytes in | ended by |");
    out.println("|" + " --- |".repeat(10));
    List<Map<String, Object>> all = new ArrayList<>();
    for (String backend : backends) {
      for (Build build : builds) {
        Path own = Files.createTempDirectory(directory, build.name());
        Map<String, Object> found =
            new LinkedHashMap<>(Map.of("of", backend, "build", build.name()));
        found.putAll(build.many(own, backend, count, PAGE));
        all.add(found);
        double regions = Math.max(1, number(found, "regions"));
        out.printf(
            Locale.ROOT,
            "| %s | %s | %,d | %.1f | %.1f | %,.0f | %,d | %,d | %d | %s |%n",
            backend,
            build.name(),
            number(found, "regions"),
            number(found, "allocateNanos") / regions / NANOS_PER_MICRO,
            number(found, "closeNanos") / regions / NANOS_PER_MICRO,
            number(found, "heapBytes") / regions,
            number(found, "mappings"),
            number(found, "descriptors"),
            number(found, "wrong"),
            found.getOrDefault("ended", ""));
      }
    }
    return all;
  }

  private static long number(Map<String, Object> found, String key) {
    if (found.get(key) instanceof Number value) {
      return value.longValue();
    }
    throw new IllegalStateException(key + " is missing: " + found);
  }

  /** Threads that compute until they are ended. */
  private static final class BusyThreads {
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stop;

    /** Keeps the work from being optimized away. */
    @SuppressWarnings("UnusedVariable")
    private volatile double sink;

    BusyThreads(int count) {
      for (int i = 0; i < count; i++) {
        threads.add(Thread.ofPlatform().daemon().name("busy-" + i).start(this::compute));
      }
    }

    private void compute() {
      double x = 1;
      while (!stop) {
        for (int i = 0; i < 1000; i++) {
          x = Math.sqrt(x + i);
        }
        sink = x;
      }
    }

    void end() throws InterruptedException {
      stop = true;
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }
}
