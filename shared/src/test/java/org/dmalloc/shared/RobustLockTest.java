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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionMembers;
import org.junit.jupiter.api.Test;

/** A lock among members that are all in this JVM. */
class RobustLockTest {
  private static final long AT = RobustLock.BYTES;
  private static final long COUNTER = 3 * RobustLock.BYTES;
  private static final Duration SHORT = Duration.ofMillis(30);

  private final SharedMemoryService service = SharedMemoryService.load();
  private final Members members = new Members(4 * RobustLock.BYTES);
  private final SharedTestRegion one = members.join();
  private final SharedTestRegion two = members.join();
  private final TestThreads threads = new TestThreads();

  private static Held take(Acquirable lock) throws Exception {
    return lock.tryAcquire(TestThreads.DEADLINE).orElseThrow();
  }

  private long counter() {
    return members.memory().get(JAVA_LONG, COUNTER);
  }

  /** A step that loses one if two threads make it at the same time. */
  private void count() {
    members.memory().set(JAVA_LONG, COUNTER, counter() + 1);
  }

  @Test
  void oneOwnerAtATime() throws Exception {
    RobustLock here = service.createLock(one, AT);
    RobustLock there = service.openLock(two, AT);
    try (Held held = take(here)) {
      assertFalse(held.inconsistent());
      AtomicBoolean taken = new AtomicBoolean();
      threads.start(
          () -> {
            assertTrue(there.tryAcquire().isEmpty());
            assertTrue(there.tryAcquire(SHORT).isEmpty());
            taken.set(there.tryAcquire(Duration.ofSeconds(-1)).isPresent());
          });
      threads.end();
      assertFalse(taken.get());
      LockState state = there.state();
      assertEquals(LockState.Kind.LOCK, state.kind());
      assertEquals(AT, state.offset());
      LockState.Owner owner = state.owner();
      assertNotNull(owner);
      assertEquals(one.members().orElseThrow().self(), owner.member().member());
      assertEquals(ProcessHandle.current().pid(), owner.member().pid());
      assertTrue(owner.member().alive());
      assertEquals(Thread.currentThread().threadId(), owner.thread());
    }
    try (Held held = there.tryAcquire().orElseThrow()) {
      assertFalse(held.inconsistent());
    }
    assertNull(here.state().owner());
  }

  /** Its number is in the memory; in another file it would be a dead one's, or another's. */
  @Test
  void whoeverHasOpenedALockHoldsTheRegionAtItsFile() throws Exception {
    service.createLock(one, AT);
    service.openLock(one, AT);
    assertEquals(Set.of("dmalloc.number.1"), members.held());
  }

  @Test
  void threadsOfSeveralMembersCountExactly() throws Exception {
    service.createLock(one, AT);
    int rounds = 3000;
    for (SharedTestRegion region : List.of(one, two, members.join())) {
      RobustLock lock = service.openLock(region, AT);
      for (int thread = 0; thread < 3; thread++) {
        threads.start(
            () -> {
              for (int round = 0; round < rounds; round++) {
                try (Held held = lock.acquire()) {
                  assertFalse(held.inconsistent());
                  count();
                }
              }
            });
      }
    }
    threads.end();
    assertEquals(9L * rounds, counter());
    assertEquals(List.of(), service.openLock(one, AT).state().waiters());
  }

  @Test
  void virtualThreadsCountExactlyThoughAllCarriersMayWait() throws Exception {
    RobustLock here = service.createLock(one, AT);
    RobustLock there = service.openLock(two, AT);
    int count = 300;
    for (int i = 0; i < count; i++) {
      RobustLock lock = i % 2 == 0 ? here : there;
      threads.start(
          Thread.ofVirtual(),
          () -> {
            for (int round = 0; round < 20; round++) {
              try (Held held = lock.acquire()) {
                assertFalse(held.inconsistent());
                count();
                Thread.sleep(0, 1000); // leaves its carrier while it has the lock
              }
            }
          });
    }
    threads.end();
    assertEquals(20L * count, counter());
  }

