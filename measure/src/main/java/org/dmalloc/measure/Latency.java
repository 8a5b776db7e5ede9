/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * How long operations took, in nanoseconds, to three significant digits.
 *
 * @param groupSize how many operations were timed together. With 1, each was timed alone. Otherwise
 *     the percentiles are those of the means of groups and hide single operations.
 * @param curve points for a plot, from the fastest to the slowest
 */
public record Latency(
    int groupSize,
    long minNanos,
    double meanNanos,
    long p50Nanos,
    long p99Nanos,
    long p999Nanos,
    long maxNanos,
    List<Point> curve) {
  private static final double[] CURVE_PERCENTILES = {
    0, 1, 5, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.99, 99.999, 100
  };

  public Latency {
    curve = List.copyOf(curve);
  }

  /** This share of operations, 0 to 100 percent, took at most {@code nanos}. */
  public record Point(double percentile, long nanos) {}

  /** Summarizes a histogram of nanoseconds. All figures of an empty one are 0. */
  public static Latency of(Histogram histogram, int groupSize) {
    List<Point> curve = new ArrayList<>();
    double resolvable = 100 - 100.0 / Math.max(1, histogram.getTotalCount() / groupSize);
    for (double percentile : CURVE_PERCENTILES) {
      // Beyond this there is less than one sample: the point would only repeat the slowest.
      if (percentile <= resolvable || percentile == 100) {
        curve.add(new Point(percentile, histogram.getValueAtPercentile(percentile)));
      }
    }
    return new Latency(
        groupSize,
        histogram.getTotalCount() == 0 ? 0 : histogram.getMinValue(),
        histogram.getMean(),
        histogram.getValueAtPercentile(50),
        histogram.getValueAtPercentile(99),
        histogram.getValueAtPercentile(99.9),
        histogram.getMaxValue(),
        curve);
  }
}
