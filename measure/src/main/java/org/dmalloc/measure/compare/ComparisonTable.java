/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.dmalloc.measure.compare.ComparisonReport.Cell;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.report.Lines;
import org.dmalloc.report.Table;
import org.dmalloc.report.Table.Column;
import org.dmalloc.report.Units;

/** The text form of a comparison's report. */
public final class ComparisonTable {
  private static final String NONE = "-";
  private static final int LONGEST_REASON = 100;

  private ComparisonTable() {}

  /** The report: its conditions, a table for each workload, the verdicts. */
  static String render(ComparisonReport report, int width) {
    StringBuilder text = new StringBuilder(Lines.wrap(header(report), width));
    for (ComparedWorkload workload : report.workloads()) {
      if (report.cellsOf(workload).isEmpty()) {
        continue; // no contender has what it needs
      }
      String title = String.format(Locale.ROOT, "%n%s: %s", workload.label(), workload.operation());
      text.append(Lines.wrap(title, width)).append('\n');
      text.append(table(report, workload).render(width));
    }
    StringBuilder rest = new StringBuilder("\n").append(legend()).append('\n');
    appendList(rest, "not compared:", report.notCompared());
    appendList(rest, "notes:", report.notes());
    return text.append(Lines.wrap(rest + verdicts(report), width)).toString();
  }

  /** The verdicts and the advice, or the obstacles. */
  public static String verdicts(ComparisonReport report) {
    if (!report.obstacles().isEmpty()) {
      return "no verdicts:\n" + indented(report.obstacles());
    }
    List<Verdict> verdicts = Verdict.all(report);
    StringBuilder text = new StringBuilder("verdicts:\n");
    text.append(indented(verdicts.stream().map(Verdict::sentence).toList()));
    List<Verdict> given = verdicts.stream().filter(Verdict::given).toList();
    if (!given.isEmpty()) {
      text.append("allocate:\n");
    }
    for (Verdict verdict : given) {
      String advice = verdict.advice().isEmpty() ? NONE : verdict.advice();
      text.append(advice(verdict.workload().label(), advice));
    }
    Verdict.overall(report).ifPresent(line -> text.append(advice("all of these", line)));
    return text.toString();
  }

  private static String advice(String workloads, String advice) {
    return String.format(Locale.ROOT, "  %-16s  %s%n", workloads, advice);
  }

  private static String indented(List<String> lines) {
    return lines.stream().map(line -> "  " + line + "\n").collect(Collectors.joining());
  }

  private static String header(ComparisonReport report) {
    return String.format(
        Locale.ROOT,
        """
        %s
        %s for each contender, %s
        files: %s
        swap: %s; page-cluster %s
        %s of each cell in random order (seed %d), the last of %.2f s a cell; %.0f s in all
        """,
        report.machine().sentence(),
        Units.bytes(report.byteSize()),
        report.limitBytes() == 0
            ? report.limitedBy()
            : "in " + Units.bytes(report.limitBytes()) + " of RAM (" + report.limitedBy() + ")",
        report.storage(),
        swap(report),
        report.pageCluster(),
        report.runs() == 1 ? "1 run" : "up to " + report.runs() + " runs",
        report.seed(),
        report.cellSeconds(),
        report.seconds());
  }

  static String swap(ComparisonReport report) {
    return report.swap().isEmpty()
        ? "none"
        : String.join("; ", report.swap().stream().map(ComparisonTable::describe).toList());
  }

  private static String describe(SwapDevice device) {
    return String.format(
        Locale.ROOT,
        "%s (%s) of %s, priority %d",
        device.path(),
        device.kind().name().toLowerCase(Locale.ROOT),
        Units.bytes(device.byteSize()),
        device.priority());
  }

  private static Table<Cell> table(ComparisonReport report, ComparedWorkload workload) {
    List<Column<Cell>> columns =
        new ArrayList<>(
            List.of(
                left("contender", Cell::contender),
                figure("op/s", s -> Units.count(s.speed().median())),
                figure("±", s -> String.format(Locale.ROOT, "%.0f %%", 100 * s.speed().spread())),
                figure("p50", s -> nanos(s.p50Nanos())),
                figure("p99", s -> nanos(s.p99Nanos())),
                figure("p99.9", s -> nanos(s.p999Nanos())),
                figure("max", s -> nanos(s.maxNanos())),
                figure("majflt", s -> number(s.majorFaultsPerOperation())),
                figure("swapin", s -> number(s.swapInPerOperation())),
                figure("swapout", s -> number(s.swapOutPerOperation())),
                figure("read", s -> number(s.readAmplification())),
                figure("written", s -> number(s.writeAmplification())),
                figure("CPU", s -> nanos(s.cpuNanosPerOperation())),
                figure("durable", s -> nanos(s.durableNanos())),
                figure("peak", s -> known(s.peakBytes(), bytes -> Units.bytes((long) bytes)))));
    if (workload == ComparedWorkload.SCAN_AND_RANDOM) {
      columns.add(figure("scan MB/s", s -> known(s.besideBytesPerSecond(), Units::megabytes)));
    }
    return new Table<>(columns)
        .orElse(cell -> CellSummary.of(cell).isPresent() ? null : reason(cell.failure()))
        .rows(report.cellsOf(workload));
  }

  private static Column<Cell> figure(String title, Function<CellSummary, String> figure) {
    return right(title, cell -> figure.apply(CellSummary.of(cell).orElseThrow()));
  }

  private static String reason(String failure) {
    return failure.isEmpty()
        ? "no figures"
        : failure.length() <= LONGEST_REASON ? failure : "failed; see the notes";
  }

  private static String known(double figure, DoubleFunction<String> form) {
    return Double.isNaN(figure) ? NONE : form.apply(figure);
  }

  private static String nanos(double nanos) {
    return known(nanos, known -> Units.nanos((long) known));
  }

  private static String number(double number) {
    return known(number, known -> String.format(Locale.ROOT, "%.2f", known));
  }

  private static String legend() {
    return """
    op/s: operations per second, median of the runs; ±: half of the middle half of the runs
    p50 … p99.9: medians of the runs; max: the slowest of all runs
    majflt, swapin, swapout: major faults, pages read from and written to swap, per operation
    read: bytes read from devices for the process, per byte asked for; written: bytes written to the devices by the machine
    asked for: 4096 bytes for each page that an operation used
    CPU: processor time per operation; durable: time until what was stored is on the disk (- : swap owes none)
    peak: the most that the limit was charged for, the JVM included; without a limit what was in RAM and mapped
    scan MB/s: what the scan beside the random loads went through meanwhile; 10^6 bytes
    """;
  }

  private static void appendList(StringBuilder text, String title, List<String> lines) {
    if (!lines.isEmpty()) {
      text.append(title).append('\n').append(indented(lines)).append('\n');
    }
  }
}
