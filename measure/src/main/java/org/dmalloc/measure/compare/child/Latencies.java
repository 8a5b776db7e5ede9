/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.dmalloc.measure.LatencyProfile;

/** Times of single operations, gathered. */
final class Latencies {
  private static final int SIGNIFICANT_DIGITS = 3;

  private static final double[] CURVE_PERCENTILES = {
    0, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.99, 100
  };

  private final Histogram histogram = new Histogram(SIGNIFICANT_DIGITS);

  void add(long nanos) {
    histogram.recordValue(nanos);
  }

  /** What was gathered; all zero if nothing was. */
  LatencyProfile profile() {
    long count = histogram.getTotalCount();
    double resolvable = 100 - 100.0 / Math.max(1, count);
    List<LatencyProfile.Point> curve = new ArrayList<>();
    for (double percentile : CURVE_PERCENTILES) {
      if (percentile <= resolvable || percentile == 100) {
        curve.add(new LatencyProfile.Point(percentile, histogram.getValueAtPercentile(percentile)));
      }
    }
    return new LatencyProfile(
        1,
        count == 0 ? 0 : histogram.getMinValue(),
        histogram.getMean(),
        histogram.getValueAtPercentile(50),
        histogram.getValueAtPercentile(99),
        histogram.getValueAtPercentile(99.9),
        histogram.getMaxValue(),
        curve);
  }
}
