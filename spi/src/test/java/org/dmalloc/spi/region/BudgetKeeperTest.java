/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class BudgetKeeperTest {
  private final RegionLedger ledger =
      new RegionLedger(
          "budgeted",
          EnumSet.of(Capability.RESIDENT_BUDGET, Capability.SHARED_MAPPING),
          EnumSet.noneOf(Advice.class),
          Long.MAX_VALUE);
  private final AtomicLong resident = new AtomicLong();
  private final AtomicInteger failures = new AtomicInteger();
  private final AtomicInteger urgentRounds = new AtomicInteger();
  private volatile boolean stuck;

  /** Says what the test wants about its residency. */
  private final class Backing implements RegionBacking, ResidentTrimmer {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment = arena.allocate(4096);
    private long excess;

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public ResidentTrimmer limitResident(long budgetBytes) throws MemoryException {
      if (budgetBytes == 13) {
        throw MemoryException.of("limit", toString(), "no swap", "");
      }
      return this;
    }

    @Override
    public long residentBytes() throws MemoryException {
      if (failures.get() > 0) {
        failures.decrementAndGet();
        throw MemoryException.of("cachestat", toString(), "EIO", "");
      }
      return resident.get();
    }

    @Override
    public void begin(long excessBytes, long aheadBytes, long graceNanos) {
      excess = excessBytes;
      if (graceNanos == 0) {
        urgentRounds.incrementAndGet();
      }
    }

    @Override
    public long step() {
      if (excess <= 0 || stuck) {
        return DONE;
      }
      long left = Math.min(excess, 100);
      resident.addAndGet(-left);
      excess -= left;
      return left;
    }

    @Override
    public void unmap() {
      arena.close();
    }
  }

  private BackedRegion allocate() throws MemoryException {
    RegionRequest request = RegionRequest.ofSize(4096);
    return ledger.admit(
        request,
        () ->
            new BackedRegion(
                ledger,
                RegionTraits.of(null, request.options(), Sharing.SHARED, null, "test"),
                new Backing()));
  }

  private static List<Thread> keepers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("dmalloc-budgeted-budget"))
        .toList();
  }

  /** The class has a deadline. */
  private static void await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      LockSupport.parkNanos(100_000);
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  @Test
  void trimsToAFifteenSixteenthOfTheBudgetAndAgainWhenItGrows() throws Exception {
    try (BackedRegion region = allocate()) {
      resident.set(10_000);
      region.limitResident(1_600);
      await(() -> resident.get() <= 1_500);
      assertTrue(resident.get() > 1_300, "took more than it had to: " + resident);
      resident.set(1_601);
      await(() -> resident.get() <= 1_500);
    }
  }

  @Test
  void oneThreadLivesWhileThereAreBudgets() throws Exception {
    await(() -> keepers().isEmpty()); // that of the test before may still be ending
    try (BackedRegion one = allocate();
        BackedRegion two = allocate()) {
      one.limitResident(100);
      two.limitResident(100);
      assertEquals(1, keepers().size());
      one.limitResident(RegionRequest.NO_BUDGET);
      two.limitResident(200);
      assertEquals(1, keepers().size());
    }
    await(() -> keepers().isEmpty());
    try (BackedRegion again = allocate()) {
      resident.set(1_000);
      again.limitResident(100);
      await(() -> resident.get() <= 100);
    }
    await(() -> keepers().isEmpty());
  }

  @Test
  void whatStaysOverGoesUrgently() throws Exception {
    try (BackedRegion region = allocate()) {
      stuck = true;
      resident.set(1_010);
      region.limitResident(1_000);
      await(() -> urgentRounds.get() > 0);
      stuck = false;
      await(() -> resident.get() <= 1_000);
    }
  }

  @Test
  void failureIsToldAndTriedAgain() throws Exception {
    Logger log = Logger.getLogger(BudgetKeeper.class.getName());
    List<String> told = new CopyOnWriteArrayList<>();
    Handler listener =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            told.add(new SimpleFormatter().formatMessage(record));
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    log.addHandler(listener);
    try (BackedRegion region = allocate()) {
      failures.set(3);
      resident.set(5_000);
      region.limitResident(1_000);
      await(() -> resident.get() <= 1_000);
      assertEquals(0, failures.get());
      assertEquals(1, told.size(), told.toString());
      assertTrue(told.getFirst().contains("budget of 1000 bytes"), told.toString());
    } finally {
      log.removeHandler(listener);
    }
  }

  @Test
  void refusedBudgetLeavesTheOldOne() throws Exception {
    try (BackedRegion region = allocate()) {
      region.limitResident(100);
      assertThrows(MemoryException.class, () -> region.limitResident(13));
      assertEquals(100, region.info().residentBudget());
      assertThrows(IllegalArgumentException.class, () -> region.limitResident(0));
    }
    BackedRegion closed = allocate();
    closed.close();
    assertThrows(IllegalStateException.class, () -> closed.limitResident(100));
    assertFalse(closed.info().open());
  }
}
