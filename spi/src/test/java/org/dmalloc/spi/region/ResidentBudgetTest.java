/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;
import org.junit.jupiter.api.Test;

/** The decisions about a memory that exists in numbers only, in a time that the test makes pass. */
final class ResidentBudgetTest {
  private static final long MIB = 1 << 20;
  private static final long BUDGET = 256 * MIB;
  private static final long LOW = BUDGET - BUDGET / 16;
  private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

  private final Memory memory = new Memory();
  private final ResidentBudget budget = new ResidentBudget(BUDGET, memory, () -> memory.now);
  private long next = memory.now;

  /** Grows as the test says; what is in use never leaves unless it may. */
  private static final class Memory implements ResidentTrimmer {
    private static final long STEP_BYTES = 4 * MIB;

    private final List<Long> looks = new ArrayList<>();
    private final List<Long> graces = new ArrayList<>();
    private long now = 7;
    private long lookCost = MILLI / 10;
    private double bytesPerNano;
    private double resident;
    private long used;
    private double mostResident;
    private long excess;
    private long ahead;
    private long lost;

    void pass(long nanos) {
      now += nanos;
      resident += bytesPerNano * nanos;
      mostResident = Math.max(mostResident, resident);
    }

    @Override
    public long residentBytes() {
      looks.add(now);
      pass(lookCost);
      return (long) resident;
    }

    @Override
    public void begin(long excessBytes, long aheadBytes, long graceNanos) {
      excess = excessBytes;
      ahead = aheadBytes;
      graces.add(graceNanos);
    }

    @Override
    public long step() {
      double most = graces.getLast() == 0 ? resident : resident - used;
      long left = Math.min(Math.min(excess, STEP_BYTES), (long) most);
      if (left <= 0) {
        return DONE;
      }
      lost += Math.max(0, (long) (used - (resident - left)));
      resident -= left;
      excess -= left;
      return left;
    }
  }

  private void runFor(long nanos) throws MemoryException {
    long end = memory.now + nanos;
    while (next - end <= 0) {
      memory.pass(Math.max(0, next - memory.now));
      next = budget.run(() -> true);
      assertTrue(next - memory.now > 0, "no pause");
    }
    memory.pass(end - memory.now);
  }

  private static double megabytesPerSecond(double rate) {
    return rate * 1e6 / 1e9;
  }

  @Test
  void whatIsOverGoesDownToAFifteenSixteenth() throws MemoryException {
    memory.resident = BUDGET + 5;
    runFor(MILLI);
    assertEquals(LOW, (long) memory.resident);
    assertEquals(List.of(ResidentBudget.GRACE_NANOS), memory.graces);
  }

  @Test
  void aRegionWithinItsBudgetIsLeftAloneAndLookedAtEverMoreSeldom() throws MemoryException {
    memory.resident = BUDGET / 2.0;
    runFor(1_000 * MILLI);
    int soon = memory.looks.size();
    runFor(10_000 * MILLI);
    assertTrue(memory.looks.size() - soon <= 41, memory.looks::toString);
    assertEquals(List.of(), memory.graces);
    assertEquals(BUDGET / 2, (long) memory.resident);
  }

  @Test
  void aQuietRegionNearItsBudgetIsLookedAtMoreOftenWhereThatIsCheap() throws MemoryException {
    memory.resident = LOW;
    runFor(1_000 * MILLI);
    int soon = memory.looks.size();
    runFor(10_000 * MILLI);
    int cheap = memory.looks.size() - soon;
    assertTrue(cheap > 190 && cheap <= 200, memory.looks::toString);
    memory.lookCost = 5 * MILLI;
    runFor(10_000 * MILLI);
    assertTrue(memory.looks.size() - soon - cheap <= 45, memory.looks::toString);
  }

  @Test
  void lookingTakesATwentiethOfTheTime() throws MemoryException {
    memory.lookCost = 8 * MILLI;
    memory.resident = BUDGET;
    memory.bytesPerNano = megabytesPerSecond(10);
    runFor(20_000 * MILLI);
    assertTrue(
        memory.looks.size() * memory.lookCost <= 20_000 * MILLI / 19, memory.looks::toString);
    assertTrue(memory.mostResident <= BUDGET + BUDGET / 16, "most " + memory.mostResident);
  }

  @Test
  void aFastScanIsFollowedBetweenLooks() throws MemoryException {
    memory.lookCost = 8 * MILLI;
    memory.resident = LOW;
    memory.bytesPerNano = megabytesPerSecond(440);
    runFor(10_000 * MILLI);
    assertTrue(memory.mostResident <= 1.15 * BUDGET, "most " + memory.mostResident / BUDGET);
    assertTrue(memory.looks.size() * memory.lookCost <= 10_000 * MILLI / 4, memory.looks::toString);
    // What comes in while pages wait for their grace is prepared too.
    long grace = memory.graces.getLast();
    assertTrue(memory.ahead >= memory.bytesPerNano * grace, memory.ahead + " in " + grace);
    assertTrue(
        memory.bytesPerNano * grace <= BUDGET / 8.0 + 1, "an eighth of the budget: " + grace);
    assertFalse(memory.graces.contains(0L), "used pages were never to go");
  }

  @Test
  void farOverUsersGetLessTimeButTheirPagesStay() throws MemoryException {
    memory.resident = 2.0 * BUDGET;
    memory.used = BUDGET / 2;
    runFor(MILLI);
    assertEquals(List.of(ResidentBudget.SHORT_GRACE_NANOS), memory.graces);
    assertEquals(LOW, (long) memory.resident);
    assertEquals(0, memory.lost);
  }

  @Test
  void usedPagesGoOnlyWhereTheRegionStaysOver() throws MemoryException {
    memory.resident = BUDGET + BUDGET / 8.0;
    memory.used = (long) memory.resident;
    runFor(ResidentBudget.LONG_OVER_NANOS);
    assertEquals(memory.used, (long) memory.resident);
    assertFalse(memory.graces.contains(ResidentBudget.SHORT_GRACE_NANOS), memory.graces::toString);
    runFor(ResidentBudget.LONG_OVER_NANOS);
    assertTrue(memory.graces.contains(ResidentBudget.SHORT_GRACE_NANOS), memory.graces::toString);
    assertEquals(0, memory.lost);
    runFor(ResidentBudget.LONGEST_NANOS);
    assertEquals(0, memory.graces.getLast());
    assertEquals(LOW, (long) memory.resident);
  }

  @Test
  void stopsBetweenStepsOnceItIsLifted() throws MemoryException {
    memory.resident = 2.0 * BUDGET;
    budget.run(() -> memory.resident > 1.5 * BUDGET);
    assertTrue(memory.resident > 1.4 * BUDGET, "" + memory.resident);
  }
}
