/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.junit.jupiter.api.Test;

/** Release and resident budgets take pages out of RAM, and never a byte out of a region. */
public abstract class EvictionContract extends ContractTheme {
  private static final long SIZE = 4096 * PAGE + 100;
  private static final long BUDGET = 1024 * PAGE;

  @Test
  void releaseKeepsContent() throws Exception {
    assumeDeclared(Capability.RELEASE);
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region = allocate(100 * PAGE + 7, sharing)) {
        region.release();
        Pattern.checkZero(region);
        Pattern.write(region, 1);
        region.release(3 * PAGE + 5, 10 * PAGE);
        region.release(0, 0);
        region.release(region.byteSize(), 0);
        region.release(region.byteSize() - 1, 1);
        Pattern.check(region, 1);
        Pattern.write(region, 2);
        region.release();
        region.release();
        Pattern.check(region, 2);
      }
    }
  }

  @Test
  void releasedRegionsLastInTheStore() throws Exception {
    assumeDeclared(Capability.RELEASE, Capability.NAMED);
    try (MemoryRegion region = allocate("orders", 10 * PAGE)) {
      Pattern.write(region, 3);
      region.release();
    }
    assertStored("orders", 3);
  }

  @Test
  void lockedPagesStay() throws Exception {
    assumeDeclared(Capability.LOCKED);
    try (MemoryRegion region = provider().allocate(RegionRequest.ofSize(4 * PAGE).lockedInRam())) {
      Pattern.write(region, 4);
      if (declares(Capability.RELEASE)) {
        assertThrowsOneLine(IllegalStateException.class, region::release);
      }
      if (declares(Capability.RESIDENT_BUDGET)) {
        assertThrowsOneLine(IllegalStateException.class, () -> region.limitResident(PAGE));
        assertEquals(RegionRequest.NO_BUDGET, region.info().residentBudget());
      }
      Pattern.check(region, 4);
    }
  }

  /** Where there is no swap, or no disk, a budget is refused in one line. */
  private boolean isLimited(MemoryRegion region, long budgetBytes) {
    long before = region.info().residentBudget();
    try {
      region.limitResident(budgetBytes);
      assertEquals(budgetBytes, region.info().residentBudget());
      return true;
    } catch (MemoryException nowhereToGo) {
      assertOneLine(nowhereToGo);
      assertEquals(before, region.info().residentBudget());
      return false;
    }
  }

  @Test
  void budgetIsToldAndCanChange() throws Exception {
    assumeDeclared(Capability.RESIDENT_BUDGET);
    try (MemoryRegion region = allocate(SIZE)) {
      assertEquals(RegionRequest.NO_BUDGET, region.info().residentBudget());
      assertThrows(IllegalArgumentException.class, () -> region.limitResident(0));
      assertThrows(IllegalArgumentException.class, () -> region.limitResident(-PAGE));
      if (!isLimited(region, BUDGET)) {
        RegionRequest request = RegionRequest.ofSize(SIZE).withResidentBudget(BUDGET);
        assertRefused(() -> provider().allocate(request));
        return;
      }
      assertTrue(isLimited(region, 2 * BUDGET));
      assertTrue(isLimited(region, RegionRequest.NO_BUDGET));
    }
    RegionRequest request = RegionRequest.ofSize(SIZE).withResidentBudget(BUDGET);
    try (MemoryRegion region = provider().allocate(request)) {
      assertEquals(BUDGET, region.info().residentBudget());
      Pattern.checkZero(region);
    }
  }

  @Test
  void budgetIsKeptAndKeepsContent() throws Exception {
    assumeDeclared(Capability.RESIDENT_BUDGET);
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 5);
      if (!isLimited(region, BUDGET)) {
        Pattern.check(region, 5);
        return;
      }
      awaitWithin(region, BUDGET);
      for (int round = 0; round < 3; round++) {
        Pattern.check(region, 5 + round);
        Pattern.write(region, 6 + round);
        awaitWithin(region, BUDGET);
      }
      assertTrue(isLimited(region, BUDGET / 2));
      awaitWithin(region, BUDGET / 2);
      Pattern.check(region, 8);
      assertTrue(isLimited(region, RegionRequest.NO_BUDGET));
      Pattern.check(region, 8);
    }
  }

  private void awaitWithin(MemoryRegion region, long budgetBytes) throws Exception {
    if (declares(Capability.RESIDENCY)) {
      Await.until(
          "at most " + budgetBytes + " bytes resident",
          () -> {
            Residency now = region.residency();
            return now.residentBytes() == Residency.UNKNOWN || now.residentBytes() <= budgetBytes;
          });
    }
  }

  @Test
  void budgetIsKeptBesideUsersUntilTheRegionIsClosed() throws Exception {
    assumeDeclared(Capability.RESIDENT_BUDGET);
    SplittableRandom random = Pattern.random("budgetIsKeptBesideUsersUntilTheRegionIsClosed");
    for (int round = 0; round < 4; round++) {
      AtomicBoolean stop = new AtomicBoolean();
      MemoryRegion region = allocate(SIZE);
      Pattern.write(region, 9);
      boolean limited = isLimited(region, BUDGET);
      Crew crew = new Crew();
      for (int i = 0; i < 3; i++) {
        SplittableRandom own = random.split();
        crew.start(() -> use(region, own, stop));
      }
      if (limited) {
        awaitWithin(region, BUDGET + BUDGET / 2);
      }
      stop.set(true);
      crew.end();
      Pattern.check(region, 9);
      region.close();
      assertThrows(IllegalStateException.class, () -> region.limitResident(BUDGET));
    }
  }

  private static void use(MemoryRegion region, SplittableRandom random, AtomicBoolean stop) {
    while (!stop.get()) {
      long page = random.nextLong(SIZE / PAGE);
      try (Access access = region.acquire()) {
        // Each stores what is there already, so that threads do not mind each other.
        long at = page * PAGE;
        byte there = access.segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, at);
        access.segment().set(java.lang.foreign.ValueLayout.JAVA_BYTE, at, there);
      }
    }
  }
}
