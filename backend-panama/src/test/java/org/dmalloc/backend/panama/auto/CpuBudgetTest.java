/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CpuBudgetTest {
  private static final long MILLI = 1_000_000;
  private static final long SECOND = 1000 * MILLI;

  private final CpuBudget budget = new CpuBudget(0);

  @Test
  void isFullAtFirstAndHoldsNoMore() {
    assertEquals(CpuBudget.CAPACITY_NANOS, budget.creditNanos());
    budget.refill(1000 * SECOND);
    assertEquals(CpuBudget.CAPACITY_NANOS, budget.creditNanos());
    assertEquals(0, budget.untilPaid());
  }

  @Test
  void fillsWithTheTimeThatGoesBy() {
    budget.takeSampling(CpuBudget.SAMPLING_NANOS);
    budget.takeFollowing(CpuBudget.FOLLOWING_NANOS);
    assertEquals(0, budget.creditNanos());
    budget.refill(SECOND);
    assertEquals(8 * MILLI, budget.creditNanos());
    budget.takeFollowing(10 * MILLI); // all that there is, and 2 ms more
    assertEquals(-2 * MILLI, budget.creditNanos());
    assertEquals(SECOND / 2, budget.untilPaid());
    budget.refill(SECOND + SECOND / 2);
    assertEquals(0, budget.untilPaid());
  }

  @Test
  void whatOneBucketCannotHoldGoesToTheOther() {
    budget.takeFollowing(8 * MILLI);
    budget.refill(SECOND);
    assertEquals(CpuBudget.CAPACITY_NANOS, budget.creditNanos());
    budget.takeSampling(8 * MILLI);
    budget.refill(2 * SECOND);
    assertEquals(CpuBudget.CAPACITY_NANOS, budget.creditNanos());
  }

  @Test
  void samplesGetRarerAsTheBucketGetsLowUntilTheyTakeWhatComesIn() {
    assertEquals(CpuBudget.FULL_PACE, budget.samplingPace());
    budget.takeSampling(CpuBudget.SAMPLING_NANOS * 3 / 4);
    assertEquals(CpuBudget.FULL_PACE, budget.samplingPace());
    budget.takeSampling(CpuBudget.SAMPLING_NANOS / 8);
    assertEquals(2 * CpuBudget.FULL_PACE, budget.samplingPace());
    budget.takeSampling(CpuBudget.SAMPLING_NANOS / 8);
    assertEquals((long) (2 / CpuBudget.SHARE), budget.samplingPace());
    // Whatever a sample costs, they are never stopped altogether: there is always one to pay for.
    long at = 0;
    int samples = 0;
    for (; at < 100 * SECOND; at += budget.samplingPace() * MILLI) {
      budget.refill(at);
      if (budget.untilSample(MILLI) == 0) {
        budget.takeSampling(MILLI);
        samples++;
      }
    }
    assertTrue(samples > 300, () -> "100 s are worth 400 ms at least");
  }

  @Test
  void knownPlacesAreSampledHoweverEmptyTheBucketForSamples() {
    budget.takeSampling(10 * CpuBudget.SAMPLING_NANOS);
    assertEquals(CpuBudget.FULL_PACE, budget.knownPlacesPace());
    budget.takeFollowing(CpuBudget.FOLLOWING_NANOS / 2);
    assertEquals((long) (2 / CpuBudget.SHARE), budget.knownPlacesPace());
    assertEquals(0, budget.untilPaid());
  }

  @Test
  void splittingLeavesTheSamplesAndSamplesTheStreamsTheirPart() {
    budget.takeSampling(CpuBudget.SAMPLING_NANOS - CpuBudget.SAMPLING_RESERVE_NANOS);
    assertTrue(budget.allowsSplit());
    budget.takeSampling(1);
    assertFalse(budget.allowsSplit());
    assertTrue(budget.untilSplit(0) > 0);
    assertEquals(0, budget.untilSample(MILLI));
    budget.takeSampling(CpuBudget.SAMPLING_RESERVE_NANOS);
    assertTrue(budget.untilSample(MILLI) > 0);
    assertEquals(0, budget.untilPaid());
    assertFalse(budget.isThrifty());
  }

  @Test
  void followingBorrowsFromTheSamplesBucketButSamplesNotFromIts() {
    budget.takeFollowing(CpuBudget.FOLLOWING_NANOS / 2 + 1);
    assertTrue(budget.isThrifty());
    budget.takeFollowing(CpuBudget.FOLLOWING_NANOS);
    assertEquals(0, budget.untilPaid());
    assertEquals(0, budget.untilSample(MILLI));
    budget.takeSampling(CpuBudget.SAMPLING_NANOS);
    assertTrue(budget.untilSample(MILLI) > 0);
    assertEquals(0, budget.untilPaid());
    budget.takeFollowing(MILLI);
    assertTrue(budget.untilPaid() > 0);
  }

  @Test
  void aSampleDearerThanTheBucketIsTakenWhenItIsFull() {
    assertEquals(0, budget.untilSample(SECOND));
    budget.takeSampling(8 * MILLI);
    assertEquals(2 * SECOND, budget.untilSample(SECOND));
  }

  /** Work that always wants more, of any mixture, as the observer asks for it. */
  @Test
  void inTheLongRunItIsLessThanOneHundredthWhateverIsWanted() {
    SplittableRandom random = new SplittableRandom(3);
    long now = 0;
    long spent = 0;
    long dearest = 0;
    while (now < 600 * SECOND) {
      budget.refill(now);
      long cost = random.nextLong(1, 5 * MILLI);
      boolean follows = random.nextInt(3) == 0;
      boolean may =
          follows
              ? budget.untilPaid() == 0
              : random.nextBoolean() ? budget.untilSample(cost) == 0 : budget.allowsSplit();
      if (may) {
        if (follows) {
          budget.takeFollowing(cost);
        } else {
          budget.takeSampling(cost);
        }
        spent += cost;
        dearest = Math.max(dearest, cost);
      }
      now += Math.max(budget.untilPaid(), MILLI);
      long bound = CpuBudget.CAPACITY_NANOS + (long) (now * CpuBudget.SHARE) + 2 * dearest;
      assertTrue(spent <= bound, spent + " of " + bound);
    }
    assertTrue(spent < now / 100);
  }
}
