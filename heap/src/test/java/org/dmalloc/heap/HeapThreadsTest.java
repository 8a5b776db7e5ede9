/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Threads of all kinds on one heap: virtual, interrupted, late for a close. */
class HeapThreadsTest {
  private static final int VIRTUAL_THREADS = 10_000;

  @TempDir private Path directory;

  private HeapPlace place;
  private Heap heap;

  @BeforeEach
  void makeHeap() throws MemoryException {
    place =
        HeapPlace.make(
            "panama", directory, HeapService.load(), HeapOptions.DEFAULT, 1 << 20, 256 << 20);
    heap = place.heap();
  }

  @AfterEach
  void end() {
    place.close();
  }

  private void stamp(long block, long byteSize) throws MemoryException {
    try (Access access = place.region().acquire()) {
      Stamp.write(heap.segment(access, block), byteSize, block);
    }
  }

  private void checkAndFree(long block, long byteSize) throws MemoryException {
    try (Access access = place.region().acquire()) {
      Stamp.check(heap.segment(access, block), byteSize, block, "block at " + block);
    }
    heap.free(block);
  }

  /** Each frees what another has allocated; nothing is lost or given out twice. */
  @Test
  void tenThousandVirtualThreadsAllocateAndFree() throws Exception {
    AtomicLongArray table = new AtomicLongArray(1000);
    long byteSize = 200;
    HeapThreads threads = new HeapThreads();
    for (int i = 0; i < VIRTUAL_THREADS; i++) {
      int number = i;
      threads.start(
          Thread.ofVirtual(),
          () -> {
            for (int round = 0; round < 20; round++) {
              long block = heap.allocate(byteSize);
              stamp(block, byteSize);
              Thread.yield();
              long other = table.getAndSet((number * 31 + round) % table.length(), block);
              if (other != Heap.NULL) {
                checkAndFree(other, byteSize);
              }
            }
          });
    }
    threads.end();
    long left = 0;
    for (int i = 0; i < table.length(); i++) {
      if (table.get(i) != Heap.NULL) {
        left++;
      }
    }
    assertEquals(List.of(), heap.check().findings());
    assertEquals(left, heap.statistics().liveBlocks());
    for (int i = 0; i < table.length(); i++) {
      if (table.get(i) != Heap.NULL) {
        checkAndFree(table.get(i), byteSize);
      }
    }
    assertEquals(0, heap.check().liveBlocks());
    assertTrue(place.region().byteSize() < 64 << 20, "caches of ended threads hold memory");
  }

  @ParameterizedTest
  @ValueSource(strings = {"platform", "virtual"})
  void aThreadThatIsInterruptedGoesOn(String kind) throws Exception {
    HeapThreads threads = new HeapThreads();
    Thread.Builder builder = kind.equals("virtual") ? Thread.ofVirtual() : Thread.ofPlatform();
    threads.start(
        builder,
        () -> {
          Thread.currentThread().interrupt();
          long[] blocks = new long[500];
          for (int i = 0; i < blocks.length; i++) {
            blocks[i] = heap.allocate(10_000); // grows the region, too
            stamp(blocks[i], 10_000);
          }
          heap.setRoot("root", blocks[0]);
          heap.trim();
          assertEquals(List.of(), heap.check().findings());
          for (long block : blocks) {
            checkAndFree(block, 10_000);
          }
          heap.trim();
          assertTrue(Thread.currentThread().isInterrupted(), "the interrupt is kept");
        });
    threads.end();
    assertEquals(0, heap.statistics().liveBlocks());
    HeapThreads closer = new HeapThreads();
    closer.start(
        builder,
        () -> {
          Thread.currentThread().interrupt();
          heap.close();
          assertTrue(Thread.currentThread().isInterrupted(), "the interrupt is kept");
        });
    closer.end();
    assertTrue(place.reopen().recovery().clean(), "it was closed cleanly");
  }

