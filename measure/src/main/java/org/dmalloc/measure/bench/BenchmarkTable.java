/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import static org.dmalloc.measure.report.TextTable.Column.left;
import static org.dmalloc.measure.report.TextTable.Column.right;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.disk.RawFigure;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.machine.ProcessCounters;
import org.dmalloc.measure.report.TextTable;
import org.dmalloc.measure.report.Units;

/** The text form of a benchmark's report, for a terminal of 120 columns. */
public final class BenchmarkTable {
  private static final int WIDTH = 120;

  private BenchmarkTable() {}

  /** The whole report: what was measured where, the raw disk, the rows, and how to read them. */
  public static String render(BenchmarkReport report) {
    return header(report)
        + '\n'
        + rawTable(report)
        + resultTable(report)
        + '\n'
        + legend(report)
        + "\nwhat this means here:\n"
        + BenchmarkMeaning.lines(report).stream()
            .map(BenchmarkTable::wrapped)
            .collect(Collectors.joining());
  }

  /** A line for a terminal, its continuation indented more; a command is to be copied whole. */
  private static String wrapped(String line) {
    if (line.startsWith(BenchmarkMeaning.PROGRAM)) {
      return "    " + line + '\n';
    }
    StringBuilder text = new StringBuilder();
    int column = 0;
    for (String word : line.split(" ", -1)) {
      if (column > 0 && column + 1 + word.length() > WIDTH) {
        text.append('\n');
        column = 0;
      }
      String gap = column > 0 ? " " : text.isEmpty() ? "  " : "    ";
      text.append(gap).append(word);
      column += gap.length() + word.length();
    }
    return text.append('\n').toString();
  }

