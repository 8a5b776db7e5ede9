/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a heap promises of sizes, roots, read-only regions and walks. */
class HeapRulesTest {
  private static final long MAXIMUM = 64 << 20;

  @TempDir private Path directory;

  private HeapPlace place;
  private Heap heap;

  @BeforeEach
  void makeHeap() throws MemoryException {
    place =
        HeapPlace.make(
            "panama", directory, HeapService.load(), HeapOptions.DEFAULT, 1 << 20, MAXIMUM);
    heap = place.heap();
  }

  @AfterEach
  void end() {
    place.close();
  }

  @Test
  void sizesWasteAtMostAnEighth() throws Exception {
    for (long byteSize = 1; byteSize <= 64 << 10; byteSize += byteSize < 2000 ? 1 : 97) {
      long block = heap.allocate(byteSize);
      long usable = heap.usableSize(block);
      heap.free(block);
      if (byteSize <= 128) {
        assertEquals((byteSize + 15) / 16 * 16, usable, "of " + byteSize);
      } else {
        assertTrue(
            usable >= byteSize && (usable - byteSize) * 8 <= usable, byteSize + " " + usable);
      }
    }
    for (long byteSize = 64 << 10; byteSize < 3 << 20; byteSize += 77_777) {
      long block = heap.allocate(byteSize);
      assertTrue(heap.usableSize(block) - byteSize < 4096, "whole pages for " + byteSize);
      heap.free(block);
    }
  }

  @Test
  void metadataTakeLessThanAFiftiethPart() throws Exception {
    for (long byteSize : new long[] {48, 500, 5000}) {
      List<long[]> bulks = new ArrayList<>();
      long[] bulk = new long[1000];
      while (heap.statistics().liveBytes() < MAXIMUM / 2) {
        heap.allocate(byteSize, bulk, 0, bulk.length);
        bulks.add(bulk.clone());
      }
      HeapStatistics statistics = heap.statistics();
      assertTrue(statistics.metadataBytes() * 50 < statistics.liveBytes(), "2 %: " + statistics);
      for (long[] each : bulks) {
        heap.free(each, 0, each.length);
      }
    }
  }

  @Test
  void addressesAreAlignedAsFarAsTheRegionsIs() throws Exception {
    for (long alignment = 1; alignment <= Heap.MAX_ALIGNMENT; alignment *= 2) {
      for (long byteSize : new long[] {1, 100, 5000, 100_000}) {
        long block = heap.allocate(byteSize, alignment);
        assertEquals(0, block % alignment, byteSize + " at " + alignment);
        assertTrue(heap.usableSize(block) >= byteSize);
        assertEquals(0, heap.pinned(block).address() % Math.min(alignment, 4096));
        heap.free(block);
      }
    }
    assertEquals(0, heap.check().liveBlocks());
  }

  @Test
  void rootsAreAsManyAndAsLongAsIsSaid() throws Exception {
    Map<String, Long> expected = new HashMap<>();
    for (int i = 0; i < HeapOptions.MAX_ROOTS; i++) {
      String name = "ß".repeat(20) + i;
      long value = i % 3 == 0 ? -i - 1 : Long.MAX_VALUE - i;
      heap.setRoot(name, value);
      expected.put(name, value);
    }
    MemoryException full = assertThrows(MemoryException.class, () -> heap.setRoot("more", 1));
    assertTrue(full.getMessage().contains("more"), full.getMessage());
    assertEquals(OptionalLong.empty(), heap.root("more"));
    heap.setRoot("more", Heap.NULL);
    String first = "ß".repeat(20) + 0;
    heap.setRoot(first, 99);
    expected.put(first, 99L);
    assertEquals(expected, heap.roots());
    assertEquals(expected, place.reopen().roots());
    assertEquals(expected, place.reopenUncleanly().roots());
    Heap again = place.heap();
    again.setRoot(first, Heap.NULL);
    expected.remove(first);
    again.setRoot("more", 5);
    expected.put("more", 5L);
    assertEquals(
        List.copyOf(new TreeMap<>(expected).keySet()), List.copyOf(again.roots().keySet()));
    assertEquals(expected, again.roots());
  }

  @Test
  void badNamesOfRootsAreRefused() throws Exception {
    String longest = "x".repeat(HeapOptions.MAX_ROOT_NAME);
    heap.setRoot(longest, 7);
    assertEquals(OptionalLong.of(7), heap.root(longest));
    for (String bad : List.of("", longest + "x", "ß".repeat(24))) {
      assertThrows(IllegalArgumentException.class, () -> heap.setRoot(bad, 1), bad);
      assertThrows(IllegalArgumentException.class, () -> heap.root(bad), bad);
    }
    assertEquals(Map.of(longest, 7L), heap.roots());
  }

