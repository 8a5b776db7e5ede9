/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import org.dmalloc.report.Units;

/** Summaries of a few figures, in which no end is left out. */
final class Figures {
  private final double[] sorted;

  private Figures(double[] sorted) {
    this.sorted = sorted;
  }

  /** Of the figures that are not NaN. */
  static Figures of(Collection<Double> figures) {
    return new Figures(
        figures.stream()
            .mapToDouble(Double::doubleValue)
            .filter(Double::isFinite)
            .sorted()
            .toArray());
  }

  boolean isEmpty() {
    return sorted.length == 0;
  }

  int count() {
    return sorted.length;
  }

  double least() {
    return isEmpty() ? Double.NaN : sorted[0];
  }

  double most() {
    return isEmpty() ? Double.NaN : sorted[sorted.length - 1];
  }

  double median() {
    return isEmpty()
        ? Double.NaN
        : (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  /** The smallest figure that so many of a hundred do not exceed. */
  double percentile(double percent) {
    if (isEmpty()) {
      return Double.NaN;
    }
    int rank = (int) Math.ceil(percent / 100 * sorted.length);
    return sorted[Math.max(0, Math.min(sorted.length, rank) - 1)];
  }

  /** One by each of them. */
  Figures inverted() {
    return of(Arrays.stream(sorted).map(each -> 1 / each).boxed().toList());
  }

  /** Median, and in brackets least and most; of one figure itself, of none a dash. */
  String nanos() {
    return isEmpty()
        ? "-"
        : Units.nanos(Math.round(median()))
            + (count() == 1
                ? ""
                : " ("
                    + Units.nanos(Math.round(least()))
                    + "–"
                    + Units.nanos(Math.round(most()))
                    + ")");
  }

  String ratio() {
    return isEmpty()
        ? "-"
        : count() == 1
            ? number(median())
            : number(median()) + " (" + number(least()) + "–" + number(most()) + ")";
  }

  static String nanos(double nanos) {
    return Double.isFinite(nanos) ? Units.nanos(Math.round(nanos)) : "-";
  }

  static String number(double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%.2f", value) : "-";
  }

  @Override
  public String toString() {
    return Arrays.toString(sorted);
  }
}
