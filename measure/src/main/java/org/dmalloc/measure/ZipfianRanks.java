/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

/**
 * Ranks from a Zipf distribution: rank <i>r</i>, from 0, comes with a probability in proportion to
 * 1/(r+1)<sup>θ</sup>. The method is that of Gray and others, Quickly Generating Billion-Record
 * Synthetic Databases, SIGMOD 1994, which YCSB made the custom: exact for the first two ranks, a
 * close power curve for the others. Immutable.
 */
public final class ZipfianRanks {
  /** The sum beyond is taken as an integral; its error is below 10<sup>−9</sup>. */
  private static final long SUMMED_TERMS = 1_000_000;

  private final long size;
  private final double theta;
  private final double zeta;
  private final double alpha;
  private final double eta;

  /** A distribution over at least 2 ranks, with a skew between 0 and 1, both excluded. */
  public ZipfianRanks(long size, double theta) {
    if (size < 2 || !(theta > 0 && theta < 1)) {
      throw new IllegalArgumentException(
          "zipf over " + size + " ranks with theta " + theta + "; give at least 2, and 0 < θ < 1");
    }
    this.size = size;
    this.theta = theta;
    zeta = zeta(size, theta);
    alpha = 1 / (1 - theta);
    eta = (1 - Math.pow(2.0 / size, 1 - theta)) / (1 - zeta(2, theta) / zeta);
  }

  /** The next rank, from 0 up to but not including the size. */
  public long next(RandomStream random) {
    double u = random.nextDouble();
    double uz = u * zeta;
    if (uz < 1) {
      return 0;
    }
    if (uz < 1 + Math.pow(0.5, theta)) {
      return 1;
    }
    return Math.min(size - 1, (long) (size * Math.pow(eta * u - eta + 1, alpha)));
  }

  /** The probability of a rank in the exact distribution. */
  public double probability(long rank) {
    return Math.pow(rank + 1.0, -theta) / zeta;
  }

  private static double zeta(long size, double theta) {
    long summed = Math.min(size, SUMMED_TERMS);
    double sum = 0;
    for (long i = 1; i <= summed; i++) {
      sum += Math.pow((double) i, -theta);
    }
    if (size > summed) {
      // Euler-Maclaurin: the integral and half of the end terms.
      sum +=
          (Math.pow((double) size, 1 - theta) - Math.pow((double) summed, 1 - theta)) / (1 - theta)
              + (Math.pow((double) size, -theta) - Math.pow((double) summed, -theta)) / 2;
    }
    return sum;
  }
}
