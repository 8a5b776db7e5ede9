/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Regions that no backend holds for a while, or for good. */
@Timeout(120)
final class StrandingTest {
  private final Rig rig = new Rig();
  private final InMemoryStore disk = new InMemoryStore("/disk");
  private final InMemoryProvider only = InMemoryProvider.files("only", disk);
  private ManagedRegion region;

  @BeforeEach
  void fill() throws Exception {
    rig.add(only, 9);
    region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    Rig.fill(region, 1);
  }

  /** Takes the only backend away. */
  private void strand(String waitMillis) {
    rig.regions.settings(Settings.of(Map.of("stranded.wait.millis", waitMillis)));
    rig.regions.leaving(only);
    only.stop();
    assertNotNull(region.stranded());
  }

  private void comeBack() {
    rig.add(InMemoryProvider.files("only", disk), 9);
    new PolicyClock(rig.regions, System::nanoTime).tick();
  }

  private static void awaitWaiting(Thread thread) {
    while (thread.getState() != Thread.State.TIMED_WAITING) {
      assertTrue(thread.isAlive(), "it does not wait");
      Thread.onSpinWait();
    }
  }

  @Test
  void usersWaitForTheBackendAndNoticeNothing() throws Exception {
    strand("100000");
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> users = new ArrayList<>();
    for (Thread.Builder kind : List.of(Thread.ofPlatform(), Thread.ofVirtual())) {
      users.add(
          kind.start(
              () -> {
                try (Access access = region.acquire()) {
                  access.segment().set(JAVA_LONG, 0, 1 * 31);
                } catch (Throwable t) {
                  failure.set(t);
                }
              }));
      users.add(
          kind.start(
              () -> {
                try {
                  region.force();
                } catch (Throwable t) {
                  failure.set(t);
                }
              }));
    }
    users.forEach(StrandingTest::awaitWaiting);
    comeBack();
    for (Thread user : users) {
      user.join();
    }
    assertNull(failure.get());
    assertNull(region.stranded());
    Rig.check(region, 1);
  }

  @Test
  void whoeverWaitedInVainReadsAndIsToldWhy() throws Exception {
    strand("20");
    Rig.check(region, 1); // waits, then reads
    try (Access access = region.acquire()) {
      assertTrue(access.segment().isReadOnly());
      try (Access nested = region.acquire()) {
        assertTrue(nested.segment().isReadOnly());
      }
    }
    assertEquals(AccessMode.READ_ONLY, region.info().access());
    for (var call :
        List.<org.junit.jupiter.api.function.Executable>of(
            region::force, region::segment, () -> region.resize(10))) {
      IllegalStateException why = assertThrows(IllegalStateException.class, call);
      assertTrue(String.valueOf(why.getMessage()).contains("only is gone"), why.getMessage());
    }
    comeBack();
    assertEquals(AccessMode.READ_WRITE, region.info().access());
    Rig.fill(region, 2);
    Rig.check(region, 2);
  }

  @Test
  void closeEndsTheWait() throws Exception {
    strand("100000");
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread user =
        Thread.ofPlatform()
            .start(
                () -> {
                  try (Access access = region.acquire()) {
                    access.segment().get(JAVA_LONG, 0);
                  } catch (Throwable t) {
                    failure.set(t);
                  }
                });
    awaitWaiting(user);
    region.close();
    user.join();
    assertTrue(failure.get() instanceof IllegalStateException, String.valueOf(failure.get()));
    assertEquals("region is closed", failure.get().getMessage());
  }

  @Test
  void anInterruptDoesNotEndTheWait() throws Exception {
    strand("100000");
    AtomicReference<Object> seen = new AtomicReference<>();
    Thread user =
        Thread.ofPlatform()
            .start(
                () -> {
                  Thread.currentThread().interrupt();
                  try (Access access = region.acquire()) {
                    seen.set(access.segment().isReadOnly() + " " + Thread.interrupted());
                  }
                });
    awaitWaiting(user);
    comeBack();
    user.join();
    assertEquals("false true", seen.get());
  }

  @Test
  void aStoredRegionWaitsForABackendOfItsOwnStore() throws Exception {
    strand("1");
    InMemoryStore elsewhere = new InMemoryStore("/elsewhere");
    rig.add(InMemoryProvider.files("elsewhere", elsewhere), 20);
    PolicyClock clock = new PolicyClock(rig.regions, System::nanoTime);
    clock.tick();
    assertNotNull(region.stranded());
    assertTrue(elsewhere.names().isEmpty(), "no second copy");
    rig.add(InMemoryProvider.files("other", disk), 1);
    clock.tick();
    assertNull(region.stranded());
    assertEquals("other", region.managedInfo().backend());
    Rig.check(region, 1);
  }