  @Test
  void aReadOnlyHeapShowsAndRefuses() throws Exception {
    long block = heap.allocate(100);
    try (Access access = place.region().acquire()) {
      Stamp.write(heap.segment(access, block), 100, 1);
    }
    heap.setRoot("block", block);
    for (boolean clean : new boolean[] {true, false}) {
      if (clean) {
        place.heap().close();
        place.region().close();
      } else {
        place.reopen();
        place.region().close();
        place.heap().close();
      }
      try (MemoryRegion region =
              place.dmalloc().provider("panama").open(OpenRequest.of(HeapPlace.NAME).readOnly());
          Heap readOnly = place.service().open(region, HeapOptions.DEFAULT)) {
        assertTrue(place.service().isHeap(region));
        assertEquals(OptionalLong.of(block), readOnly.root("block"));
        assertTrue(readOnly.usableSize(block) >= 100);
        try (Access access = region.acquire()) {
          Stamp.check(readOnly.segment(access, block), 100, 1, "read-only");
          assertTrue(readOnly.segment(access, block).isReadOnly());
        }
        assertEquals(List.of(), readOnly.check().findings());
        assertEquals(1, readOnly.check().liveBlocks());
        assertEquals(1, readOnly.statistics().liveBlocks());
        int[] shown = {0};
        readOnly.walk((offset, usable) -> ++shown[0] > 0);
        assertEquals(1, shown[0]);
        assertThrows(IllegalStateException.class, () -> readOnly.allocate(10));
        assertThrows(IllegalStateException.class, () -> readOnly.tryAllocateZeroed(1, 10));
        assertThrows(IllegalStateException.class, () -> readOnly.free(block));
        assertThrows(IllegalStateException.class, () -> readOnly.reallocate(block, 1000));
        assertThrows(IllegalStateException.class, () -> readOnly.setRoot("x", 1));
        assertThrows(IllegalStateException.class, () -> readOnly.sweep(offset -> false));
        assertThrows(IllegalStateException.class, readOnly::repair);
        assertThrows(IllegalStateException.class, readOnly::trim);
        assertThrows(IllegalStateException.class, () -> place.service().erase(region));
      }
      place.reopen();
      assertEquals(clean, place.heap().recovery().clean(), "as it was left");
    }
  }

  @Test
  void aWalkEndsWhenAskedAndMayFree() throws Exception {
    for (int i = 0; i < 1000; i++) {
      heap.allocate(1 + i * 7 % 3000);
    }
    int[] shown = {0};
    heap.walk((offset, usable) -> ++shown[0] < 10);
    assertEquals(10, shown[0]);
    heap.walk(
        (offset, usable) -> {
          heap.free(offset);
          return true;
        });
    assertEquals(0, heap.check().liveBlocks());
    IllegalStateException mine = new IllegalStateException("mine");
    heap.allocate(10);
    IllegalStateException thrown =
        assertThrows(
            IllegalStateException.class,
            () ->
                heap.walk(
                    (offset, usable) -> {
                      throw mine;
                    }));
    assertEquals(mine, thrown);
    heap.free(heap.allocate(10));
  }

  @Test
  void aPredicateThatThrowsEndsASweepAndNothingElse() throws Exception {
    for (int i = 0; i < 100; i++) {
      heap.allocate(100);
    }
    assertThrows(
        ArithmeticException.class,
        () ->
            heap.sweep(
                offset -> {
                  throw new ArithmeticException();
                }));
    assertEquals(100, heap.check().liveBlocks());
    assertEquals(100, heap.sweep(offset -> false));
    assertEquals(List.of(), heap.check().findings());
  }

  /** Two heaps share nothing, and an offset of one is none of the other's but by chance. */
  @Test
  void heapsOfTwoRegionsShareNothing() throws Exception {
    try (MemoryRegion region =
            place.dmalloc().provider("anon").allocate(RegionRequest.ofSize(2 << 20));
        Heap other = place.service().create(region, HeapOptions.DEFAULT)) {
      long[] mine = new long[500];
      heap.allocate(200, mine, 0, 500);
      assertEquals(0, other.statistics().liveBlocks());
      other.allocate(10);
      heap.free(mine, 0, 500);
      assertEquals(1, other.statistics().liveBlocks());
      assertTrue(place.service().heaps().containsAll(List.of(heap, other)));
      assertEquals(other, place.service().find(region).orElseThrow());
      assertNotEquals(heap, other);
    }
    assertTrue(place.service().heaps().contains(heap));
    assertTrue(place.service().heaps().stream().allMatch(Heap::isOpen));
  }

  @Test
  void anUncleanHeapSaysSoUntilItWasClosedCleanly() throws Exception {
    heap.allocate(100);
    assertTrue(heap.recovery().clean(), "a new one");
    assertFalse(place.reopenUncleanly().recovery().clean());
    assertEquals(1, place.heap().recovery().liveBlocks());
    assertTrue(place.reopen().recovery().clean());
    assertEquals(-1, place.heap().recovery().liveBlocks());
  }

  /** What a heap that was full and empty again holds is a small part of its region. */
  @Test
  void anEmptyHeapIsFreeAgain() throws Exception {
    List<Long> blocks = new ArrayList<>();
    for (long block = heap.tryAllocate(700); block != Heap.NULL; block = heap.tryAllocate(700)) {
      blocks.add(block);
    }
    for (long block : blocks) {
      heap.free(block);
    }
    heap.trim();
    HeapStatistics statistics = heap.statistics();
    assertEquals(0, statistics.liveBlocks());
    assertTrue(statistics.freeBytes() > statistics.heapBytes() * 95 / 100, "free: " + statistics);
    assertTrue(
        statistics.punchedBytes() > statistics.heapBytes() * 90 / 100, "punched: " + statistics);
  }
}
