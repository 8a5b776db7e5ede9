/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

final class LatencyTest {
  @Test
  void percentilesAreThoseOfTheOperations() {
    Histogram histogram = new Histogram(3);
    for (int i = 1; i <= 1_000; i++) {
      histogram.recordValue(i);
    }
    Latency profile = Latency.of(histogram, 1);
    assertEquals(500, profile.p50Nanos());
    assertEquals(990, profile.p99Nanos());
    assertEquals(999, profile.p999Nanos());
    assertEquals(1, profile.minNanos());
    assertEquals(1_000, profile.maxNanos());
    assertEquals(500.5, profile.meanNanos(), 0.01);
  }

  @Test
  void theCurveShowsNoMoreThanTheSamplesCan() {
    Histogram histogram = new Histogram(3);
    histogram.recordValueWithCount(10, 6_400);
    // 100 groups of 64: one of 100 is the finest share there is.
    List<Double> percentiles =
        Latency.of(histogram, 64).curve().stream().map(Latency.Point::percentile).toList();
    assertEquals(
        List.of(0.0, 1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 100.0), percentiles);
  }

  @Test
  void anEmptyRunHasZeros() {
    Latency profile = Latency.of(new Histogram(3), 1);
    assertEquals(0, profile.p50Nanos());
    assertEquals(0, profile.minNanos());
    assertEquals(0, profile.maxNanos());
  }
}
