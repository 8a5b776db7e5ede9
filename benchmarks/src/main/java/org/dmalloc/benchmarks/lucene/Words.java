/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.lucene;

import java.util.SplittableRandom;

/** Words as they are spread in texts: the one of rank n comes up in proportion to 1/n. */
final class Words {
  static final int COUNT = 50_000;

  private final double[] upTo = new double[COUNT];

  Words() {
    double sum = 0;
    for (int rank = 0; rank < COUNT; rank++) {
      sum += 1.0 / (rank + 1);
      upTo[rank] = sum;
    }
    for (int rank = 0; rank < COUNT; rank++) {
      upTo[rank] /= sum;
    }
  }

  /** The word of a rank, the most frequent being 0. */
  static String of(int rank) {
    return "w" + Integer.toString(rank, Character.MAX_RADIX);
  }

  String next(SplittableRandom random) {
    int at = java.util.Arrays.binarySearch(upTo, random.nextDouble());
    return of(Math.min(at < 0 ? -at - 1 : at, COUNT - 1));
  }

  String text(SplittableRandom random, int wordCount) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < wordCount; i++) {
      text.append(next(random)).append(' ');
    }
    return text.toString();
  }
}
