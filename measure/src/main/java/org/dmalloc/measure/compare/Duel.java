/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

/**
 * Two samples of one figure, set against each other.
 *
 * @param ratio how many times the second's median the first's is; infinite if the second's is 0
 * @param level whether the two differ by less than {@value #SAME} of the smaller
 * @param unclear whether they differ by more, but the difference is within the spread: the median
 *     of one lies in the middle half of the other's runs
 */
public record Duel(double ratio, boolean level, boolean unclear) {
  /** Differences below this are called a draw however small the spread is. */
  public static final double SAME = 0.05;

  /** Sets two samples against each other. */
  public static Duel of(Sample first, Sample second) {
    double small = Math.min(first.median(), second.median());
    double large = Math.max(first.median(), second.median());
    // Of two that are 0 none is larger.
    boolean level = large == small || large - small < SAME * small;
    boolean covered = first.covers(second.median()) || second.covers(first.median());
    return new Duel(
        second.median() == 0 ? Double.POSITIVE_INFINITY : first.median() / second.median(),
        level,
        covered && !level);
  }

  /** Whether neither can be called the faster. */
  public boolean draw() {
    return level || unclear;
  }
}
