/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class ZipfianRanksTest {
  private static final int DRAWS = 1_000_000;

  @Test
  void firstTwoRanksComeAsOftenAsTheDistributionSays() {
    int size = 10_000;
    ZipfianRanks ranks = new ZipfianRanks(size, 0.99);
    int[] counts = draw(ranks, size);
    for (int rank = 0; rank < 2; rank++) {
      double expected = ranks.probability(rank) * DRAWS;
      // Five standard deviations of a binomial count: a wrong formula misses it, chance does not.
      assertEquals(expected, counts[rank], 5 * Math.sqrt(expected), "rank " + rank);
    }
  }

  @Test
  void manyRanksTogetherFollowThePowerCurve() {
    int size = 10_000;
    ZipfianRanks ranks = new ZipfianRanks(size, 0.99);
    int[] counts = draw(ranks, size);
    double expected = 0;
    long found = 0;
    for (int rank = 0; rank < 100; rank++) {
      expected += ranks.probability(rank) * DRAWS;
      found += counts[rank];
    }
    // The method approximates from the third rank on; its authors report a few per cent.
    assertEquals(expected, (double) found, 0.05 * expected);
  }

  @Test
  void probabilitiesAddUpToOneAlsoWhereTheSumIsApproximated() {
    for (int size : new int[] {2, 1_000, 3_000_000}) {
      ZipfianRanks ranks = new ZipfianRanks(size, 0.99);
      double sum = 0;
      for (int rank = 0; rank < size; rank++) {
        sum += ranks.probability(rank);
      }
      assertEquals(1, sum, 1e-6, "size " + size);
    }
  }

  @Test
  void hugeSizesStayInside() {
    long size = 1L << 40;
    ZipfianRanks ranks = new ZipfianRanks(size, 0.99);
    RandomStream random = new RandomStream(3);
    for (int i = 0; i < 100_000; i++) {
      long rank = ranks.next(random);
      assertTrue(rank >= 0 && rank < size, () -> "rank " + rank);
    }
  }

  @Test
  void refusesWhatItCannotDraw() {
    assertThrows(IllegalArgumentException.class, () -> new ZipfianRanks(1, 0.99));
    assertThrows(IllegalArgumentException.class, () -> new ZipfianRanks(10, 1));
    assertThrows(IllegalArgumentException.class, () -> new ZipfianRanks(10, 0));
  }

  private static int[] draw(ZipfianRanks ranks, int size) {
    int[] counts = new int[size];
    RandomStream random = new RandomStream(1);
    for (int i = 0; i < DRAWS; i++) {
      counts[(int) ranks.next(random)]++;
    }
    return counts;
  }
}
