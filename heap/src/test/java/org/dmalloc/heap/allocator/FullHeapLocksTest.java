/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapFullException;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;

/** Allocations in a full heap, which fail over and over. */
class FullHeapLocksTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final InMemoryProvider memory = InMemoryProvider.of("memory");

  private static List<Long> fill(Heap heap, long byteSize) throws Exception {
    List<Long> blocks = new ArrayList<>();
    for (long block; (block = heap.tryAllocate(byteSize)) != Heap.NULL; ) {
      blocks.add(block);
    }
    return blocks;
  }

  /** A lock that another thread has would be waited for. */
  @Test
  void noCacheIsLockedThatHasNothingToGiveBack() throws Exception {
    try (MemoryRegion region = memory.allocate(RegionRequest.ofSize(8 << 20));
        Heap heap = new RegionHeaps().create(region, HeapOptions.DEFAULT)) {
      fill(heap, 100);
      fill(heap, 100_000);
      Allocator allocator = ((RegionHeap) heap).allocatorOfRegion();
      List<BlockCache> held = new ArrayList<>();
      Thread holder =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (BlockCache cache : allocator.caches) {
                      if (!isUsed(cache) && cache.tryLock()) {
                        held.add(cache);
                      }
                    }
                  });
      holder.join();
      assertTrue(held.size() > BlockCache.COUNT / 2, "held " + held.size());
      assertTimeoutPreemptively(
          LONG,
          () -> {
            for (int i = 0; i < 100; i++) {
              assertEquals(Heap.NULL, heap.tryAllocate(100));
              assertEquals(Heap.NULL, heap.tryAllocate(100_000));
            }
          });
      held.forEach(SpinLock::unlock);
    }
  }

  private static boolean isUsed(BlockCache cache) {
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      if (cache.of(c).spans() != 0) {
        return true;
      }
    }
    return false;
  }

  /** Whichever block is freed, and whoever frees it, its room is found. */
  @Test
  void whatIsFreedIsFoundByTheNextAllocation() throws Exception {
    try (MemoryRegion region = memory.allocate(RegionRequest.ofSize(4 << 20));
        Heap heap = new RegionHeaps().create(region, HeapOptions.DEFAULT)) {
      List<Long> small = fill(heap, 16);
      for (int size = 32; size <= 4096; size *= 2) {
        assertEquals(Heap.NULL, heap.tryAllocate(size));
        assertEquals(Heap.NULL, heap.tryAllocate(200_000));
        List<Long> freed = small;
        Thread other =
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        for (long block : freed) {
                          heap.free(block);
                        }
                      } catch (Exception e) {
                        throw new AssertionError(e);
                      }
                    });
        other.join();
        long large = heap.tryAllocate(200_000);
        assertNotEquals(Heap.NULL, large, "after blocks of " + size / 2);
        heap.free(large);
        small = fill(heap, size);
        assertTrue(small.size() > 3 << 20 >> Integer.numberOfTrailingZeros(size), "of " + size);
      }
      assertEquals(List.of(), heap.check().findings());
    }
  }

  /** The only run that is large enough is in nobody's list while its space is given back. */
  @Test
  void anAllocationWaitsForARunWhoseSpaceIsBeingGivenBack() throws Exception {
    InMemoryProvider punching =
        InMemoryProvider.of("punching", Capability.PUNCH, Capability.SHARED_MAPPING);
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    punching
        .faults()
        .before(
            call -> {
              begun.countDown();
              try {
                assertTrue(goOn.await(60, TimeUnit.SECONDS));
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            },
            "punch");
    try (MemoryRegion region = punching.allocate(RegionRequest.ofSize(8 << 20));
        Heap heap = new RegionHeaps().create(region, HeapOptions.DEFAULT)) {
      long block = heap.allocate(6 << 20);
      heap.free(block);
      FutureTask<Long> trim = new FutureTask<>(heap::trim);
      FutureTask<Long> allocation = new FutureTask<>(() -> heap.allocate(6 << 20));
      Thread.ofPlatform().start(trim);
      assertTrue(begun.await(60, TimeUnit.SECONDS));
      Thread allocating = Thread.ofPlatform().start(allocation);
      while (!allocation.isDone() && allocating.getState() != Thread.State.TIMED_WAITING) {
        LockSupport.parkNanos(200_000);
      }
      goOn.countDown();
      assertEquals(block, allocation.get(60, TimeUnit.SECONDS));
      assertTrue(trim.get(60, TimeUnit.SECONDS) >= 6 << 20);
    }
  }

  /** What is free is looked at when an allocation is refused, not when others have freed more. */
  @Test
  void aRefusalNamesNoRunThatWouldDo() throws Exception {
    long byteSize = 6 << 20;
    try (MemoryRegion region = memory.allocate(RegionRequest.ofSize(8 << 20));
        Heap heap = new RegionHeaps().create(region, HeapOptions.DEFAULT)) {
      AtomicBoolean done = new AtomicBoolean();
      FutureTask<Long> other =
          new FutureTask<>(
              () -> {
                long had = 0;
                while (!done.get()) {
                  long block = heap.tryAllocate(byteSize);
                  if (block != Heap.NULL) {
                    had++;
                    heap.free(block);
                  }
                }
                return had;
              });
      Thread.ofPlatform().start(other);
      int refused = 0;
      try {
        while (refused < 1000) {
          try {
            heap.free(heap.allocate(byteSize));
          } catch (HeapFullException full) {
            refused++;
            assertTrue(full.largestFreeBytes() < byteSize, full.getMessage());
            assertTrue(full.largestFreeBytes() <= full.freeBytes(), full.getMessage());
          }
        }
      } finally {
        done.set(true);
      }
      assertTrue(other.get(60, TimeUnit.SECONDS) > 0);
    }
  }
}
