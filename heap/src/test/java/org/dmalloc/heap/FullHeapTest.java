/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.Access;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.HeapOptions.Growth;
import org.dmalloc.testkit.SmallFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/** Heaps without room: at the end of their region, and on a full disk. */
class FullHeapTest {
  private static final int ENOSPC = 28;

  @TempDir private Path directory;

  private final NavigableMap<Long, HeapModel.Block> blocks = new TreeMap<>();

  private HeapPlace place(Path where, HeapOptions options, long byteSize, long maximum)
      throws MemoryException {
    return HeapPlace.make("panama", where, HeapService.load(), options, byteSize, maximum);
  }

  private void take(Heap heap, long offset, long byteSize) throws MemoryException {
    HeapModel.Block block =
        new HeapModel.Block(offset, byteSize, heap.usableSize(offset), blocks.size() + 1);
    try (Access access = heap.region().acquire()) {
      Stamp.write(heap.segment(access, offset), byteSize, block.stamp);
    }
    blocks.put(offset, block);
  }

  /** Allocates until the heap is full, and returns why it is. */
  private HeapFullException fill(Heap heap, long byteSize) throws MemoryException {
    while (true) {
      long block;
      try {
        block = heap.allocate(byteSize);
      } catch (HeapFullException full) {
        return full;
      }
      take(heap, block, byteSize);
    }
  }

