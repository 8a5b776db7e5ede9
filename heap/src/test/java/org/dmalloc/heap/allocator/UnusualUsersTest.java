/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.AccessMode;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapDamagedException;
import org.junit.jupiter.api.Test;

/** Users that close, cut, protect or wait where nobody expects it. */
class UnusualUsersTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @Test
  void aRegionThatWasMadeSmallerIsTold() throws Exception {
    try (HeapRig rig = new HeapRig(4 << 20)) {
      Heap heap = rig.heap();
      heap.allocate(100);
      rig.region().resize(1 << 20);
      assertTimeoutPreemptively(
          LONG,
          () -> {
            assertThrows(HeapDamagedException.class, () -> heap.allocate(100));
            assertThrows(HeapDamagedException.class, heap::check);
          });
    }
  }

  @Test
  void aRegionThatIsReadOnlyForNowLosesNothing() throws Exception {
    try (HeapRig rig = new HeapRig(4 << 20)) {
      Heap heap = rig.heap();
      long block = heap.allocate(100_000);
      long free = heap.statistics().freeBytes();
      rig.region().protect(block, HeapRig.PAGE, AccessMode.READ_ONLY);
      for (int i = 0; i < 3; i++) {
        assertThrows(IllegalStateException.class, () -> heap.allocate(100_000));
        assertThrows(IllegalStateException.class, () -> heap.allocate(100));
      }
      assertThrows(IllegalStateException.class, () -> heap.free(block));
      rig.region().protect(block, HeapRig.PAGE, AccessMode.READ_WRITE);
      assertEquals(free, heap.statistics().freeBytes());
      assertEquals(List.of(), heap.check().findings());
      heap.free(block);
      heap.allocate(100);
    }
  }

  @Test
  void rootsStayAsTheyAreBesideCheckAndRepair() throws Exception {
    try (HeapRig rig = new HeapRig(1 << 20)) {
      Heap heap = rig.heap();
      heap.setRoot("x", 1);
      AtomicBoolean ended = new AtomicBoolean();
      List<Throwable> failures = new ArrayList<>();
      Thread setter =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      for (long i = 2; !ended.get(); i++) {
                        heap.setRoot("x", i);
                        assertEquals(i, heap.root("x").orElse(0));
                      }
                    } catch (Throwable e) {
                      failures.add(e);
                    }
                  });
      for (int i = 0; i < 3000 && setter.isAlive(); i++) {
        assertEquals(List.of(), (i % 2 == 0 ? heap.check() : heap.repair()).findings());
      }
      ended.set(true);
      setter.join();
      assertEquals(List.of(), failures);
    }
  }

  @Test
  void anArenaOfAThreadThatHasEndedKeepsNoRegionOpen() throws Exception {
    try (HeapRig rig = new HeapRig(1 << 20)) {
      Thread user = Thread.ofPlatform().start(() -> rig.heap().confinedArena().allocate(100));
      user.join();
      rig.heap().close();
      rig.region().close();
      assertFalse(rig.region().info().open());
    }
  }

  /** As many as have carriers would keep them from the holder, which is to unlock. */
  @Test
  void anInterruptedVirtualThreadLeavesItsCarrierWhileItWaits() throws Exception {
    SpinLock lock = new SpinLock((id, waitedNanos) -> {});
    CountDownLatch held = new CountDownLatch(1);
    Thread holder =
        Thread.ofVirtual()
            .start(
                () -> {
                  lock.lock();
                  held.countDown();
                  LockSupport.parkNanos(50_000_000);
                  lock.unlock();
                });
    held.await();
    int carriers =
        Integer.getInteger(
            "jdk.virtualThreadScheduler.parallelism", Runtime.getRuntime().availableProcessors());
    List<Thread> waiters = new ArrayList<>();
    for (int i = 0; i < carriers; i++) {
      waiters.add(Thread.ofVirtual().start(() -> waitInterrupted(lock)));
    }
    for (Thread waiter : waiters) {
      assertTrue(waiter.join(LONG), "the holder never gets a carrier");
    }
    holder.join();
  }

  private static void waitInterrupted(SpinLock lock) {
    Thread.currentThread().interrupt();
    lock.lock();
    lock.unlock();
  }

  @Test
  void aCleanCloseGivesBackTheEmptySpansOfAllClasses() throws Exception {
    try (HeapRig rig = new HeapRig(4 << 20)) {
      long free = rig.heap().statistics().freeBytes();
      long[] small = rig.blocks(HeapRig.CAPACITY + 1);
      rig.heap().free(small, 0, HeapRig.CAPACITY); // the first span is empty, and in the list
      Heap heap = rig.reopened();
      heap.trim();
      long span = (long) SizeClasses.spanPages(HeapRig.CLASS) * HeapRig.PAGE;
      assertEquals(free - span, heap.statistics().freeBytes());
    }
  }

  @Test
  void emptySpansAreCountedOverAClose() throws Exception {
    try (HeapRig rig = new HeapRig(4 << 20)) {
      long[] small = rig.blocks(HeapRig.CAPACITY + 1);
      rig.heap().free(small, 0, HeapRig.CAPACITY);
      rig.reopened();
      rig.blocks(4 * HeapRig.CAPACITY);
      for (BlockCache cache : rig.allocator().caches) {
        assertFalse(cache.mayHaveEmpty(), "cache " + cache.number);
      }
    }
  }
}
