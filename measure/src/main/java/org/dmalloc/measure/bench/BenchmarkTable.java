/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

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
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.disk.RawFigure;
import org.dmalloc.measure.disk.RawPattern;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.machine.KernelCounts;
import org.dmalloc.report.Lines;
import org.dmalloc.report.Table;
import org.dmalloc.report.Table.Column;
import org.dmalloc.report.Units;
import org.jspecify.annotations.Nullable;

/** The text form of a benchmark's report. */
final class BenchmarkTable {
  /** Lines of words are not longer, however wide the terminal is. */
  private static final int WIDTH = 120;

  private static final String LEGEND =
      """
      ×qd1, ×qd32: throughput over that of the raw disk with 1 and 32 requests under way, on the same file (writes: a scratch file beside it);
        random workloads by operations, in order by bytes; a backend without a file is compared with the first raw disk above
      fill, random-write, scatter-write: the rate includes the time to force all changes to the disk, where there is one; percentiles do not
      ~: operations too short to time alone; percentiles are of means of a group
      MB/s: a cold random operation counts as the 4 KiB page it needs, a warm one as the bytes it uses; MB are 10^6 bytes
      faults: major ones; read, written: bytes this process had the disk read and write (/proc/self/io)
      """;

  private static final String LEGEND_OF_RAM =
      ": each wait for the disk brought many pages in, or they came faster than the disk gives any:"
          + " RAM answered most, as it cannot if the region exceeds it\n";

  private BenchmarkTable() {}

  static String render(BenchmarkReport report, int width) {
    return Lines.wrap(header(report), width)
        + '\n'
        + rawTable(report, width)
        + '\n'
        + results(report).render(width)
        + '\n'
        + Lines.wrap(legend(report), width)
        + "\nwhat this means here:\n"
        + BenchmarkMeaning.lines(report).stream()
            .map(line -> (line.startsWith(BenchmarkMeaning.PROGRAM) ? "    " : "  ") + line)
            .map(line -> Lines.wrap(line, Math.min(width, WIDTH)) + '\n')
            .collect(Collectors.joining());
  }

  private static String header(BenchmarkReport report) {
    BenchmarkPlan plan = report.plan();
    StringBuilder text = new StringBuilder(report.machine().sentence()).append('\n');
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
                text.append(backend).append(": ").append(describe(storage)).append('\n'));
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
    return storage.backing() + " on " + storage.mountPoint() + disk + allocated;
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
            ? fixed + " for all"
            : Arrays.stream(AccessPattern.values())
                .map(pattern -> pattern + " for " + workloadsWith(report, pattern))
                .filter(text -> !text.endsWith(" for "))
                .collect(Collectors.joining("; "));
    String taken = with.isEmpty() ? "none taken" : given + " (" + String.join(", ", with) + ")";
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

  private record Raw(RawSurvey survey, RawFigure figure) {}

  private static String rawTable(BenchmarkReport report, int width) {
    if (report.surveys().isEmpty()) {
      return "raw disk: not measured\n";
    }
    return Table.<Raw>of(
            left("raw disk", raw -> pattern(raw.figure().pattern())),
            left("file of", raw -> raw.survey().subject()),
            right("depth", raw -> Integer.toString(raw.figure().queueDepth())),
            right("ops/s", raw -> Units.count(raw.figure().operationsPerSecond())),
            right("MB/s", raw -> Units.megabytes(raw.figure().bytesPerSecond())),
            right("p50", raw -> Units.nanos(raw.figure().p50Nanos())),
            right("p99", raw -> Units.nanos(raw.figure().p99Nanos())),
            right("p99.9", raw -> Units.nanos(raw.figure().p999Nanos())),
            left("by", raw -> raw.figure().tool()))
        .keyedBy(3)
        .rows(
            report.surveys().stream()
                .flatMap(survey -> survey.figures().stream().map(f -> new Raw(survey, f)))
                .toList())
        .render(width);
  }

  private static String pattern(RawPattern pattern) {
    return pattern.label() + " " + Units.bytes(pattern.blockBytes());
  }

  private static Table<BenchmarkResult> results(BenchmarkReport report) {
    return Table.<BenchmarkResult>of(
            left("workload", row -> row.workload().name()),
            left("start", BenchmarkTable::startOf),
            left("backend", BenchmarkResult::backend),
            right("ops/s", BenchmarkTable::rate),
            right("×qd1", row -> ratio(row.throughputRatio(RawDisk.DEPTH_ONE))),
            right("×qd32", row -> ratio(row.throughputRatio(RawDisk.DEPTH_MANY))),
            figure(
                "MB/s",
                m -> m.bytesPerOperation() == 0 ? "-" : Units.megabytes(m.durableBytesPerSecond())),
            figure("p50", m -> time(m, m.latency().p50Nanos())),
            figure("p99", m -> time(m, m.latency().p99Nanos())),
            figure("p99.9", m -> time(m, m.latency().p999Nanos())),
            figure("faults", m -> known(m.counters().majorFaults(), Units::count)),
            figure("read MB", m -> known(m.counters().readBytes(), Units::megabytes)),
            figure("written MB", m -> known(m.counters().writtenBytes(), Units::megabytes)))
        .keyedBy(3)
        .groupedBy(row -> List.of(row.workload().name(), row.start()), 2)
        .orElse(BenchmarkTable::reason)
        .rows(sorted(report));
  }

  private static Column<BenchmarkResult> figure(String title, Function<Measurement, String> cell) {
    return right(title, row -> cell.apply(row.measurement()));
  }

  private static @Nullable String reason(BenchmarkResult row) {
    return switch (row.outcome()) {
      case BenchmarkResult.Measured measured -> null;
      case BenchmarkResult.NotRun notRun -> "- " + notRun.reason();
      case BenchmarkResult.Failed failed -> "ERROR " + failed.message();
    };
  }

  private static String rate(BenchmarkResult row) {
    return Units.count(row.measurement().durableOperationsPerSecond())
        + (BenchmarkMeaning.fromRam(row) ? BenchmarkMeaning.FROM_RAM : "");
  }

  private static String time(Measurement measurement, long nanos) {
    return (measurement.latency().groupSize() == 1 ? "" : "~") + Units.nanos(nanos);
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

  private static String ratio(OptionalDouble ratio) {
    return ratio.isPresent() ? Units.ratio(ratio.getAsDouble()) : "-";
  }

  private static String known(long value, LongFunction<String> form) {
    return value == KernelCounts.UNKNOWN ? "?" : form.apply(value);
  }

  private static String legend(BenchmarkReport report) {
    String workloads =
        report.plan().workloads().stream()
            .map(w -> w.name() + ": " + w.operation() + '\n')
            .collect(Collectors.joining());
    String fromRam =
        report.results().stream().anyMatch(BenchmarkMeaning::fromRam)
            ? BenchmarkMeaning.FROM_RAM + LEGEND_OF_RAM
            : "";
    String notes =
        report.notes().stream().map(note -> "note: " + note + '\n').collect(Collectors.joining());
    return workloads + LEGEND + fromRam + notes;
  }
}
