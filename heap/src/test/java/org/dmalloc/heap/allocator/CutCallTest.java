/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapDamagedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls that an error cuts off, with a lock that nobody will unlock. */
class CutCallTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final long STACK_BYTES = 256 << 10;

  /** Deeper than that stack. */
  private static final int MOST_DEPTH = 1 << 20;

  /** What a call leaves whose release of a lock throws, and all that is tried after that. */
  private static void cut(Allocator allocator, SpinLock lock) throws InterruptedException {
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> {
                  lock.lock();
                  allocator.stopped = HeapTables.CUT;
                });
    thread.join();
  }

  private static SpinLock lock(Allocator allocator, String name) {
    return switch (name) {
      case "runs" -> allocator.runs;
      case "roots" -> allocator.rooting;
      case "punching" -> allocator.punching;
      default -> allocator.caches[Integer.parseInt(name)];
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "5", "runs", "roots", "punching"})
  void aLockThatNobodyUnlocksIsToldAndLostByAReopening(String name) throws Exception {
    try (HeapRig rig = new HeapRig(8 << 20)) {
      Heap heap = rig.heap();
      long[] blocks = rig.blocks(1000);
      cut(rig.allocator(), lock(rig.allocator(), name));
      for (Executable use :
          List.<Executable>of(
              () -> heap.allocate(100),
              () -> heap.free(blocks[0]),
              () -> heap.allocate(1 << 20),
              heap::trim)) {
        Exception refusal =
            assertTimeoutPreemptively(LONG, () -> assertThrows(Exception.class, use));
        assertTrue(refusal instanceof HeapDamagedException || isLost(refusal), refusal.toString());
      }
      IllegalStateException refusal =
          assertTimeoutPreemptively(
              LONG, () -> assertThrows(IllegalStateException.class, heap::repair));
      assertTrue(isLost(refusal), refusal.toString());
      assertTimeoutPreemptively(LONG, heap::close);
      assertFalse(rig.killed().recovery().clean());
      assertEquals(List.of(), rig.heap().check().findings());
      assertEquals(1000, rig.heap().check().liveBlocks());
    }
  }

  @Test
  void whoeverWaitsAlreadyIsTold() throws Exception {
    try (HeapRig rig = new HeapRig(8 << 20)) {
      Heap heap = rig.heap();
      heap.setRoot("x", 16);
      rig.allocator().rooting.lock(); // by this thread: another waits for it
      IllegalStateException[] told = new IllegalStateException[1];
      Thread waiter =
          Thread.ofPlatform()
              .start(
                  () -> told[0] = assertThrows(IllegalStateException.class, () -> heap.root("x")));
      while (waiter.getState() != Thread.State.TIMED_WAITING) {
        assertTrue(waiter.isAlive());
        Thread.onSpinWait();
      }
      rig.allocator().stopped = HeapTables.CUT;
      assertTrue(waiter.join(LONG));
      assertTrue(told[0].getMessage().contains("is damaged"), told[0].getMessage());
      rig.allocator().rooting.unlock();
      assertTrue(heap.repair().isSound(), "no lock is lost");
      assertEquals(16, heap.root("x").orElse(0));
    }
  }

  /** Runs it at each depth of the stack, from where there is none left upwards. */
  private static int fromTheEndOfTheStack(
      int depth, Executable use, Function<Throwable, Boolean> ends) throws Throwable {
    int cut = 0;
    try {
      cut = depth == MOST_DEPTH ? 0 : fromTheEndOfTheStack(depth + 1, use, ends);
    } catch (StackOverflowError end) {
      cut = 0;
    }
    if (cut == 0) {
      try {
        use.execute();
      } catch (StackOverflowError | MemoryException e) {
        return ends.apply(e) ? 1 : 0;
      }
    }
    return cut;
  }

  /** What is linked with too little stack stays unusable for all tests of this JVM. */
  private static void link() throws Exception {
    try (HeapRig rig = new HeapRig(8 << 20)) {
      Heap heap = rig.heap();
      heap.free(heap.allocate(100));
      rig.allocator().stopped = HeapTables.CUT;
      assertThrows(HeapDamagedException.class, () -> heap.free(heap.allocate(100)));
      rig.allocator().lost(new StackOverflowError());
      assertThrows(HeapDamagedException.class, () -> heap.free(heap.allocate(100)));
      assertTrue(heap.repair().isSound());
    }
  }

  @Test
  void noLackOfStackMakesAHeapWaitForever() throws Exception {
    link();
    int damaged = 0;
    int lost = 0;
    for (int round = 0; round < 20; round++) {
      try (HeapRig rig = new HeapRig(8 << 20)) {
        Heap heap = rig.heap();
        long[] blocks = rig.blocks(100 + round);
        long last = blocks[round];
        Thread user =
            new Thread(
                null,
                () -> {
                  try {
                    fromTheEndOfTheStack(
                        0,
                        () -> heap.free(heap.allocate(100)),
                        e -> e instanceof HeapDamagedException);
                  } catch (Throwable e) {
                    throw new AssertionError(e);
                  }
                },
                "user of little stack",
                STACK_BYTES + round * 4096L);
        user.start();
        assertTrue(user.join(LONG));
        damaged += rig.allocator().isStopped() ? 1 : 0;
        boolean wasLost = assertTimeoutPreemptively(LONG, () -> hasLost(heap));
        if (wasLost) {
          lost++;
          heap.close();
          rig.killed();
        }
        assertTrue(rig.heap().usableSize(last) > 0);
        rig.heap().free(last);
        assertEquals(List.of(), rig.heap().check().findings());
      }
    }
    System.out.println("cut off: " + damaged + ", with a lock left locked: " + lost);
    assertTrue(damaged > 0, "no call was cut off");
  }

  private static boolean isLost(Exception refusal) {
    return refusal instanceof IllegalStateException
        && String.valueOf(refusal.getMessage()).endsWith("close the heap and open it again");
  }

  /** Repairs the heap; true if a lock was left locked. */
  private static boolean hasLost(Heap heap) throws MemoryException {
    try {
      heap.statistics();
      heap.root("x");
      assertTrue(heap.repair().isSound());
      return false;
    } catch (IllegalStateException e) {
      assertTrue(isLost(e), e.toString());
      return true;
    }
  }
}
