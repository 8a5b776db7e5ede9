/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.dmalloc.api.MemoryException;
import org.junit.jupiter.api.Test;

/** A reader/writer lock among members that are all in this JVM. */
class RobustReadWriteLockTest {
  private static final long LEFT = RobustLock.BYTES;
  private static final long RIGHT = RobustLock.BYTES + 1024;
  private static final Duration SHORT = Duration.ofMillis(30);

  private final SharedMemoryService service = SharedMemoryService.load();
  private final Members members = new Members(2 * RobustLock.BYTES);
  private final SharedTestRegion one = members.join();
  private final SharedTestRegion two = members.join();
  private final TestThreads threads = new TestThreads();

  private static Held take(Acquirable lock) throws Exception {
    return lock.tryAcquire(TestThreads.DEADLINE).orElseThrow();
  }

  private long get(long at) {
    return members.memory().get(JAVA_LONG, at);
  }

  /** Two steps, between which nobody may look. */
  private void change() {
    members.memory().set(JAVA_LONG, LEFT, get(LEFT) + 1);
    Thread.onSpinWait();
    members.memory().set(JAVA_LONG, RIGHT, get(RIGHT) + 1);
  }

  @Test
  void readersMeetAndAWriterIsAlone() throws Exception {
    RobustReadWriteLock here = service.createReadWriteLock(one, 0);
    RobustReadWriteLock there = service.openReadWriteLock(two, 0);
    CountDownLatch leave = new CountDownLatch(1);
    AtomicInteger reading = new AtomicInteger();
    for (int i = 0; i < 3; i++) {
      RobustReadWriteLock lock = i == 0 ? here : there;
      threads.start(
          () -> {
            try (Held held = take(lock.reading())) {
              assertFalse(held.inconsistent());
              reading.incrementAndGet();
              assertTrue(
                  leave.await(TestThreads.DEADLINE.toSeconds(), TimeUnit.SECONDS), "told to leave");
            }
          });
    }
    TestThreads.until("all read", () -> reading.get() == 3);
    assertTrue(here.writing().tryAcquire().isEmpty());
    assertTrue(here.writing().tryAcquire(SHORT).isEmpty());
    LockState state = here.state();
    assertEquals(List.of(1, 2), state.readers().stream().map(LockState.Reader::count).toList());
    try (Held held = take(here.reading())) {
      assertFalse(held.inconsistent(), "a writer that gave up is in nobody's way");
    }
    leave.countDown();
    try (Held held = take(here.writing())) {
      threads.start(
          () -> {
            assertTrue(there.reading().tryAcquire().isEmpty());
            assertTrue(there.reading().tryAcquire(SHORT).isEmpty());
            assertTrue(there.writing().tryAcquire(SHORT).isEmpty());
          });
      threads.end();
      assertFalse(held.inconsistent());
    }
    assertTrue(there.reading().tryAcquire().isPresent());
  }

  @Test
  void readersSeeNoHalfOfAChange() throws Exception {
    service.createReadWriteLock(one, 0);
    int writes = 1500;
    for (SharedTestRegion region : List.of(one, two, members.join())) {
      RobustReadWriteLock lock = service.openReadWriteLock(region, 0);
      threads.start(
          () -> {
            for (int i = 0; i < writes; i++) {
              try (Held held = lock.writing().acquire()) {
                assertFalse(held.inconsistent());
                change();
              }
            }
          });
      for (int reader = 0; reader < 2; reader++) {
        threads.start(
            () -> {
              for (int i = 0; i < 2 * writes; i++) {
                try (Held held = lock.reading().acquire()) {
                  assertFalse(held.inconsistent());
                  assertEquals(get(LEFT), get(RIGHT));
                }
              }
            });
      }
    }
    threads.end();
    assertEquals(3L * writes, get(LEFT));
    assertEquals(List.of(), service.openReadWriteLock(one, 0).state().readers());
  }

  @Test
  void aDeadReaderHoldsUpNoWriterAndLeavesNoMark() throws Exception {
    RobustReadWriteLock here = service.createReadWriteLock(one, 0);
    RobustReadWriteLock there = service.openReadWriteLock(two, 0);
    for (int i = 0; i < 2; i++) {
      threads.start(() -> assertFalse(take(here.reading()).inconsistent()));
    }
    threads.end();
    assertTrue(there.writing().tryAcquire().isEmpty());
    AtomicBoolean written = new AtomicBoolean();
    threads.start(
        () -> {
          try (Held held = there.writing().acquire()) {
            written.set(!held.inconsistent());
          }
        });
    TestThreads.until("it to wait", () -> there.state().owner() != null);
    members.kill(one);
    threads.end();
    assertTrue(written.get());
    assertEquals(0, there.state().recoveries());
  }