  @Test
  void aThreadThatHasItIsToldWhenItAsksAgain() throws Exception {
    RobustLock lock = service.createLock(one, AT);
    RobustLock again = service.openLock(one, AT);
    Held held = lock.acquire();
    for (RobustLock each : List.of(lock, again)) {
      IllegalStateException e = assertThrows(IllegalStateException.class, each::acquire);
      assertTrue(e.getMessage().contains("not reentrant"), e.getMessage());
      assertThrows(IllegalStateException.class, each::tryAcquire);
    }
    threads.start(() -> assertThrows(IllegalStateException.class, held::close));
    threads.end();
    assertNotNull(lock.state().owner());
    held.close();
    held.close();
    assertThrows(IllegalStateException.class, held::markConsistent);
    assertTrue(lock.tryAcquire().isPresent());
  }

  @Test
  void theNextOwnersAreToldOfADeadOneUntilOneSaysThatAllIsRight() throws Exception {
    RobustLock here = service.createLock(one, AT);
    RobustLock there = service.openLock(two, AT);
    threads.start(
        () -> {
          Optional<Held> held = here.tryAcquire();
          assertTrue(held.isPresent());
        });
    threads.end();
    assertTrue(there.tryAcquire().isEmpty(), "the process of a thread that ended lives");
    members.kill(one);
    try (Held held = there.tryAcquire().orElseThrow()) {
      assertTrue(held.inconsistent());
      assertTrue(there.state().inconsistent());
    }
    SharedTestRegion three = members.join();
    RobustLock third = service.openLock(three, AT);
    threads.start(
        () -> {
          Held held = take(third);
          assertTrue(held.inconsistent(), "released without a word");
        });
    threads.end();
    members.kill(three);
    try (Held held = take(there)) {
      assertTrue(held.inconsistent());
      held.markConsistent();
      assertFalse(held.inconsistent());
      held.markConsistent();
    }
    try (Held held = take(there)) {
      assertFalse(held.inconsistent());
    }
    assertEquals(2, there.state().recoveries());
    assertFalse(there.state().inconsistent());
  }

  @Test
  void aWaiterNoticesThatTheOwnerDies() throws Exception {
    RobustLock here = service.createLock(one, AT);
    RobustLock there = service.openLock(two, AT);
    threads.start(() -> assertFalse(take(here).inconsistent()));
    threads.end();
    AtomicReference<Boolean> inconsistent = new AtomicReference<>();
    for (int waiter = 0; waiter < 3; waiter++) {
      threads.start(
          () -> {
            try (Held held = there.acquire()) {
              inconsistent.compareAndSet(null, held.inconsistent());
              held.markConsistent();
            }
          });
    }
    TestThreads.until("one to wait", () -> !there.state().waiters().isEmpty());
    members.kill(one);
    threads.end();
    assertEquals(true, inconsistent.get());
    assertEquals(1, there.state().recoveries());
  }

  @Test
  void whatDeadWaitersLeftHoldsUpNobody() throws Exception {
    service.createLock(one, AT);
    List<SharedTestRegion> doomed = new ArrayList<>();
    RobustLock lock = service.openLock(two, AT);
    List<Thread> waiting = new ArrayList<>();
    try (Held held = take(lock)) {
      for (int i = 0; i < 4; i++) {
        SharedTestRegion region = members.join();
        doomed.add(region);
        RobustLock theirs = service.openLock(region, AT);
        waiting.add(
            threads.start(() -> assertThrows(IllegalStateException.class, theirs::acquire)));
        int count = i + 1;
        TestThreads.until("it to wait", () -> lock.state().waiters().size() == count);
      }
      TestThreads.until(
          "all to starve",
          () -> lock.state().waiters().stream().allMatch(LockState.Waiter::starving));
      // A closed region ends a waiting thread before it can tidy up.
      doomed.forEach(SharedTestRegion::close);
      for (Thread each : waiting) {
        assertTrue(each.join(TestThreads.DEADLINE));
      }
      doomed.forEach(members::kill);
      assertEquals(4, lock.state().waiters().size());
      assertFalse(held.inconsistent());
    }
    RobustLock other = service.openLock(one, AT);
    for (int round = 0; round < 20; round++) {
      try (Held held = take(round % 2 == 0 ? other : lock)) {
        assertFalse(held.inconsistent());
      }
    }
    threads.end();
  }

