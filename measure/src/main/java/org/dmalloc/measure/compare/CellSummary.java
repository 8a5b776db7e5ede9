/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.dmalloc.measure.Latency;
import org.dmalloc.measure.Measurement;

/**
 * The medians of one cell over its runs. NaN stands for what the machine does not report.
 *
 * @param p99Nanos 99 of 100 operations took at most this
 * @param p999Nanos 999 of 1000 did
 * @param maxNanos the slowest, of all runs
 * @param majorFaultsPerOperation waits for a device
 * @param readAmplification bytes read from devices for this process per byte asked for
 * @param writeAmplification bytes written to the devices per byte asked for
 * @param durableNanos time until durable; NaN if nothing is owed
 * @param peakResidentBytes the most that was in RAM and mapped, shared pages included
 * @param peakChargedBytes the most that its memory cgroup was charged for
 * @param besideBytesPerSecond what a scan beside it went through; NaN if there was none
 */
public record CellSummary(
    Sample speed,
    double p50Nanos,
    double p99Nanos,
    double p999Nanos,
    double maxNanos,
    double majorFaultsPerOperation,
    double swapInPerOperation,
    double swapOutPerOperation,
    double readAmplification,
    double writeAmplification,
    double cpuNanosPerOperation,
    double durableNanos,
    double peakResidentBytes,
    double peakChargedBytes,
    double besideBytesPerSecond) {

  /** Sums a cell up; empty if it has no runs. */
  public static Optional<CellSummary> of(ComparisonReport.Cell cell) {
    List<Measurement> runs = cell.runs().stream().filter(run -> run.operations() > 0).toList();
    if (runs.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new CellSummary(
            Sample.of(runs.stream().map(Measurement::operationsPerSecond).toList()),
            median(runs, run -> (double) run.latency().p50Nanos()),
            median(runs, run -> (double) run.latency().p99Nanos()),
            median(runs, run -> (double) run.latency().p999Nanos()),
            runs.stream().mapToDouble(run -> (double) run.latency().maxNanos()).max().orElseThrow(),
            median(runs, run -> ratio(run.counters().majorFaults(), run.operations())),
            median(runs, run -> ratio(run.counters().swapInPages(), run.operations())),
            median(runs, run -> ratio(run.counters().swapOutPages(), run.operations())),
            median(runs, CellSummary::readAmplification),
            median(runs, CellSummary::writeAmplification),
            median(runs, run -> ratio(run.counters().cpuNanos(), run.operations())),
            median(runs, run -> ratio(run.forceNanos(), 1)),
            median(runs, run -> ratio(run.counters().peakResidentBytes(), 1)),
            median(runs, run -> ratio(run.counters().peakChargedBytes(), 1)),
            median(runs, Measurement::besideBytesPerSecond)));
  }

  /** The most that it had in RAM: what it was charged for, or without a limit what was mapped. */
  public double peakBytes() {
    return Double.isNaN(peakChargedBytes) ? peakResidentBytes : peakChargedBytes;
  }

  /** Bytes read from devices per byte asked for, in one run. */
  public static double readAmplification(Measurement run) {
    return ratio(run.counters().readBytes(), run.pageBytes());
  }

  /** Bytes written to devices per byte asked for, in one run. */
  public static double writeAmplification(Measurement run) {
    return ratio(run.counters().deviceWrittenBytes(), run.pageBytes());
  }

  /** The latency curve of the run with the median speed. */
  public static List<Latency.Point> curve(ComparisonReport.Cell cell) {
    return cell.runs().stream()
        .sorted(java.util.Comparator.comparingDouble(Measurement::operationsPerSecond))
        .skip((cell.runs().size() - 1) / 2)
        .findFirst()
        .map(run -> run.latency().curve())
        .orElse(List.of());
  }

  private static double median(List<Measurement> runs, ToDoubleFunction<Measurement> figure) {
    return Sample.known(runs.stream().mapToDouble(figure)).map(Sample::median).orElse(Double.NaN);
  }

  private static double ratio(long amount, long by) {
    return amount == Measurement.UNKNOWN || by == 0 ? Double.NaN : (double) amount / by;
  }
}
