/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.dmalloc.api.Access;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.Capability;
import org.dmalloc.api.GrowthListener;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.junit.jupiter.api.Test;

/** Regions that grow by themselves: how far, how often, and who is told. */
public abstract class AutogrowthContract extends ContractTheme {
  private static final long MIB = 1L << 20;
  private static final int THREADS = 8;

  @Test
  void ensureMakesItAsLargeAsAsked() throws Exception {
    assumeDeclared(Capability.RESIZE);
    try (MemoryRegion region = allocate(PAGE)) {
      assertEquals(PAGE, region.ensure(0));
      assertEquals(PAGE, region.ensure(PAGE));
      assertEquals(PAGE + 1, region.ensure(PAGE + 1));
      assertEquals(PAGE + 1, region.ensure(1));
      assertEquals(PAGE + 1, region.byteSize());
      assertThrows(IllegalArgumentException.class, () -> region.ensure(-1));
    }
  }

  /** Notes what it is told. */
  private static final class Told implements GrowthListener {
    private final List<String> events = new CopyOnWriteArrayList<>();

    @Override
    public void grown(long regionId, long oldByteSize, long newByteSize) {
      events.add(oldByteSize + " to " + newByteSize);
    }

    @Override
    public void refused(long regionId, long byteSize, Exception reason) {
      events.add("not " + byteSize);
    }
  }

  @Test
  void autogrowthIsByHalfUpToItsCeiling() throws Exception {
    assumeDeclared(Capability.RESIZE);
    Told told = new Told();
    Autogrowth autogrowth = Autogrowth.upTo(16 * PAGE + 8).tellingTo(told);
    List<RegionRequest> requests = new ArrayList<>(List.of(RegionRequest.ofSize(8 * PAGE)));
    if (declares(Capability.GROW_IN_PLACE)) {
      requests.add(RegionRequest.ofSize(8 * PAGE).withMaximum(MIB));
    }
    for (RegionRequest request : requests) {
      try (MemoryRegion region = provider().allocate(request.withAutogrowth(autogrowth))) {
        Pattern.write(region, 6);
        assertEquals(12 * PAGE, region.ensure(8 * PAGE + 1));
        assertEquals(12 * PAGE, region.ensure(12 * PAGE));
        assertEquals(16 * PAGE + 8, region.ensure(12 * PAGE + 1));
        MemoryException refused =
            assertThrowsOneLine(MemoryException.class, () -> region.ensure(16 * PAGE + 9));
        assertSays(refused, Long.toString(16 * PAGE + 8));
        assertEquals(16 * PAGE + 8, region.byteSize());
        assertEquals(
            List.of(
                8 * PAGE + " to " + 12 * PAGE,
                12 * PAGE + " to " + (16 * PAGE + 8),
                "not " + (16 * PAGE + 9)),
            told.events);
        told.events.clear();
        try (Access access = region.acquire()) {
          Pattern.check(access.segment(), 6, 8 * PAGE);
        }
      }
    }
  }

  @Test
  void autogrowthTakesWhatIsAskedWhereThereIsNoRoomForMore() throws Exception {
    assumeDeclared(Capability.RESIZE);
    MemoryProvider limited = startLimited(10 * PAGE);
    RegionRequest request =
        RegionRequest.ofSize(8 * PAGE).withAutogrowth(Autogrowth.upTo(64 * PAGE));
    try (MemoryRegion region = limited.allocate(request)) {
      assertEquals(9 * PAGE, region.ensure(9 * PAGE));
      assertThrows(MemoryException.class, () -> region.ensure(11 * PAGE));
      assertEquals(9 * PAGE, region.byteSize());
    }
  }

  @Test
  void manyThreadsThatAskAtOnceGetOneGrowth() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    Told told = new Told();
    RegionRequest request =
        RegionRequest.ofSize(4 * PAGE)
            .withMaximum(MIB)
            .withAutogrowth(Autogrowth.upTo(MIB).tellingTo(told));
    for (int round = 0; round < 20; round++) {
      try (MemoryRegion region = provider().allocate(request)) {
        CountDownLatch start = new CountDownLatch(1);
        Crew crew = new Crew();
        for (int i = 0; i < THREADS; i++) {
          crew.start(
              () -> {
                Crew.await(start);
                assertEquals(6 * PAGE, region.ensure(5 * PAGE));
              });
        }
        start.countDown();
        crew.end();
        assertEquals(List.of(4 * PAGE + " to " + 6 * PAGE), told.events);
        told.events.clear();
      }
    }
  }
}
