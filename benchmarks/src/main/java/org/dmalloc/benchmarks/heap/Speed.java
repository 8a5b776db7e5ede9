/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dmalloc.measure.compare.Sample;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Operations a second of all allocators. JMH measures each cell in a JVM of its own; the cells of a
 * round take turns in an order of their own, so that a machine that is busy for a while is so for
 * all.
 */
final class Speed {
  private static final int WARM_UPS = 3;
  private static final int ITERATIONS = 3;
  private static final Pattern EXCEPTION = Pattern.compile("[a-z.]+[A-Za-z0-9.]*(Exception|Error)");

  private final Plan plan;
  private final PrintStream progress;

  Speed(Plan plan, PrintStream progress) {
    this.plan = plan;
    this.progress = progress;
  }

  /**
   * What is measured.
   *
   * @param profiler a profiler of JMH, whose report goes to the progress; empty for none
   */
  record Plan(
      List<HeapPattern> patterns,
      List<Contender> contenders,
      List<Integer> threads,
      int rounds,
      int iterationMillis,
      Path directory,
      long seed,
      String profiler) {}

  /**
   * A round of a cell.
   *
   * @param operationsPerSecond of all threads
   * @param cpuNanos processor time of an operation
   * @param remoteFrees which part of the blocks was freed by another thread
   */
  record Run(double operationsPerSecond, double cpuNanos, double remoteFrees) {}

  /**
   * An allocator under a pattern.
   *
   * @param failure why it has no figures, or fewer than there are rounds; empty if it has all
   */
  record Cell(
      HeapPattern pattern, int threads, Contender contender, List<Run> runs, String failure) {
    Sample of(ToDoubleFunction<Run> figure) {
      return Sample.of(runs.stream().mapToDouble(figure).boxed().toList());
    }

    Cell and(Run run) {
      List<Run> more = new ArrayList<>(runs);
      more.add(run);
      return new Cell(pattern, threads, contender, List.copyOf(more), failure);
    }

    Cell failed(String why) {
      return new Cell(pattern, threads, contender, runs, why);
    }

    boolean hasRuns() {
      return !runs.isEmpty();
    }
  }