  @Test
  void whoWaitsIsServedThoughOthersNeverPause() throws Exception {
    RobustLock greedy = service.createLock(one, AT);
    RobustLock patient = service.openLock(two, AT);
    AtomicBoolean end = new AtomicBoolean();
    for (int i = 0; i < 2; i++) {
      threads.start(
          () -> {
            while (!end.get()) {
              try (Held held = greedy.acquire()) {
                assertFalse(held.inconsistent());
                count();
              }
            }
          });
    }
    TestThreads.until("they run", () -> counter() > 1000);
    for (int round = 0; round < 30; round++) {
      try (Held held = take(patient)) {
        assertFalse(held.inconsistent());
        count();
      }
    }
    end.set(true);
    threads.end();
  }

  @Test
  void aStoppedProcessLosesItsTurn() throws Exception {
    RobustLock lock = service.createLock(one, AT);
    SharedTestRegion stopped = members.join();
    RobustLock theirs = service.openLock(stopped, AT);
    Held first = take(lock);
    Thread waiting =
        threads.start(() -> assertThrows(IllegalStateException.class, theirs::acquire));
    TestThreads.until(
        "it to starve", () -> lock.state().waiters().stream().anyMatch(LockState.Waiter::starving));
    // It lives, has the turn, and does not come: to the others, as if it were stopped by a signal.
    stopped.close();
    assertTrue(waiting.join(TestThreads.DEADLINE));
    first.close();
    RobustLock other = service.openLock(two, AT);
    try (Held held = take(other)) {
      assertFalse(held.inconsistent());
    }
    threads.end();
  }

