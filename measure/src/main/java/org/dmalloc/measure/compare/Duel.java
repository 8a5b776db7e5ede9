/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

/**
 * The comparison of two samples of one figure.
 *
 * @param ratio the first median divided by the second; infinite if the second is 0
 * @param level whether the difference is below {@value #SAME} of the smaller
 * @param unclear whether the difference is larger but within the spread: the median of one lies in
 *     the middle half of the other's runs
 */
public record Duel(double ratio, boolean level, boolean unclear) {
  /** Differences below this are called a draw however small the spread is. */
  public static final double SAME = 0.05;

  public static Duel of(Sample first, Sample second) {
    double small = Math.min(first.median(), second.median());
    double large = Math.max(first.median(), second.median());
    // Two zeros are level.
    boolean level = large == small || large - small < SAME * small;
    boolean covered = first.covers(second.median()) || second.covers(first.median());
    return new Duel(
        second.median() == 0 ? Double.POSITIVE_INFINITY : first.median() / second.median(),
        level,
        covered && !level);
  }

  /** Whether neither is faster. */
  public boolean draw() {
    return level || unclear;
  }
}