  @Test
  void aDeadWriterLeavesAMarkThatReadersSeeAndWritersTakeOff() throws Exception {
    RobustReadWriteLock here = service.createReadWriteLock(one, 0);
    RobustReadWriteLock there = service.openReadWriteLock(two, 0);
    threads.start(() -> assertFalse(take(here.writing()).inconsistent()));
    threads.end();
    members.kill(one);
    try (Held held = take(there.reading())) {
      assertTrue(held.inconsistent());
      assertThrows(IllegalStateException.class, held::markConsistent);
    }
    try (Held held = there.writing().tryAcquire().orElseThrow()) {
      assertTrue(held.inconsistent());
      held.markConsistent();
    }
    try (Held held = there.reading().tryAcquire().orElseThrow()) {
      assertFalse(held.inconsistent());
    }
  }

  @Test
  void aWriterThatDiesBeforeItIsInLeavesNoMark() throws Exception {
    RobustReadWriteLock here = service.createReadWriteLock(one, 0);
    RobustReadWriteLock there = service.openReadWriteLock(two, 0);
    try (Held held = take(there.reading())) {
      assertFalse(held.inconsistent());
      threads.start(() -> assertThrows(IllegalStateException.class, here.writing()::acquire));
      TestThreads.until("it to wait", () -> there.state().owner() != null);
      LockState.Owner owner = there.state().owner();
      assertNotNull(owner);
      assertTrue(owner.entering());
      one.close();
      threads.end();
      members.kill(one);
    }
    try (Held held = take(there.writing())) {
      assertFalse(held.inconsistent());
    }
    assertEquals(0, there.state().recoveries());
  }

  @Test
  void aThreadHasOneSideOnce() throws Exception {
    RobustReadWriteLock lock = service.createReadWriteLock(one, 0);
    for (Acquirable first : List.of(lock.reading(), lock.writing())) {
      try (Held held = take(first)) {
        assertThrows(IllegalStateException.class, lock.reading()::acquire);
        assertThrows(IllegalStateException.class, lock.writing()::acquire);
        assertThrows(IllegalStateException.class, lock.writing()::tryAcquire);
        assertFalse(held.inconsistent());
      }
    }
    assertTrue(lock.writing().tryAcquire().isPresent());
  }

  @Test
  void anAttemptThatFailsLeavesNoOwner() throws Exception {
    RobustReadWriteLock here = service.createReadWriteLock(one, 0);
    RobustReadWriteLock there = service.openReadWriteLock(two, 0);
    try (Held reading = take(there.reading())) {
      MemoryException refusal = MemoryException.of("look", "members", "no locks left", "");
      members.refuse(refusal);
      assertEquals(refusal, assertThrows(MemoryException.class, here.writing()::tryAcquire));
      members.refuse(null);
      assertFalse(reading.inconsistent());
    }
    assertNull(here.state().owner());
    try (Held writing = here.writing().tryAcquire().orElseThrow()) {
      assertFalse(writing.inconsistent());
    }
  }

  @Test
  void aWriterIsServedThoughReadersNeverPause() throws Exception {
    service.createReadWriteLock(one, 0);
    servedThough(Side.READING, Side.WRITING);
  }

  @Test
  void readersAreServedThoughWritersNeverPause() throws Exception {
    service.createReadWriteLock(one, 0);
    servedThough(Side.WRITING, Side.READING);
  }

  private enum Side {
    READING,
    WRITING;

    Acquirable of(RobustReadWriteLock lock) {
      return this == READING ? lock.reading() : lock.writing();
    }
  }

  private void servedThough(Side greedy, Side patient) throws Exception {
    AtomicBoolean end = new AtomicBoolean();
    AtomicInteger taken = new AtomicInteger();
    for (SharedTestRegion region : List.of(one, two)) {
      RobustReadWriteLock lock = service.openReadWriteLock(region, 0);
      for (int i = 0; i < 2; i++) {
        threads.start(
            () -> {
              while (!end.get()) {
                try (Held held = greedy.of(lock).acquire()) {
                  assertFalse(held.inconsistent());
                  taken.incrementAndGet();
                }
              }
            });
      }
    }
    TestThreads.until("they run", () -> taken.get() > 100);
    RobustReadWriteLock lock = service.openReadWriteLock(members.join(), 0);
    for (int round = 0; round < 20; round++) {
      try (Held held = take(patient.of(lock))) {
        assertFalse(held.inconsistent());
      }
    }
    end.set(true);
    threads.end();
  }

  @Test
  void anInterruptedWriterLeavesTheReadersAlone() throws Exception {
    RobustReadWriteLock here = service.createReadWriteLock(one, 0);
    RobustReadWriteLock there = service.openReadWriteLock(two, 0);
    try (Held held = take(here.reading())) {
      Thread writer =
          threads.start(() -> assertThrows(InterruptedException.class, there.writing()::acquire));
      TestThreads.until("it to wait", () -> here.state().owner() != null);
      writer.interrupt();
      threads.end();
      threads.start(() -> assertTrue(there.reading().tryAcquire().isPresent()));
      threads.end();
      assertFalse(held.inconsistent());
    }
  }
}
