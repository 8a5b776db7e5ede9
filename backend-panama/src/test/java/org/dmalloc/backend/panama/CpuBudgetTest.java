/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

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
    assertEquals(CpuBudget.MOST_NANOS, budget.creditNanos());
    budget.fill(1000 * SECOND);
    assertEquals(CpuBudget.MOST_NANOS, budget.creditNanos());
    assertEquals(0, budget.untilPaid());
  }

  @Test
  void fillsWithTheTimeThatGoesBy() {
    budget.chargeLook(CpuBudget.LOOK_NANOS);
    budget.chargeFollow(CpuBudget.FOLLOW_NANOS);
    assertEquals(0, budget.creditNanos());
    budget.fill(SECOND);
    assertEquals(8 * MILLI, budget.creditNanos());
    budget.chargeFollow(10 * MILLI); // all that there is, and 2 ms more
    assertEquals(-2 * MILLI, budget.creditNanos());
    assertEquals(SECOND / 2, budget.untilPaid());
    budget.fill(SECOND + SECOND / 2);
    assertEquals(0, budget.untilPaid());
  }

  @Test
  void whatOneAccountCannotHoldGoesToTheOther() {
    budget.chargeFollow(8 * MILLI);
    budget.fill(SECOND);
    assertEquals(CpuBudget.MOST_NANOS, budget.creditNanos());
    budget.chargeLook(8 * MILLI);
    budget.fill(2 * SECOND);
    assertEquals(CpuBudget.MOST_NANOS, budget.creditNanos());
  }

  @Test
  void looksGetRarerAsTheAccountGetsLowUntilTheyTakeWhatComesIn() {
    assertEquals(CpuBudget.LOOK_PACE, budget.lookPace());
    budget.chargeLook(CpuBudget.LOOK_NANOS * 3 / 4);
    assertEquals(CpuBudget.LOOK_PACE, budget.lookPace());
    budget.chargeLook(CpuBudget.LOOK_NANOS / 8);
    assertEquals(2 * CpuBudget.LOOK_PACE, budget.lookPace());
    budget.chargeLook(CpuBudget.LOOK_NANOS / 8);
    assertEquals((long) (2 / CpuBudget.SHARE), budget.lookPace());
    // Whatever a look costs, they are never stopped altogether: there is always one to pay for.
    long at = 0;
    int looks = 0;
    for (; at < 100 * SECOND; at += budget.lookPace() * MILLI) {
      budget.fill(at);
      if (budget.untilLook(MILLI) == 0) {
        budget.chargeLook(MILLI);
        looks++;
      }
    }
    assertTrue(looks > 300, () -> "100 s are worth 400 ms at least");
  }

  @Test
  void knownPlacesAreLookedAtHoweverEmptyTheAccountForLooks() {
    budget.chargeLook(10 * CpuBudget.LOOK_NANOS);
    assertEquals(CpuBudget.LOOK_PACE, budget.knownPlacesPace());
    budget.chargeFollow(CpuBudget.FOLLOW_NANOS / 2);
    assertEquals((long) (2 / CpuBudget.SHARE), budget.knownPlacesPace());
    assertEquals(0, budget.untilPaid());
  }

  @Test
  void splittingLeavesTheLooksAndLooksTheStreamsTheirPart() {
    budget.chargeLook(CpuBudget.LOOK_NANOS - CpuBudget.LOOK_RESERVE_NANOS);
    assertTrue(budget.allowsSplit());
    budget.chargeLook(1);
    assertFalse(budget.allowsSplit());
    assertTrue(budget.untilSplit(0) > 0);
    assertEquals(0, budget.untilLook(MILLI));
    budget.chargeLook(CpuBudget.LOOK_RESERVE_NANOS);
    assertTrue(budget.untilLook(MILLI) > 0);
    assertEquals(0, budget.untilPaid());
    assertFalse(budget.isThrifty());
  }

  @Test
  void followingDrawsOnTheLooksAccountButLooksNotOnIts() {
    budget.chargeFollow(CpuBudget.FOLLOW_NANOS / 2 + 1);
    assertTrue(budget.isThrifty());
    budget.chargeFollow(CpuBudget.FOLLOW_NANOS);
    assertEquals(0, budget.untilPaid());
    assertEquals(0, budget.untilLook(MILLI));
    budget.chargeLook(CpuBudget.LOOK_NANOS);
    assertTrue(budget.untilLook(MILLI) > 0);
    assertEquals(0, budget.untilPaid());
    budget.chargeFollow(MILLI);
    assertTrue(budget.untilPaid() > 0);
  }

  @Test
  void aLookDearerThanTheAccountIsTakenWhenItIsFull() {
    assertEquals(0, budget.untilLook(SECOND));
    budget.chargeLook(8 * MILLI);
    assertEquals(2 * SECOND, budget.untilLook(SECOND));
  }

  /** Work that always wants more, of any mixture, as the observer asks for it. */
  @Test
  void inTheLongRunItIsLessThanOneHundredthWhateverIsWanted() {
    SplittableRandom random = new SplittableRandom(3);
    long now = 0;
    long spent = 0;
    long dearest = 0;
    while (now < 600 * SECOND) {
      budget.fill(now);
      long cost = random.nextLong(1, 5 * MILLI);
      boolean follows = random.nextInt(3) == 0;
      boolean may =
          follows
              ? budget.untilPaid() == 0
              : random.nextBoolean() ? budget.untilLook(cost) == 0 : budget.allowsSplit();
      if (may) {
        if (follows) {
          budget.chargeFollow(cost);
        } else {
          budget.chargeLook(cost);
        }
        spent += cost;
        dearest = Math.max(dearest, cost);
      }
      now += Math.max(budget.untilPaid(), MILLI);
      long bound = CpuBudget.MOST_NANOS + (long) (now * CpuBudget.SHARE) + 2 * dearest;
      assertTrue(spent <= bound, spent + " of " + bound);
    }
    assertTrue(spent < now / 100);
  }
}