  private static String header(BenchmarkReport report) {
    MachineDescription machine = report.machine();
    BenchmarkPlan plan = report.plan();
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s, %d processors, %s%s, %s, Java %s%n",
            machine.processor(),
            machine.processors(),
            machine.memoryBytes() < 0 ? "memory unknown" : Units.bytes(machine.memoryBytes()),
            machine.memoryLimitBytes() < 0
                ? ""
                : " (limit " + Units.bytes(machine.memoryLimitBytes()) + ")",
            machine.kernel(),
            machine.jdk()));
    text.append(
        String.format(
            Locale.ROOT,
            "each backend: one region of %s; threads: %d; at most %s per row; seed %d; took %s%n",
            Units.bytes(plan.byteSize()),
            plan.threads(),
            Units.nanos(plan.timePerRun().toNanos()),
            plan.seed(),
            Units.nanos(report.took().toNanos())));
    report
        .storage()
        .forEach(
            (backend, storage) ->
                text.append(String.format(Locale.ROOT, "%s: %s%n", backend, describe(storage))));
    text.append("advice: ").append(advice(report)).append('\n');
    return text.toString();
  }

  private static String describe(BenchmarkReport.Storage storage) {
    String allocated = ", allocated in " + Units.nanos(storage.allocateNanos());
    if (storage.fileSystem().isEmpty()) {
      return storage.backing() + allocated;
    }
    String disk =
        storage.device().isEmpty()
            ? ""
            : String.format(
                Locale.ROOT,
                ", disk %s, read_ahead_kb %d, rotational %s",
                storage.device(),
                storage.readAheadKib(),
                storage.rotational());
    return String.format(
        Locale.ROOT, "%s on %s%s%s", storage.backing(), storage.mountPoint(), disk, allocated);
  }

  private static String advice(BenchmarkReport report) {
    Map<String, Set<String>> byBackend =
        report.results().stream()
            .collect(
                Collectors.groupingBy(
                    BenchmarkResult::backend,
                    LinkedHashMap::new,
                    Collectors.mapping(
                        BenchmarkTable::adviceOf, Collectors.toCollection(LinkedHashSet::new))));
    List<String> without = new ArrayList<>();
    List<String> with = new ArrayList<>();
    byBackend.forEach(
        (backend, advice) ->
            (advice.stream().allMatch(String::isEmpty) ? without : with).add(backend));
    AccessPattern fixed = report.plan().pattern();
    String given =
        fixed != null
            ? String.format(Locale.ROOT, "%s for all", fixed)
            : Arrays.stream(AccessPattern.values())
                .map(pattern -> pattern + " for " + workloadsWith(report, pattern))
                .filter(text -> !text.endsWith(" for "))
                .collect(Collectors.joining("; "));
    String taken =
        with.isEmpty()
            ? "none taken"
            : String.format(Locale.ROOT, "%s (%s)", given, String.join(", ", with));
    return without.isEmpty() ? taken : taken + "; none taken by " + String.join(", ", without);
  }

  private static String adviceOf(BenchmarkResult result) {
    AccessPattern advice = result.advice();
    return advice == null ? "" : advice.name();
  }

  private static String workloadsWith(BenchmarkReport report, AccessPattern pattern) {
    return report.plan().workloads().stream()
        .filter(w -> w.kind() != Workload.Kind.ALLOCATE && w.pattern() == pattern)
        .map(Workload::name)
        .collect(Collectors.joining(", "));
  }

  private static String rawTable(BenchmarkReport report) {
    if (report.surveys().isEmpty()) {
      return "raw disk: not measured\n\n";
    }
    TextTable table =
        new TextTable(
            left("raw disk"),
            left("file of"),
            right("depth"),
            right("ops/s"),
            right("MB/s"),
            right("p50"),
            right("p99"),
            right("p99.9"),
            left("by"));
    for (RawSurvey survey : report.surveys()) {
      for (RawFigure figure : survey.figures()) {
        table.row(
            figure.pattern().label() + " " + Units.bytes(figure.pattern().blockBytes()),
            survey.subject(),
            Integer.toString(figure.queueDepth()),
            Units.count(figure.operationsPerSecond()),
            Units.megabytes(figure.bytesPerSecond()),
            Units.nanos(figure.p50Nanos()),
            Units.nanos(figure.p99Nanos()),
            Units.nanos(figure.p999Nanos()),
            figure.tool());
      }
    }
    return table.render() + '\n';
  }

  private static String resultTable(BenchmarkReport report) {
    TextTable table =
        new TextTable(
            left("workload"),
            left("start"),
            left("backend"),
            right("ops/s"),
            right("×qd1"),
            right("×qd32"),
            right("MB/s"),
            right("p50"),
            right("p99"),
            right("p99.9"),
            right("faults"),
            right("read MB"),
            right("written MB"));
    String previous = "";
    for (BenchmarkResult result : sorted(report)) {
      String group = result.workload().name() + result.start();
      boolean first = !group.equals(previous);
      if (first && !previous.isEmpty()) {
        table.rule();
      }
      previous = group;
      String workload = first ? result.workload().name() : "";
      String start = first ? startOf(result) : "";
      switch (result.outcome()) {
        case BenchmarkResult.Measured measured ->
            table.row(cells(workload, start, result, measured.measurement()));
        case BenchmarkResult.NotRun notRun ->
            table.spanning("- " + notRun.reason(), workload, start, result.backend());
        case BenchmarkResult.Failed failed ->
            table.spanning("ERROR " + failed.message(), workload, start, result.backend());
      }
    }
    return table.render();
  }

  private static String startOf(BenchmarkResult result) {
    return result.workload().starts().size() == 1
        ? "-"
        : result.start().name().toLowerCase(Locale.ROOT);
  }

  /** By workload in the plan's order, then cold before warm, then backends as they ran. */
  private static List<BenchmarkResult> sorted(BenchmarkReport report) {
    List<Workload> order = report.plan().workloads();
    return report.results().stream()
        .sorted(
            Comparator.<BenchmarkResult>comparingInt(r -> order.indexOf(r.workload()))
                .thenComparing(r -> r.start() == Start.WARM))
        .toList();
  }

  private static String[] cells(
      String workload, String start, BenchmarkResult result, Measurement measurement) {
    boolean alone = measurement.latency().groupSize() == 1;
    String mark = alone ? "" : "~";
    return new String[] {
      workload,
      start,
      result.backend(),
      Units.count(measurement.operationsPerSecond())
          + (BenchmarkMeaning.fromRam(result) ? BenchmarkMeaning.FROM_RAM : ""),
      ratio(result.throughputRatio(RawDisk.DEPTH_ONE)),
      ratio(result.throughputRatio(RawDisk.DEPTH_MANY)),
      measurement.bytesPerOperation() == 0 ? "-" : Units.megabytes(measurement.bytesPerSecond()),
      mark + Units.nanos(measurement.latency().p50Nanos()),
      mark + Units.nanos(measurement.latency().p99Nanos()),
      mark + Units.nanos(measurement.latency().p999Nanos()),
      known(measurement.counters().majorFaults(), Units::count),
      known(measurement.counters().readBytes(), Units::megabytes),
      known(measurement.counters().writtenBytes(), Units::megabytes)
    };
  }

  private static String ratio(OptionalDouble ratio) {
    return ratio.isPresent() ? Units.ratio(ratio.getAsDouble()) : "-";
  }

  private static String known(long value, LongFunction<String> form) {
    return value == ProcessCounters.UNKNOWN ? "?" : form.apply(value);
  }

  private static String legend(BenchmarkReport report) {
    List<String> lines = new ArrayList<>();
    report
        .plan()
        .workloads()
        .forEach(w -> lines.add(String.format(Locale.ROOT, "%s: %s", w.name(), w.operation())));
    lines.add(
        "×qd1, ×qd32: throughput over that of the raw disk with 1 and 32 requests under way, on the"
            + " same file (writes: a scratch file beside it);");
    lines.add(
        "  random workloads by operations, in order by bytes; a backend without a file is compared"
            + " with the first raw disk above");
    lines.add(
        "fill, random-write, scatter-write: the rate includes the time to force all changes to the"
            + " disk, where there is one; percentiles do not");
    lines.add("~: operations too short to time alone; percentiles are of means of a group");
    lines.add(
        "MB/s: a cold random operation counts as the 4 KiB page it needs, a warm one as the bytes"
            + " it uses; MB are 10^6 bytes");
    lines.add(
        "faults: major ones; read, written: bytes this process had the disk read and write"
            + " (/proc/self/io)");
    if (report.results().stream().anyMatch(BenchmarkMeaning::fromRam)) {
      lines.add(
          BenchmarkMeaning.FROM_RAM
              + ": each wait for the disk brought many pages in, or they came faster than the disk"
              + " gives any: RAM answered most, as it cannot if the region exceeds it");
    }
    report.notes().forEach(note -> lines.add("note: " + note));
    return String.join("\n", lines) + '\n';
  }
}