  @Test
  void aCommandToAnotherStoreDoesNotLeaveTheFileBehind() throws Exception {
    strand("1");
    InMemoryStore elsewhere = new InMemoryStore("/elsewhere");
    rig.add(InMemoryProvider.files("elsewhere", elsewhere), 1);
    MemoryException refused =
        assertThrows(MemoryException.class, () -> rig.move(region, "elsewhere"));
    assertTrue(refused.getMessage().contains("backend only"), refused.getMessage());
    assertTrue(elsewhere.names().isEmpty());
    comeBack();
    rig.move(region, "elsewhere");
    assertTrue(disk.names().isEmpty());
    Rig.check(region, 1);
  }

  @Test
  void aTargetThatLeavesWaitsForTheUnfinishedCopyToBeDiscarded() throws Exception {
    InMemoryStore elsewhere = new InMemoryStore("/elsewhere");
    InMemoryProvider target = InMemoryProvider.files("elsewhere", elsewhere);
    rig.add(target, 1);
    AtomicReference<Thread> stopping = new AtomicReference<>();
    rig.probe =
        (which, step) -> {
          if (step == Step.ALLOCATED) {
            Thread leaving =
                Thread.ofPlatform()
                    .start(
                        () -> {
                          rig.regions.leaving(target);
                          target.stop();
                        });
            stopping.set(leaving);
            while (!region.moving().mustGiveWay()) {
              Thread.onSpinWait();
            }
          }
        };
    assertThrows(MemoryException.class, () -> rig.move(region, "elsewhere"));
    stopping.get().join();
    assertTrue(elsewhere.names().isEmpty(), "discarded while the backend still took calls");
    assertNull(region.stranded());
    Rig.check(region, 1);
  }

  @Test
  void aSourceThatLeavesWaitsForTheOldFileToBeDeleted() throws Exception {
    InMemoryStore elsewhere = new InMemoryStore("/elsewhere");
    rig.add(InMemoryProvider.files("elsewhere", elsewhere), 1);
    AtomicReference<Thread> stopping = new AtomicReference<>();
    rig.probe =
        (which, step) -> {
          if (step == Step.EXCHANGED) {
            stopping.set(
                Thread.ofPlatform()
                    .start(
                        () -> {
                          rig.regions.leaving(only);
                          only.stop();
                        }));
            while (!region.moving().mustGiveWay()) {
              assertTrue(stopping.get().isAlive(), "it does not wait");
              Thread.onSpinWait();
            }
          }
        };
    rig.move(region, "elsewhere");
    stopping.get().join();
    assertTrue(disk.names().isEmpty(), "deleted while the backend still took calls");
    assertNull(region.stranded());
    Rig.check(region, 1);
  }

  @Test
  void aFailureBeforeDoesNotHoldTheRescueOff() throws Exception {
    strand("1");
    PolicyClock clock = new PolicyClock(rig.regions, System::nanoTime);
    InMemoryProvider refusing = InMemoryProvider.files("only", disk);
    refusing.faults().fail("not yet", "allocate", "open", "apply");
    rig.add(refusing, 9);
    clock.tick();
    assertNotNull(region.stranded());
    refusing.faults().clear();
    clock.tick();
    assertNull(region.stranded());
    Rig.check(region, 1);
  }

  @Test
  void whoeverIsInsideDoesNotWait() throws Exception {
    rig.regions.settings(
        Settings.of(
            Map.of("stranded.wait.millis", "100000", "evacuation.timeout.millis", "60000")));
    try (Access access = region.acquire()) {
      rig.regions.leaving(only);
      assertNotNull(region.stranded());
      try (Access nested = region.acquire()) { // would wait for what it holds up
        assertTrue(nested.segment().isReadOnly());
        assertFalse(access.segment().isReadOnly());
      }
      access.segment().set(JAVA_LONG, 8, 1 * 31 + 8);
    }
    comeBack();
    assertNull(region.stranded());
    Rig.check(region, 1);
  }

  @Test
  void whatTheBackendOfARegionCanDoIsNotRefusedWhileItLeaves() throws Exception {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    InMemoryProvider other = InMemoryProvider.files("other", disk);
    rig.add(other, 1);
    rig.probe =
        (which, step) -> {
          if (step == Step.BEGIN) {
            rig.probe = Step.Probe.NONE;
            rig.regions.leaving(other); // now none of those present declares FORCE
            try {
              region.force();
            } catch (MemoryException | RuntimeException e) {
              failure.set(e);
            }
          }
        };
    rig.regions.leaving(only);
    assertNull(failure.get());
  }
}
