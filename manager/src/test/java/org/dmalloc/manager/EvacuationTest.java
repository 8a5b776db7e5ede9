/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.Map;
import org.dmalloc.api.Access;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.move.MoveReason;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;

/** Backends that go and come back. */
final class EvacuationTest {
  private final Rig rig = new Rig();
  private final InMemoryStore disk = new InMemoryStore("/disk");

  @Test
  void regionsLeaveForTheNextBestAndReturn() throws Exception {
    InMemoryProvider best = InMemoryProvider.memory("best");
    InMemoryProvider next = InMemoryProvider.memory("next");
    InMemoryProvider last = InMemoryProvider.memory("last");
    rig.add(last, 1);
    rig.add(best, 9);
    rig.add(next, 5);
    ManagedRegion region = rig.filled(1);
    rig.regions.leaving(best);
    assertEquals("next", region.managedInfo().backend());
    assertEquals("best", region.managedInfo().home());
    assertEquals(MoveReason.EVACUATION, region.managedInfo().history().getFirst().reason());
    Rig.check(region, 1);
    assertEquals(0, best.openRegions());
    rig.add(InMemoryProvider.memory("best"), 9);
    new PolicyClock(rig.regions, System::nanoTime).tick();
    assertEquals("best", region.managedInfo().backend());
    Rig.check(region, 1);
  }

  @Test
  void stayMeansStay() throws Exception {
    InMemoryProvider best = InMemoryProvider.memory("best");
    rig.add(best, 9);
    rig.add(InMemoryProvider.memory("next"), 5);
    rig.regions.settings(Settings.of(Map.of("policy", "stay")));
    ManagedRegion region = rig.filled(1);
    rig.regions.leaving(best);
    rig.add(InMemoryProvider.memory("best"), 9);
    new PolicyClock(rig.regions, System::nanoTime).tick();
    assertEquals("next", region.managedInfo().backend());
  }

  @Test
  void storedRegionsStayInTheirStore() throws Exception {
    InMemoryProvider one = InMemoryProvider.files("one", disk);
    rig.add(one, 9);
    rig.add(InMemoryProvider.memory("memory"), 5);
    rig.add(InMemoryProvider.files("elsewhere", new InMemoryStore("/elsewhere")), 4);
    rig.add(InMemoryProvider.files("two", disk), 3);
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    Rig.fill(region, 2);
    rig.regions.leaving(one);
    assertEquals("two", region.managedInfo().backend());
    Rig.check(region, 2);
    assertEquals(1, disk.names().size());
  }

  @Test
  void whatNobodyTakesIsFlushedKeptReadableAndSaysWhy() throws Exception {
    InMemoryProvider one = InMemoryProvider.files("one", disk);
    rig.add(one, 9);
    rig.add(InMemoryProvider.memory("memory"), 5);
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    Rig.fill(region, 3);
    rig.regions.leaving(one);
    one.stop();
    Rig.check(region, 3);
    assertEquals(1, one.faults().count("force"));
    try (Access access = region.acquire()) {
      assertTrue(access.segment().isReadOnly());
    }
    IllegalStateException why = assertThrows(IllegalStateException.class, region::residency);
    assertTrue(String.valueOf(why.getMessage()).contains("one is gone"), why.getMessage());
    assertThrows(IllegalStateException.class, region::segment);
    rig.add(InMemoryProvider.files("two", disk), 1);
    new PolicyClock(rig.regions, System::nanoTime).tick();
    assertNull(region.stranded());
    assertEquals("two", region.managedInfo().backend());
    Rig.fill(region, 4);
    Rig.check(region, 4);
    region.close();
  }

  @Test
  void strandedRegionCanBeClosed() throws Exception {
    InMemoryProvider only = InMemoryProvider.memory("only");
    rig.add(only, 9);
    ManagedRegion region = rig.filled(5);
    rig.regions.leaving(only);
    Rig.check(region, 5);
    region.close();
    assertEquals(0, only.openRegions());
    assertThrows(IllegalStateException.class, region::acquire);
    assertEquals(0, rig.provider.statistics().openBytes());
  }

  @Test
  void anInterruptedThreadEvacuatesAllTheSame() throws Exception {
    InMemoryProvider best = InMemoryProvider.memory("best");
    rig.add(best, 9);
    rig.add(InMemoryProvider.memory("next"), 5);
    ManagedRegion region = rig.filled(6);
    Thread.currentThread().interrupt();
    rig.regions.leaving(best);
    assertTrue(Thread.interrupted(), "the interrupt stays");
    assertEquals("next", region.managedInfo().backend());
    Rig.check(region, 6);
  }

  @Test
  void timeOutStrandsWhatIsLeft() throws Exception {
    InMemoryProvider best = InMemoryProvider.memory("best");
    rig.add(best, 9);
    rig.add(InMemoryProvider.memory("next"), 5);
    rig.regions.settings(Settings.of(Map.of("evacuation.timeout.millis", "50")));
    ManagedRegion region = rig.filled(7);
    try (Access access = region.acquire()) { // longer than the evacuation may take
      rig.regions.leaving(best);
      assertEquals(7 * 31, access.segment().get(JAVA_LONG, 0));
    }
    assertTrue(String.valueOf(region.stranded()).contains("best is gone"), region.stranded());
    Rig.check(region, 7);
    new PolicyClock(rig.regions, System::nanoTime).tick();
    assertEquals("next", region.managedInfo().backend());
    Rig.check(region, 7);
  }

  @Test
  void theLastBackendThatLeavesDuringAMoveIsNotKept() throws Exception {
    InMemoryProvider one = InMemoryProvider.memory("one");
    InMemoryProvider two = InMemoryProvider.memory("two");
    rig.add(one, 9);
    rig.add(two, 5);
    ManagedRegion region = rig.filled(8);
    rig.probe =
        (which, step) -> {
          if (step == Step.COPIED) {
            rig.probe = Step.Probe.NONE;
            rig.regions.leaving(two); // sees no region on itself yet
          }
        };
    rig.move(region, "two");
    assertEquals("one", region.managedInfo().backend());
    Rig.check(region, 8);
    assertEquals(0, two.openRegions());
  }

  @Test
  void aBackendThatIsGoneIsCollected() throws Exception {
    WeakReference<InMemoryProvider> gone = comeAndGo();
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (gone.get() != null) {
      assertTrue(System.nanoTime() < deadline, "the old backend is still referred to");
      System.gc();
      Thread.onSpinWait();
    }
    assertEquals(1, rig.regions.moves().managed().size());
  }

  private WeakReference<InMemoryProvider> comeAndGo() throws Exception {
    InMemoryProvider passing = InMemoryProvider.memory("passing");
    rig.add(passing, 9);
    rig.add(InMemoryProvider.memory("staying"), 1);
    ManagedRegion region = rig.filled(1);
    new PolicyClock(rig.regions, System::nanoTime).tick();
    rig.regions.leaving(passing);
    Rig.check(region, 1);
    return new WeakReference<>(passing);
  }
}