  List<Cell> run() throws IOException {
    List<Cell> cells = new ArrayList<>();
    for (HeapPattern pattern : plan.patterns) {
      for (int threads : plan.threads) {
        if (pattern == HeapPattern.LARSON && threads == 1) {
          continue; // no other thread could free
        }
        for (Contender contender : plan.contenders) {
          if (contender.takesPart(pattern)) {
            cells.add(new Cell(pattern, threads, contender, List.of(), ""));
          }
        }
      }
    }
    for (int round = 0; round < plan.rounds; round++) {
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < cells.size(); i++) {
        order.add(i);
      }
      Collections.shuffle(order, new Random(plan.seed + round));
      int done = 0;
      for (int index : order) {
        Cell cell = cells.get(index);
        Cell more = measured(cell);
        cells.set(index, more);
        progress.printf(
            Locale.ROOT,
            "round %d of %d, %d of %d: %s, threads: %d, %s: %s%n",
            round + 1,
            plan.rounds,
            ++done,
            order.size(),
            cell.pattern.label(),
            cell.threads,
            cell.contender.label(),
            more.runs.size() > cell.runs.size()
                ? String.format(
                    Locale.ROOT,
                    "%s operations/s, %.1f ns of processor time each",
                    Units.count(more.runs.getLast().operationsPerSecond),
                    more.runs.getLast().cpuNanos)
                : more.failure);
      }
    }
    return List.copyOf(cells);
  }

  private Cell measured(Cell cell) throws IOException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(cell.pattern.regex())
            .param("contender", cell.contender.label())
            .param("mostBytes", String.valueOf(cell.pattern.mostBytes()))
            .threads(cell.threads)
            .forks(1)
            .warmupIterations(WARM_UPS)
            .warmupTime(TimeValue.milliseconds(plan.iterationMillis))
            .measurementIterations(ITERATIONS)
            .measurementTime(TimeValue.milliseconds(plan.iterationMillis))
            .shouldFailOnError(true)
            .jvmArgs(
                Stream.concat(
                        Stream.of(
                            "-Xms512m",
                            "-Xmx512m",
                            "-XX:MaxDirectMemorySize=2g",
                            "--enable-native-access=ALL-UNNAMED",
                            "-D" + MeasuredAllocator.DIRECTORY_PROPERTY + "=" + plan.directory,
                            "-D" + MeasuredAllocator.SEED_PROPERTY + "=" + plan.seed),
                        NettyBlocks.JVM_ARGUMENTS.stream())
                    .toArray(String[]::new))
            .verbosity(VerboseMode.NORMAL);
    Path log = plan.directory.resolve("jmh.log");
    if (plan.profiler.isEmpty()) {
      options = options.output(log.toString());
    } else {
      int colon = plan.profiler.indexOf(':');
      options =
          colon < 0
              ? options.addProfiler(plan.profiler)
              : options.addProfiler(
                  plan.profiler.substring(0, colon), plan.profiler.substring(colon + 1));
    }
    Collection<RunResult> results;
    try {
      results = new Runner(options.build()).run();
    } catch (RunnerException e) {
      return cell.failed(plan.profiler.isEmpty() ? exception(log) : String.valueOf(e.getMessage()));
    }
    RunResult result = results.iterator().next();
    double rate = result.getPrimaryResult().getScore();
    return cell.and(
        new Run(
            rate,
            counted(result, "cpuNanos") / counted(result, "operations"),
            counted(result, "remoteFrees") / counted(result, "operations")));
  }

  /** A field of {@link Counted}, by second as the operations are. */
  private static double counted(RunResult result, String name) {
    return Objects.requireNonNull(result.getSecondaryResults().get(name), name).getScore();
  }

  /** The exception that ended a JVM, by what JMH printed. */
  private static String exception(Path log) throws IOException {
    try (Stream<String> lines = Files.lines(log)) {
      return lines
          .filter(line -> EXCEPTION.matcher(line).lookingAt())
          .findFirst()
          .orElse("ended without an exception");
    }
  }

  /**
   * How often as good as the best peer, whichever that is by this figure: the median of the ratios
   * of the rounds. NaN if no peer was measured.
   *
   * @param figure more is better
   */
  static double ratio(List<Cell> cells, Cell cell, ToDoubleFunction<Run> figure) {
    Optional<Cell> best =
        cells.stream()
            .filter(each -> each.pattern == cell.pattern && each.threads == cell.threads)
            .filter(each -> !each.contender.ours() && each.contender != Contender.HARNESS)
            .filter(Cell::hasRuns)
            .max(Comparator.comparingDouble(each -> each.of(figure).median()));
    if (best.isEmpty()) {
      return Double.NaN;
    }
    List<Double> ratios = new ArrayList<>();
    for (int round = 0; round < Math.min(cell.runs.size(), best.get().runs.size()); round++) {
      ratios.add(
          figure.applyAsDouble(cell.runs.get(round))
              / figure.applyAsDouble(best.get().runs.get(round)));
    }
    return ratios.isEmpty() ? Double.NaN : Sample.of(ratios).median();
  }

  static String render(List<Cell> cells, int width) {
    Table<Cell> table =
        Table.<Cell>of(
                left("pattern", cell -> cell.pattern.label()),
                left("threads", cell -> String.valueOf(cell.threads)),
                left("allocator", cell -> cell.contender.label()),
                right("CPU ns", cell -> number("%.1f", cell.of(Run::cpuNanos).median())),
                right("± %", cell -> number("%.0f", 100 * cell.of(Run::cpuNanos).spread())),
                right("× best", cell -> ratio(cells, cell)),
                right(
                    "operations/s",
                    cell -> Units.count(cell.of(Run::operationsPerSecond).median())),
                right("× best", cell -> shown(cell, ratio(cells, cell, Run::operationsPerSecond))),
                right(
                    "freed elsewhere",
                    cell ->
                        cell.pattern == HeapPattern.LARSON
                            ? number("%.0f %%", 100 * cell.of(Run::remoteFrees).median())
                            : "-"))
            .keyedBy(3)
            .orElse(cell -> cell.hasRuns() ? null : cell.failure)
            .groupedBy(cell -> List.of(cell.pattern, cell.threads), 2)
            .rows(cells);
    StringBuilder text = new StringBuilder(table.render(width)).append('\n');
    cells.stream()
        .filter(cell -> !cell.failure.isEmpty() && cell.hasRuns())
        .forEach(
            cell ->
                text.append(
                    String.format(
                        Locale.ROOT,
                        "%s, threads: %d, %s: failed in a round: %s%n",
                        cell.pattern.label(),
                        cell.threads,
                        cell.contender.label(),
                        cell.failure)));
    text.append(
        """
        CPU ns: processor time of its thread for each operation; operations/s: of all threads
        × best: the best peer's by this figure is 1, more is better; the median of the rounds' ratios
        """);
    Stream.of(HeapPattern.values())
        .filter(pattern -> cells.stream().anyMatch(cell -> cell.pattern == pattern))
        .forEach(
            pattern ->
                text.append(pattern.label()).append(": ").append(pattern.operation()).append('\n'));
    cells.stream()
        .map(Cell::contender)
        .distinct()
        .forEach(
            each -> text.append(each.label()).append(": ").append(each.description()).append('\n'));
    return text.toString();
  }

  private static String ratio(List<Cell> cells, Cell cell) {
    return shown(cell, ratio(cells, cell, run -> 1 / run.cpuNanos));
  }

  private static String shown(Cell cell, double ratio) {
    return Double.isNaN(ratio) || cell.contender == Contender.HARNESS ? "-" : number("%.2f", ratio);
  }

  private static String number(String form, double value) {
    return String.format(Locale.ROOT, form, value);
  }
}
