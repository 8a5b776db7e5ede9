/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;

/**
 * One figure over several runs.
 *
 * @param median of an even number the mean of the middle two
 * @param low the lower end of the middle half; of fewer than four runs the smallest
 * @param high the upper end of the middle half; of fewer than four runs the largest
 */
public record Sample(double median, double low, double high, int count) {
  /** With fewer runs no quarter can be left out at an end. */
  private static final int QUARTERED = 4;

  /** Throws {@link IllegalArgumentException} if there are no figures. */
  public static Sample of(Collection<Double> figures) {
    if (figures.isEmpty()) {
      throw new IllegalArgumentException("a sample of no figures");
    }
    double[] sorted = figures.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    int count = sorted.length;
    double median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    int left = count < QUARTERED ? 0 : count / QUARTERED;
    return new Sample(median, sorted[left], sorted[count - 1 - left], count);
  }

  /** A sample of the figures that are not NaN; empty if none is. */
  public static Optional<Sample> known(DoubleStream figures) {
    List<Double> known = figures.filter(Double::isFinite).boxed().toList();
    return known.isEmpty() ? Optional.empty() : Optional.of(of(known));
  }

  /** Half of the width of the middle half, as a part of the median; 0 if that is 0. */
  public double spread() {
    return median == 0 ? 0 : (high - low) / 2 / Math.abs(median);
  }

  /** Whether a figure lies within the middle half. */
  boolean covers(double figure) {
    return low <= figure && figure <= high;
  }
}
