/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dmalloc.measure.compare.ComparisonReport.Cell;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.measure.report.TextTable;
import org.dmalloc.measure.report.TextTable.Column;
import org.dmalloc.measure.report.Units;

/** The text form of a comparison's report, for a terminal of 150 columns. */
public final class ComparisonTable {
  private static final String NONE = "-";
  private static final int LONGEST_REASON = 100;

  private ComparisonTable() {}

  /** The whole report: the conditions, a table for each workload, the verdicts. */
  public static String render(ComparisonReport report) {
    StringBuilder text = new StringBuilder(header(report));
    for (ComparedWorkload workload : report.workloads()) {
      text.append(String.format(Locale.ROOT, "%n%s: %s%n", workload.label(), workload.operation()));
      text.append(table(report, workload));
    }
    text.append('\n').append(legend()).append('\n');
    appendList(text, "not compared:", report.notCompared());
    appendList(text, "notes:", report.notes());
    text.append(verdicts(report));
    return text.toString();
  }

  /** The verdicts and the advice, or what stands against them. */
  public static String verdicts(ComparisonReport report) {
    StringBuilder text = new StringBuilder();
    if (!report.obstacles().isEmpty()) {
      text.append("no verdicts:\n");
      report.obstacles().forEach(line -> text.append("  ").append(line).append('\n'));
      return text.toString();
    }
    List<Verdict> verdicts = Verdict.all(report);
    text.append("verdicts:\n");
    verdicts.forEach(verdict -> text.append("  ").append(verdict.sentence()).append('\n'));
    List<Verdict> given = verdicts.stream().filter(Verdict::given).toList();
    if (!given.isEmpty()) {
      text.append("allocate:\n");
    }
    for (Verdict verdict : given) {
      text.append(
          String.format(
              Locale.ROOT,
              "  %-16s  %s%n",
              verdict.workload().label(),
              verdict.advice().isEmpty() ? NONE : verdict.advice()));
    }
    Verdict.overall(report)
        .ifPresent(
            line -> text.append(String.format(Locale.ROOT, "  %-16s  %s%n", "all of these", line)));
    return text.toString();
  }

  private static String header(ComparisonReport report) {
    var machine = report.machine();
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s, %d processors, %s, %s, Java %s%n",
            machine.processor(),
            machine.processors(),
            machine.memoryBytes() < 0 ? "memory unknown" : Units.bytes(machine.memoryBytes()),
            machine.kernel(),
            machine.jdk()));
    text.append(
        String.format(
            Locale.ROOT,
            "%s for each contender, %s%n",
            Units.bytes(report.byteSize()),
            report.limitBytes() == 0
                ? report.limitedBy()
                : String.format(
                    Locale.ROOT,
                    "in %s of RAM (%s)",
                    Units.bytes(report.limitBytes()),
                    report.limitedBy())));
    text.append(String.format(Locale.ROOT, "files: %s%n", report.storage()));
    text.append(
        String.format(
            Locale.ROOT, "swap: %s; page-cluster %s%n", swap(report), report.pageCluster()));
    text.append(
        String.format(
            Locale.ROOT,
            "%s of each cell in random order (seed %d), the last of %.2f s a cell; %.0f s in all%n",
            report.runs() == 1 ? "1 run" : "up to " + report.runs() + " runs",
            report.seed(),
            report.cellSeconds(),
            report.seconds()));
    return text.toString();
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

  private static String table(ComparisonReport report, ComparedWorkload workload) {
    boolean beside = workload == ComparedWorkload.SCAN_AND_RANDOM;
    List<Column> columns =
        List.of(
            Column.left("contender"),
            Column.right("op/s"),
            Column.right("±"),
            Column.right("p50"),
            Column.right("p99"),
            Column.right("p99.9"),
            Column.right("max"),
            Column.right("majflt"),
            Column.right("swapin"),
            Column.right("swapout"),
            Column.right("read"),
            Column.right("written"),
            Column.right("CPU"),
            Column.right("durable"),
            Column.right("peak"),
            Column.right("scan MB/s"));
    TextTable table =
        new TextTable(columns.subList(0, columns.size() - (beside ? 0 : 1)).toArray(Column[]::new));
    for (Cell cell : report.cellsOf(workload)) {
      Optional<CellSummary> summary = CellSummary.of(cell);
      if (summary.isPresent()) {
        List<String> cells = cells(cell.contender(), summary.get());
        table.row(cells.subList(0, cells.size() - (beside ? 0 : 1)).toArray(String[]::new));
      } else {
        table.spanning(reason(cell.failure()), cell.contender());
      }
    }
    return table.render();
  }

  private static String reason(String failure) {
    return failure.isEmpty()
        ? "no figures"
        : failure.length() <= LONGEST_REASON ? failure : "failed; see the notes";
  }

  /** The last is of workloads with a scan beside them only. */
  private static List<String> cells(String contender, CellSummary summary) {
    return List.of(
        contender,
        Units.count(summary.speed().median()),
        String.format(Locale.ROOT, "%.0f %%", 100 * summary.speed().spread()),
        nanos(summary.p50Nanos()),
        nanos(summary.p99Nanos()),
        nanos(summary.p999Nanos()),
        nanos(summary.maxNanos()),
        number(summary.majorFaultsPerOperation()),
        number(summary.swapInPerOperation()),
        number(summary.swapOutPerOperation()),
        number(summary.readAmplification()),
        number(summary.writeAmplification()),
        nanos(summary.cpuNanosPerOperation()),
        nanos(summary.durableNanos()),
        Double.isNaN(summary.peakBytes()) ? NONE : Units.bytes((long) summary.peakBytes()),
        Double.isNaN(summary.besideBytesPerSecond())
            ? NONE
            : Units.megabytes(summary.besideBytesPerSecond()));
  }

  private static String nanos(double nanos) {
    return Double.isNaN(nanos) ? NONE : Units.nanos((long) nanos);
  }

  private static String number(double number) {
    return Double.isNaN(number) ? NONE : String.format(Locale.ROOT, "%.2f", number);
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
      text.append(title).append('\n');
      lines.forEach(line -> text.append("  ").append(line).append('\n'));
      text.append('\n');
    }
  }
}
