/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class SectionGateTest {
  private static final long LONG = TimeUnit.SECONDS.toNanos(30);
  private static final long SHORT = TimeUnit.MILLISECONDS.toNanos(20);

  private final SectionGate gate = new SectionGate();

  @Test
  void countsSectionsByThread() {
    assertEquals(0, gate.openSections());
    int outer = gate.enter();
    int inner = gate.enter();
    assertEquals(1, gate.openSections());
    gate.exit(inner);
    assertEquals(1, gate.openSections());
    gate.exit(outer);
    assertEquals(0, gate.openSections());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void nobodyIsInsideWhileItIsShut(boolean virtual) throws Exception {
    AtomicInteger inside = new AtomicInteger();
    AtomicBoolean stop = new AtomicBoolean();
    long[] guarded =
        new long[2]; // plain: written by the shutter only, torn if the gate lets one in
    int threadCount =
        virtual ? 600 : 6; // more than the table has slots, so that the map is used too
    List<Future<?>> users = new ArrayList<>();
    try (ExecutorService executor =
        virtual ? Executors.newVirtualThreadPerTaskExecutor() : Executors.newCachedThreadPool()) {
      for (int i = 0; i < threadCount; i++) {
        users.add(
            executor.submit(
                () -> {
                  while (!stop.get()) {
                    int outer = gate.enter();
                    inside.incrementAndGet();
                    if (virtual) {
                      Thread.yield(); // unmount inside the section
                    }
                    int inner = gate.enter();
                    assertEquals(guarded[0], guarded[1]);
                    gate.exit(inner);
                    inside.decrementAndGet();
                    gate.exit(outer);
                  }
                  return null;
                }));
      }
      for (int i = 0; i < 2_000; i++) {
        gate.shut(LONG);
        assertEquals(0, inside.get());
        guarded[0]++;
        Thread.onSpinWait();
        guarded[1]++;
        gate.open();
      }
      stop.set(true);
      for (Future<?> user : users) {
        user.get(30, TimeUnit.SECONDS);
      }
    }
    assertEquals(0, gate.openSections());
  }

  @Test
  void moreThreadsThanSlotsAllGetIn() throws Exception {
    int threadCount = 1_000;
    CountDownLatch entered = new CountDownLatch(threadCount);
    CountDownLatch leave = new CountDownLatch(1);
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < threadCount; i++) {
        executor.submit(
            () -> {
              int outer = gate.enter();
              int inner = gate.enter();
              entered.countDown();
              leave.await();
              gate.exit(inner);
              gate.exit(outer);
              return null;
            });
      }
      assertTrue(entered.await(30, TimeUnit.SECONDS));
      assertEquals(threadCount, gate.openSections());
      assertThrows(IllegalStateException.class, () -> gate.shut(SHORT));
      leave.countDown();
    }
    assertEquals(0, gate.openSections());
    gate.shut(LONG);
    gate.end();
  }

  @Test
  void aThreadInsideMayNestWhileSomebodyShuts() throws Exception {
    int outer = gate.enter();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread shutter = Thread.ofPlatform().start(() -> runCatching(failure, () -> gate.shut(LONG)));
    awaitShut();
    int inner = gate.enter();
    gate.exit(inner);
    gate.exit(outer);
    shutter.join();
    assertEquals(null, failure.get());
    gate.open();
  }

  @Test
  void nestsWhileShutAlsoWhenItsOwnPlaceWasTaken() throws Exception {
    // This thread's home slot is taken by a virtual thread whose id is congruent; then it is freed
    // while the gate is being shut, so that the nested section lands in another slot.
    SectionGate crowded = gate;
    CountDownLatch leave = new CountDownLatch(1);
    int threadCount = 512;
    CountDownLatch entered = new CountDownLatch(threadCount);
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < threadCount; i++) {
        executor.submit(
            () -> {
              int slot = crowded.enter();
              entered.countDown();
              leave.await();
              crowded.exit(slot);
              return null;
            });
      }
      assertTrue(entered.await(30, TimeUnit.SECONDS));
      int outer = crowded.enter(); // in the map
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread shutter =
          Thread.ofPlatform().start(() -> runCatching(failure, () -> crowded.shut(LONG)));
      awaitShut();
      leave.countDown();
      int inner = crowded.enter(); // now there is room in the table
      crowded.exit(inner);
      crowded.exit(outer);
      shutter.join();
      assertEquals(null, failure.get());
      crowded.open();
    }
  }

  @Test
  void aNestedSectionStaysWhereTheThreadIsSeenAlready() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    int home = gate.enter();
    gate.exit(home);
    Thread squatter = null;
    int taken = -1;
    while (taken != home) { // until a thread comes whose place is the same
      AtomicInteger slot = new AtomicInteger(-1);
      CountDownLatch in = new CountDownLatch(1);
      squatter =
          Thread.ofPlatform()
              .start(
                  () -> {
                    slot.set(gate.enter());
                    in.countDown();
                    if (slot.get() == home) {
                      entered.countDown();
                      awaitQuietly(leave);
                    }
                    gate.exit(slot.get());
                  });
      in.await();
      taken = slot.get();
    }
    entered.await();
    int outer = gate.enter();
    assertNotEquals(home, outer);
    leave.countDown();
    squatter.join();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread shutter = Thread.ofPlatform().start(() -> runCatching(failure, () -> gate.shut(LONG)));
    awaitShut();
    // Its own place is free again, but whoever shuts may have passed by there.
    assertEquals(outer, gate.enter());
    gate.exit(outer);
    gate.exit(outer);
    shutter.join();
    assertEquals(null, failure.get());
    gate.open();
  }

  @Test
  void aTimeOutNamesTheOwnerAndOpensAgain() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    Thread holder =
        Thread.ofPlatform()
            .name("slow reader")
            .start(
                () -> {
                  int slot = gate.enter();
                  entered.countDown();
                  awaitQuietly(leave);
                  gate.exit(slot);
                });
    entered.await();
    IllegalStateException e = assertThrows(IllegalStateException.class, () -> gate.shut(SHORT));
    assertTrue(e.getMessage().contains("slow reader"), e.getMessage());
    assertTrue(e.getMessage().contains(" in "), e.getMessage());
    gate.exit(gate.enter()); // open again
    leave.countDown();
    holder.join();
    gate.shut(LONG);
    gate.open();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void sectionsOfThreadsThatHaveEndedAreReclaimed(boolean virtual) throws Exception {
    Runnable forgets =
        () -> {
          gate.enter();
          gate.enter();
        };
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 300; i++) { // more than the table has slots
      threads.add(
          virtual ? Thread.startVirtualThread(forgets) : Thread.ofPlatform().start(forgets));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(300, gate.openSections());
    gate.shut(SHORT);
    assertEquals(0, gate.openSections());
    gate.open();
    int slot = gate.enter();
    assertEquals(1, gate.openSections());
    gate.exit(slot);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void sectionsOfThreadsThatLiveAreNot(boolean virtual) throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    Runnable holds =
        () -> {
          int slot = gate.enter();
          entered.countDown();
          awaitQuietly(leave);
          gate.exit(slot);
        };
    Thread living = virtual ? Thread.startVirtualThread(holds) : Thread.ofPlatform().start(holds);
    entered.await();
    Thread ended = Thread.ofPlatform().start(gate::enter);
    ended.join();
    assertEquals(List.of(living.threadId()), gate.shutUnlessHeld(SHORT));
    assertEquals(1, gate.openSections(), "the section of the one that has ended is gone");
    leave.countDown();
    living.join();
    gate.shut(LONG);
    gate.open();
  }

  @Test
  void whoEndsTheGateEndsItsOwnSectionsAndClosingThemLateHarmsNobody() throws Exception {
    int outer = gate.enter();
    int inner = gate.enter();
    gate.shutToEnd(SHORT);
    gate.open();
    assertEquals(1, gate.openSections(), "it did not come to the end");
    gate.shutToEnd(SHORT);
    gate.end();
    assertEquals(0, gate.openSections());
    gate.exit(inner);
    gate.exit(outer);
    assertEquals(0, gate.openSections());
  }

  @Test
  void shuttingWithAnOwnSectionIsRefusedAtOnce() {
    int slot = gate.enter();
    IllegalStateException e = assertThrows(IllegalStateException.class, () -> gate.shut(LONG));
    assertTrue(e.getMessage().contains("this thread"), e.getMessage());
    gate.exit(slot);
  }

  @Test
  void onlyOneShutsAtATime() {
    gate.shut(LONG);
    assertThrows(IllegalStateException.class, () -> gate.shut(SHORT));
    gate.open();
    gate.shut(LONG);
    gate.open();
  }

  @Test
  void anEndedGateLetsNobodyIn() throws Exception {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    gate.shut(LONG);
    Thread waiting = Thread.ofPlatform().start(() -> runCatching(failure, gate::enter));
    while (waiting.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    gate.end();
    waiting.join();
    assertTrue(failure.get() instanceof IllegalStateException, String.valueOf(failure.get()));
    assertThrows(IllegalStateException.class, gate::enter);
    assertThrows(IllegalStateException.class, () -> gate.shut(LONG));
    assertTrue(gate.hasEnded());
  }

  @Test
  void anInterruptedThreadEntersAndShutsAndStaysInterrupted() {
    Thread.currentThread().interrupt();
    try {
      gate.exit(gate.enter());
      gate.shut(LONG);
      gate.open();
      assertTrue(Thread.currentThread().isInterrupted());
    } finally {
      assertTrue(Thread.interrupted());
    }
    assertFalse(gate.hasEnded());
  }

  private void awaitShut() {
    // A fresh thread that cannot get in proves that the gate is shut.
    while (true) {
      Thread probe = Thread.ofPlatform().start(() -> gate.exit(gate.enter()));
      while (probe.isAlive()) {
        if (probe.getState() == Thread.State.WAITING) {
          return;
        }
        Thread.onSpinWait();
      }
    }
  }

  private static void runCatching(AtomicReference<Throwable> failure, Runnable action) {
    try {
      action.run();
    } catch (Throwable e) {
      failure.set(e);
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void whoHoldsASectionIsNamedWithItsPlace() throws Exception {
    SectionGate gate = new SectionGate();
    CountDownLatch inside = new CountDownLatch(3);
    CountDownLatch release = new CountDownLatch(1);
    Runnable holds =
        () -> {
          int slot = gate.enter();
          inside.countDown();
          awaitQuietly(release);
          gate.exit(slot);
        };
    Thread platform = Thread.ofPlatform().name("plain \"p\"").start(holds);
    Thread virtual = Thread.ofVirtual().name("light \"v\"").start(holds);
    Thread nameless = Thread.ofVirtual().start(holds);
    inside.await();
    try {
      String said =
          assertThrows(IllegalStateException.class, () -> gate.shut(1_000_000)).getMessage();
      assertTrue(
          said.contains(
              String.format(Locale.ROOT, "thread 'plain \"p\"' (#%d) in ", platform.threadId())),
          said);
      assertTrue(
          said.contains(
              String.format(
                  Locale.ROOT, "virtual thread 'light \"v\"' (#%d) in ", virtual.threadId())),
          said);
      assertTrue(
          said.contains(
              String.format(Locale.ROOT, "virtual thread (#%d) in ", nameless.threadId())),
          said);
      assertEquals(1, said.lines().count(), said);
    } finally {
      release.countDown();
    }
    for (Thread each : List.of(platform, virtual, nameless)) {
      each.join();
    }
  }

  /** Virtual threads that wait, and get no carrier afterwards, keep nobody else waiting. */
  @Test
  void opensForOthersWhileNoCarrierIsFree() throws Exception {
    SectionGate gate = new SectionGate();
    gate.shut(1_000_000_000);
    Runnable passes = () -> gate.exit(gate.enter());
    Thread light = Thread.ofVirtual().start(passes);
    while (light.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    Thread plain = Thread.ofPlatform().start(passes);
    while (plain.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    AtomicBoolean done = new AtomicBoolean();
    int carriers = Runtime.getRuntime().availableProcessors();
    CountDownLatch taken = new CountDownLatch(carriers);
    List<Thread> hogs = new ArrayList<>();
    for (int i = 0; i < carriers; i++) {
      hogs.add(
          Thread.startVirtualThread(
              () -> {
                taken.countDown();
                while (!done.get()) {
                  Thread.onSpinWait();
                }
              }));
    }
    taken.await();
    try {
      gate.open();
      plain.join();
    } finally {
      done.set(true);
    }
    light.join();
    for (Thread hog : hogs) {
      hog.join();
    }
  }
}