  private void free(Heap heap, long offset) throws MemoryException {
    heap.free(offset);
    blocks.remove(offset);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 16, 100, 1000, 4096, 20_000, 65_536, 100_000, 500_000})
  void isFullAndGoesOnWhenOneBlockIsFreed(long byteSize) throws Exception {
    try (HeapPlace place =
        place(directory, HeapOptions.DEFAULT.withGrowth(Growth.NONE), 1 << 20, 1 << 20)) {
      Heap heap = place.heap();
      HeapFullException full = fill(heap, byteSize);
      assertEquals("allocate", full.operation());
      assertEquals(byteSize, full.byteSize());
      assertTrue(full.freeBytes() >= full.largestFreeBytes(), full::getMessage);
      HeapStatistics before = heap.statistics();
      assertThrows(HeapFullException.class, () -> heap.allocate(byteSize));
      assertEquals(Heap.NULL, heap.tryAllocate(byteSize));
      assertEquals(Heap.NULL, heap.tryAllocateZeroed(1, byteSize));
      assertThrows(HeapFullException.class, () -> heap.allocateZeroed(1, byteSize));
      assertThrows(HeapFullException.class, () -> heap.allocate(byteSize, new long[3], 0, 3));
      assertThrows(HeapFullException.class, () -> heap.reallocate(blocks.firstKey(), 2L << 20));
      assertEquals(before.liveBlocks(), heap.statistics().liveBlocks(), "a refusal allocated");
      HeapModel.verify(heap, blocks);
      for (int i = 0; i < 100; i++) {
        free(heap, i % 2 == 0 ? blocks.firstKey() : blocks.lastKey());
        take(heap, heap.allocate(byteSize), byteSize);
      }
      assertThrows(HeapFullException.class, () -> heap.allocate(byteSize));
      HeapModel.verify(heap, blocks);
      place.reopen();
      HeapModel.verify(place.heap(), blocks);
      assertThrows(HeapFullException.class, () -> place.heap().allocate(byteSize));
    }
  }

  /** What freed blocks of one size leave is used for blocks of all others. */
  @Test
  void roomOfOneSizeServesAllOthers() throws Exception {
    try (HeapPlace place =
        place(directory, HeapOptions.DEFAULT.withGrowth(Growth.NONE), 4 << 20, 4 << 20)) {
      Heap heap = place.heap();
      for (long byteSize : new long[] {16, 1000, 64, 30_000, 1 << 20, 48, 5000, 2 << 20, 16}) {
        fill(heap, byteSize);
        long live = heap.statistics().liveBytes();
        assertTrue(live >= (4 << 20) / 2, byteSize + " bytes fill only " + live);
        while (!blocks.isEmpty()) {
          free(heap, blocks.firstKey());
        }
        HeapModel.verify(heap, blocks);
      }
    }
  }

  @Test
  void aBulkAllocationIsAllOrNone() throws Exception {
    try (HeapPlace place =
        place(directory, HeapOptions.DEFAULT.withGrowth(Growth.NONE), 1 << 20, 1 << 20)) {
      Heap heap = place.heap();
      long[] offsets = new long[100_000];
      assertThrows(HeapFullException.class, () -> heap.allocate(64, offsets, 0, offsets.length));
      assertEquals(0, heap.statistics().liveBlocks());
      HeapModel.verify(heap, blocks);
      assertThrows(IndexOutOfBoundsException.class, () -> heap.allocate(64, offsets, 99_999, 2));
      assertThrows(IndexOutOfBoundsException.class, () -> heap.allocate(64, offsets, -1, 2));
      assertThrows(IndexOutOfBoundsException.class, () -> heap.free(offsets, 99_999, 2));
      assertEquals(0, heap.statistics().liveBlocks());
    }
  }

  @Test
  void aBulkFreeFreesTheOthersOfWhatItRefuses() throws Exception {
    try (HeapPlace place = place(directory, HeapOptions.DEFAULT, 1 << 20, 1 << 20)) {
      Heap heap = place.heap();
      long[] some = new long[10];
      heap.allocate(100, some, 0, 10);
      long kept = heap.allocate(100);
      take(heap, kept, 100);
      some[3] = some[2];
      some[6] = kept + 16;
      long lost = 2; // blocks 3 and 6 were overwritten in the array
      assertThrows(IllegalArgumentException.class, () -> heap.free(some, 0, 10));
      assertEquals(1 + lost, heap.statistics().liveBlocks());
      assertEquals(List.of(), heap.check().findings());
    }
  }

  @Test
  void growsUntilTheRegionsMaximum() throws Exception {
    try (HeapPlace place = place(directory, HeapOptions.DEFAULT, 256 << 10, 8 << 20)) {
      Heap heap = place.heap();
      HeapFullException full = fill(heap, 3000);
      assertTrue(heap.statistics().liveBytes() > 7 << 20, full::getMessage);
      assertTrue(place.region().byteSize() <= 8 << 20);
      HeapModel.verify(heap, blocks);
      place.reopenUncleanly();
      HeapModel.verify(place.heap(), blocks);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = SmallFileSystem.Kind.class,
      names = {"EXT4", "TMPFS"},
      mode = Mode.INCLUDE)
  void losesNothingWhenGrowthMeetsAFullDisk(SmallFileSystem.Kind kind) throws Exception {
    try (SmallFileSystem disk = SmallFileSystem.mount(kind, directory, 24 << 20)) {
      try (HeapPlace place = place(disk.directory(), HeapOptions.DEFAULT, 1 << 20, 1L << 30)) {
        Heap heap = place.heap();
        take(heap, heap.allocate(100), 100);
        Path thief = disk.takeAll();
        HeapFullException full = fill(heap, 5000);
        assertEquals(ENOSPC, full.errno(), full::getMessage);
        assertTrue(full.getCause() instanceof MemoryException, full::getMessage);
        HeapModel.verify(heap, blocks);
        free(heap, blocks.firstKey());
        long small = heap.allocate(60);
        take(heap, small, 60);
        Files.delete(thief);
        int before = blocks.size();
        for (int i = 0; i < 1000; i++) {
          take(heap, heap.allocate(5000), 5000);
        }
        assertEquals(before + 1000, blocks.size());
        assertEquals(ENOSPC, fill(heap, 40_000).errno(), "all of the disk");
        HeapModel.verify(heap, blocks);
        place.reopen();
        HeapModel.verify(place.heap(), blocks);
      }
    }
  }

  /** Space that was given back is taken again before it is used; if others have it, it is full. */
  @ParameterizedTest
  @EnumSource(
      value = SmallFileSystem.Kind.class,
      names = {"EXT4", "TMPFS"},
      mode = Mode.INCLUDE)
  void losesNothingWhenWhatItGaveBackIsTakenByOthers(SmallFileSystem.Kind kind) throws Exception {
    HeapOptions options =
        HeapOptions.DEFAULT.withPunchAfter(Duration.ofDays(1)).withPunchFrom(64 << 10);
    try (SmallFileSystem disk = SmallFileSystem.mount(kind, directory, 48 << 20)) {
      try (HeapPlace place = place(disk.directory(), options, 32 << 20, 32 << 20)) {
        Heap heap = place.heap();
        fill(heap, 30_000);
        List<Long> all = new ArrayList<>(blocks.keySet());
        for (int i = 0; i < all.size(); i++) {
          if (i % 200 != 0) {
            free(heap, all.get(i));
          }
        }
        long before = disk.availableBytes();
        long given = heap.trim();
        assertTrue(given > 8 << 20, "gave back " + given);
        assertTrue(given <= heap.statistics().punchedBytes());
        assertTrue(disk.availableBytes() >= before + given - (1 << 20), "the disk has no more");
        HeapModel.verify(heap, blocks);

        Path thief = disk.takeAll();
        HeapFullException full = fill(heap, 200_000);
        assertEquals(ENOSPC, full.errno(), full::getMessage);
        assertNotEquals(0, full.freeBytes(), full::getMessage);
        HeapModel.verify(heap, blocks);
        assertThrows(HeapFullException.class, () -> heap.allocate(200_000));
        assertEquals(Heap.NULL, heap.tryAllocateZeroed(1, 200_000));
        place.reopen();
        HeapModel.verify(place.heap(), blocks);
        assertThrows(HeapFullException.class, () -> place.heap().allocate(200_000));

        Files.delete(thief);
        place.heap().allocateZeroed(1, 200_000);
        HeapModel.verify(reopenWithout(place), blocks);
        fill(place.heap(), 30_000);
        HeapStatistics refilled = place.heap().statistics();
        assertTrue(refilled.punchedBytes() < 1 << 20, refilled::toString);
        place.reopenUncleanly();
        HeapModel.verify(place.heap(), blocks);
      }
    }
  }

  /**
   * The kernel makes a page writable with all of its folio, as large as what it has read ahead: a
   * hole in it would be a SIGBUS.
   */
  @ParameterizedTest
  @EnumSource(
      value = SmallFileSystem.Kind.class,
      names = {"EXT4", "XFS"},
      mode = Mode.INCLUDE)
  void aStoreBesideWhatWasGivenBackMeetsNoFullDisk(SmallFileSystem.Kind kind) throws Exception {
    long bytes = kind == SmallFileSystem.Kind.XFS ? 300 << 20 : 64 << 20;
    HeapOptions options = HeapOptions.DEFAULT.withPunchAfter(Duration.ofDays(1));
    try (SmallFileSystem disk = SmallFileSystem.mount(kind, directory, bytes)) {
      try (HeapPlace place = place(disk.directory(), options, 40 << 20, 40 << 20)) {
        Heap heap = place.heap();
        fill(heap, 20_000);
        List<Long> all = new ArrayList<>(blocks.keySet());
        for (int i = 0; i < all.size(); i++) {
          if (i % 400 != 0) {
            free(heap, all.get(i));
          }
        }
        assertTrue(heap.trim() > 5 << 20);
        Path thief = disk.takeAll();
        for (int round = 0; round < 3; round++) {
          place.region().force();
          place.region().advise(Advice.PAGE_OUT);
          readAll(place);
          for (HeapModel.Block block : List.copyOf(blocks.values())) {
            try (Access access = place.region().acquire()) {
              Stamp.write(heap.segment(access, block.offset), block.byteSize, block.stamp);
            }
          }
        }
        Files.delete(thief);
        for (int i = 0; i < 10; i++) {
          take(heap, heap.allocate(20_000), 20_000);
        }
        place.reopen();
        HeapModel.verify(place.heap(), blocks);
      }
    }
  }

  /** A run whose space cannot be had again is no reason not to use one that has its own. */
  @Test
  void pagesThatHaveTheirSpaceServeWhereOthersCannotBeReserved() throws Exception {
    HeapOptions options = HeapOptions.DEFAULT.withPunchAfter(Duration.ofDays(1));
    try (SmallFileSystem disk =
        SmallFileSystem.mount(SmallFileSystem.Kind.EXT4, directory, 72 << 20)) {
      try (HeapPlace place = place(disk.directory(), options, 16 << 20, 64 << 20)) {
        Heap heap = place.heap();
        long given = heap.allocate(6 << 20);
        take(heap, heap.allocate(8 << 20), 8 << 20);
        heap.free(given);
        assertTrue(heap.trim() >= 4 << 20);
        place.region().ensure(48 << 20);
        take(heap, heap.allocate(20 << 20), 20 << 20); // of what was added, 11 MiB are left
        disk.takeAll();
        take(heap, heap.allocate(5 << 20), 5 << 20);
        take(heap, heap.allocate(5 << 20), 5 << 20);
        HeapFullException full =
            assertThrows(HeapFullException.class, () -> heap.allocate(5 << 20));
        assertEquals(ENOSPC, full.errno(), full::getMessage);
        assertTrue(
            String.valueOf(full.getMessage()).contains("cannot be had again"), full::getMessage);
        HeapModel.verify(heap, blocks);
      }
    }
  }

  @Test
  void aNewHeapInARegionWithHolesTakesTheirSpaceFirst() throws Exception {
    HeapOptions options = HeapOptions.DEFAULT.withPunchAfter(Duration.ofDays(1));
    try (SmallFileSystem disk =
        SmallFileSystem.mount(SmallFileSystem.Kind.EXT4, directory, 48 << 20)) {
      try (HeapPlace place = place(disk.directory(), options, 32 << 20, 32 << 20)) {
        assertTrue(place.heap().trim() > 20 << 20);
        place.heap().close();
        place.service().erase(place.region());
        Heap heap = place.service().create(place.region(), options);
        disk.takeAll();
        HeapFullException full = fill(heap, 50_000);
        assertEquals(ENOSPC, full.errno(), full::getMessage);
        assertTrue(heap.statistics().liveBytes() < 8 << 20, "the rest is the thief's");
        HeapModel.verify(heap, blocks);
        heap.close();
      }
    }
  }

  /** In order, so that the kernel reads ahead, free pages too. */
  private static void readAll(HeapPlace place) throws MemoryException {
    byte[] page = new byte[4096];
    try (Access access = place.region().acquire()) {
      for (long at = 0; at < access.segment().byteSize(); at += page.length) {
        MemorySegment.copy(access.segment(), JAVA_BYTE, at, page, 0, page.length);
      }
    }
  }

  /** Frees what is in no list of this test, and opens the heap again. */
  private Heap reopenWithout(HeapPlace place) throws MemoryException {
    assertEquals(1, place.heap().sweep(blocks::containsKey));
    return place.reopen();
  }

  /** The policy gives back what was free for long enough, without a call. */
  @Test
  void givesBackByItself() throws Exception {
    HeapOptions options = HeapOptions.DEFAULT.withPunchAfter(Duration.ZERO).withPunchFrom(1 << 20);
    try (HeapPlace place = place(directory, options, 32 << 20, 32 << 20)) {
      Heap heap = place.heap();
      long[] all = new long[200];
      heap.allocate(100_000, all, 0, all.length);
      heap.free(all, 0, all.length);
      long deadline = System.nanoTime() + HeapThreads.DEADLINE.toNanos();
      while (heap.statistics().punchedBytes() < 10 << 20) {
        assertTrue(
            System.nanoTime() - deadline < 0, () -> "gives nothing back: " + heap.statistics());
        // Policies may be looked at when the heap is used.
        heap.free(heap.allocate(5000));
        LockSupport.parkNanos(1_000_000);
      }
      HeapModel.verify(heap, blocks);
    }
  }
}
