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
    budget.charge(CpuBudget.MOST_NANOS);
    assertEquals(0, budget.creditNanos());
    budget.fill(SECOND);
    assertEquals(8 * MILLI, budget.creditNanos());
    budget.charge(10 * MILLI);
    assertEquals(SECOND / 4, budget.untilPaid());
    budget.fill(SECOND + SECOND / 4);
    assertEquals(0, budget.untilPaid());
  }

  @Test
  void splittingLeavesTheLooksAndLooksTheStreamsTheirPart() {
    budget.charge(CpuBudget.MOST_NANOS - CpuBudget.LOOK_RESERVE_NANOS);
    assertTrue(budget.allowsSplit());
    budget.charge(1);
    assertFalse(budget.allowsSplit());
    assertTrue(budget.untilSplit(0) > 0);
    assertTrue(budget.allowsLook(MILLI));
    budget.charge(CpuBudget.LOOK_RESERVE_NANOS - CpuBudget.FOLLOW_RESERVE_NANOS - MILLI);
    assertFalse(budget.allowsLook(MILLI));
    assertEquals(0, budget.untilPaid());
  }

  @Test
  void aLookDearerThanTheAccountIsTakenWhenItIsFull() {
    assertTrue(budget.allowsLook(SECOND));
    budget.charge(8 * MILLI);
    assertEquals(SECOND, budget.untilLook(SECOND));
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
      boolean may =
          switch (random.nextInt(3)) {
            case 0 -> budget.allowsLook(cost);
            case 1 -> budget.allowsSplit();
            default -> budget.untilPaid() == 0;
          };
      if (may) {
        budget.charge(cost);
        spent += cost;
        dearest = Math.max(dearest, cost);
      }
      now += Math.max(budget.untilPaid(), MILLI);
      long bound = CpuBudget.MOST_NANOS + (long) (now * CpuBudget.SHARE) + dearest;
      assertTrue(spent <= bound, spent + " of " + bound);
    }
    assertTrue(spent < now / 100);
  }
}
