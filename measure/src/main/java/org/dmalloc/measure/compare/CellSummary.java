/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.dmalloc.measure.Latency;
import org.dmalloc.measure.Measurement;

/**
 * The medians of one cell over its runs. NaN stands for a figure that the machine does not report.
 *
 * @param maxNanos the slowest operation of all runs
 * @param durableNanos the time until the data is durable; NaN if nothing has to become durable
 * @param peakResidentBytes the peak of the mapped resident memory, shared pages included
 * @param peakChargedBytes the peak charge of the memory cgroup
 * @param besideBytesPerSecond the rate of a concurrent scan; NaN if there was none
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

  /** Summarizes a cell; empty if it has no runs. */
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

  /** The peak in RAM: the cgroup's charge, or without a limit the mapped resident memory. */
  public double peakBytes() {
    return Double.isNaN(peakChargedBytes) ? peakResidentBytes : peakChargedBytes;
  }

  /** Bytes read from devices for this process per byte asked for. */
  public static double readAmplification(Measurement run) {
    return ratio(run.counters().readBytes(), run.pageBytes());
  }

  /** Bytes written to devices per byte asked for. */
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