  @Test
  void anInterruptEndsAWait() throws Exception {
    RobustLock here = service.createLock(one, AT);
    RobustLock there = service.openLock(two, AT);
    try (Held held = take(here)) {
      for (Thread.Builder builder :
          List.of(Thread.ofPlatform().daemon(), Thread.ofVirtual(), Thread.ofPlatform().daemon())) {
        Thread waiting =
            threads.start(builder, () -> assertThrows(InterruptedException.class, there::acquire));
        TestThreads.until("it to wait", () -> !here.state().waiters().isEmpty());
        waiting.interrupt();
        assertTrue(waiting.join(TestThreads.DEADLINE));
        assertEquals(List.of(), here.state().waiters());
      }
      assertFalse(held.inconsistent());
    }
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, there::acquire);
    assertFalse(Thread.interrupted());
    Thread.currentThread().interrupt();
    try (Held held = there.tryAcquire().orElseThrow()) {
      assertFalse(held.inconsistent());
      assertTrue(Thread.interrupted());
    }
    threads.end();
  }

  @Test
  void closingTheRegionEndsAWaitByAnException() throws Exception {
    RobustLock here = service.createLock(one, AT);
    RobustLock there = service.openLock(two, AT);
    try (Held held = take(here)) {
      for (Thread.Builder builder : List.of(Thread.ofPlatform().daemon(), Thread.ofVirtual())) {
        for (int i = 0; i < 2; i++) {
          threads.start(builder, () -> assertThrows(IllegalStateException.class, there::acquire));
        }
      }
      TestThreads.until("one to wait", () -> !here.state().waiters().isEmpty());
      two.close();
      threads.end();
      assertThrows(IllegalStateException.class, there::tryAcquire);
      assertFalse(held.inconsistent());
    }
  }

  @Test
  void closingTheRegionWhileHoldingIsLikeADeath() throws Exception {
    RobustLock here = service.createLock(one, AT);
    RobustLock there = service.openLock(two, AT);
    Held held = take(there);
    two.close();
    assertThrows(IllegalStateException.class, held::close);
    held.close();
    members.kill(two); // its last opening
    try (Held next = take(here)) {
      assertTrue(next.inconsistent());
    }
  }

  @Test
  void asManyMembersAsThereIsRoomForAndTheDeadMakeRoom() throws Exception {
    service.createLock(one, AT);
    List<SharedTestRegion> all = new ArrayList<>();
    for (int i = 1; i < SharedMemoryService.MOST_MEMBERS; i++) {
      SharedTestRegion region = members.join();
      all.add(region);
      assertNotNull(service.openLock(region, AT));
      assertNotNull(service.openLock(region, AT), "the same member takes one slot");
    }
    MemoryException e = assertThrows(MemoryException.class, () -> service.openLock(two, AT));
    assertTrue(e.getMessage().contains("61 living processes"), e.getMessage());
    members.kill(all.get(17));
    try (Held held = take(service.openLock(two, AT))) {
      assertFalse(held.inconsistent());
    }
    SharedTestRegion last = members.join();
    assertThrows(MemoryException.class, () -> service.openLock(last, AT));
  }

  @Test
  void whatIsThereIsNotOverwritten() throws Exception {
    service.createLock(one, AT);
    assertThrows(IllegalStateException.class, () -> service.createLock(two, AT));
    assertThrows(IllegalStateException.class, () -> service.createReadWriteLock(two, AT));
    MemoryException other =
        assertThrows(MemoryException.class, () -> service.openReadWriteLock(two, AT));
    assertTrue(other.getMessage().contains("there is a lock, not"), other.getMessage());
    MemoryException none = assertThrows(MemoryException.class, () -> service.openLock(two, 0));
    assertTrue(none.getMessage().contains("no lock or ring"), none.getMessage());
    assertThrows(MemoryException.class, () -> service.erase(two, 0));
    RobustLock lock = service.openLock(two, AT);
    service.erase(one, AT);
    MemoryException erased = assertThrows(MemoryException.class, lock::acquire);
    assertTrue(erased.getMessage().contains("gone or was overwritten"), erased.getMessage());
    assertNotNull(service.createReadWriteLock(one, AT));
  }

  @Test
  void onlySharedWritableRegionsAtWholePages() throws Exception {
    RegionMembers member = members.member();
    SharedTestRegion readOnly = SharedTestRegion.readOnly(members.memory(), member);
    assertThrows(IllegalStateException.class, () -> service.createLock(readOnly, 0));
    assertThrows(IllegalStateException.class, () -> service.openLock(readOnly, 0));
    SharedTestRegion alone = SharedTestRegion.of(members.memory(), null);
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> service.createLock(alone, 0));
    assertTrue(e.getMessage().contains("process-shared"), e.getMessage());
    for (long offset : new long[] {-4096, 8, 4 * 4096, Long.MAX_VALUE - 4095}) {
      assertThrows(IllegalArgumentException.class, () -> service.createLock(one, offset));
      assertThrows(IllegalArgumentException.class, () -> service.openLock(one, offset));
    }
  }

  @Test
  void locksAreListedWhereTheyAre() throws Exception {
    service.createLock(one, 0);
    service.createReadWriteLock(one, 2 * AT);
    List<LockState> all = service.locks(two, 0, two.byteSize());
    assertEquals(List.of(0L, 2 * AT), all.stream().map(LockState::offset).toList());
    assertEquals(LockState.Kind.READ_WRITE_LOCK, all.get(1).kind());
    assertEquals(1, service.locks(two, 1, two.byteSize() - 1).size());
    assertEquals(List.of(), service.locks(two, 1, AT));
    assertThrows(IndexOutOfBoundsException.class, () -> service.locks(two, 0, 5 * AT));
  }
}