  /** Of two threads that free one block exactly one succeeds. */
  @ParameterizedTest
  @ValueSource(longs = {16, 100, 3000, 40_000, 200_000})
  void oneOfTwoFreesSucceeds(long byteSize) throws Exception {
    int rounds = 2000;
    long[] blocks = new long[rounds];
    AtomicInteger refused = new AtomicInteger();
    CyclicBarrier allocated = new CyclicBarrier(2);
    HeapThreads threads = new HeapThreads();
    for (int thread = 0; thread < 2; thread++) {
      boolean first = thread == 0;
      threads.start(
          () -> {
            for (int round = 0; round < rounds; round++) {
              if (first) {
                blocks[round] = heap.allocate(byteSize);
              }
              allocated.await();
              try {
                heap.free(blocks[round]);
              } catch (IllegalArgumentException e) {
                refused.incrementAndGet();
              }
              allocated.await();
            }
          });
    }
    threads.end();
    assertEquals(rounds, refused.get());
    assertEquals(0, heap.check().liveBlocks());
    assertEquals(List.of(), heap.check().findings());
  }

  /** A thread only allocates, another only frees: memory comes back, and the heap stays small. */
  @Test
  void blocksThatOthersFreeComeBack() throws Exception {
    ArrayBlockingQueue<Long> queue = new ArrayBlockingQueue<>(1000);
    int count = 300_000;
    HeapThreads threads = new HeapThreads();
    threads.start(
        () -> {
          SplittableRandom random = new SplittableRandom(1);
          for (int i = 0; i < count; i++) {
            queue.put(heap.allocate(random.nextLong(1, 2000)));
          }
        });
    threads.start(
        () -> {
          for (int i = 0; i < count; i++) {
            heap.free(queue.take());
          }
        });
    threads.end();
    assertEquals(0, heap.statistics().liveBlocks());
    assertEquals(0, heap.check().liveBlocks());
    assertTrue(
        place.region().byteSize() <= 32 << 20,
        "1000 blocks of 2000 bytes at most took " + place.region().byteSize());
  }

  /** A call that comes too late for a close is refused; one that was in time is done. */
  @Test
  void closeWaitsForCallsAndRefusesLaterOnes() throws Exception {
    for (int round = 0; round < 30; round++) {
      LongAdder live = new LongAdder();
      Heap current = place.heap();
      long before = current.statistics().liveBlocks();
      CyclicBarrier start = new CyclicBarrier(5);
      HeapThreads threads = new HeapThreads();
      for (int thread = 0; thread < 4; thread++) {
        threads.start(
            () -> {
              start.await();
              long mine = 0;
              try {
                for (int i = 0; ; i++) {
                  long block = current.allocate(1 + i % 500);
                  live.increment();
                  if (i % 3 != 0) {
                    current.free(block);
                    live.decrement();
                    mine++;
                  }
                }
              } catch (IllegalStateException closed) {
                assertTrue(mine >= 0 && !current.isOpen(), closed.toString());
              }
            });
      }
      threads.start(
          () -> {
            start.await();
            while (live.sum() < 200) {
              Thread.onSpinWait();
            }
            current.close();
          });
      threads.end();
      assertThrows(IllegalStateException.class, () -> current.allocate(1));
      Heap reopened = place.reopen();
      assertTrue(reopened.recovery().clean());
      assertEquals(before + live.sum(), reopened.statistics().liveBlocks(), "round " + round);
      assertEquals(before + live.sum(), reopened.check().liveBlocks(), "round " + round);
      assertEquals(List.of(), reopened.check().findings());
    }
  }

  /** Small and large blocks, growth, and all calls for the whole heap at once. */
  @Test
  void callsForTheWholeHeapGoOnBesideTheOthers() throws Exception {
    HeapThreads threads = new HeapThreads();
    AtomicInteger running = new AtomicInteger(3);
    for (int thread = 0; thread < 3; thread++) {
      int number = thread;
      threads.start(
          () -> {
            try {
              for (int i = 0; i < 20_000; i++) {
                long byteSize = i % 50 == 0 ? 100_000 : 1 + i % 3000;
                long block = heap.allocate(byteSize);
                heap.setRoot("thread " + number, block);
                assertEquals(block, heap.root("thread " + number).orElseThrow());
                heap.free(block);
              }
            } finally {
              running.decrementAndGet();
            }
          });
    }
    threads.start(
        () -> {
          while (running.get() > 0) {
            assertEquals(List.of(), heap.check().findings());
            assertEquals(List.of(), heap.repair().findings());
            heap.trim();
            assertTrue(heap.roots().size() <= 3);
            heap.walk((offset, usable) -> usable > 0);
          }
        });
    threads.end();
    assertEquals(0, heap.statistics().liveBlocks());
  }
}
