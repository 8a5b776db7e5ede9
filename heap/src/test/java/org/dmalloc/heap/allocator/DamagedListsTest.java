/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.OptionalLong;
import org.dmalloc.api.Access;
import org.dmalloc.heap.DoubleFreeException;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapDamagedException;
import org.junit.jupiter.api.Test;

/** Damage that single flipped bits do not make. */
class DamagedListsTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final long PAGE = HeapRig.PAGE;

  @Test
  void aCircleOfFreeRunsIsNotFollowed() throws Exception {
    try (HeapRig rig = new HeapRig(4 << 20)) {
      Heap heap = rig.heap();
      long[] blocks = new long[4];
      heap.allocate(20 * PAGE, blocks, 0, 4);
      heap.free(blocks[0]);
      heap.free(blocks[2]);
      while (heap.statistics().largestFreeBytes() > 20 * PAGE) {
        heap.allocate(heap.statistics().largestFreeBytes());
      }
      try (Access access = rig.region().acquire()) {
        long one = HeapRig.page(blocks[0]);
        long other = HeapRig.page(blocks[2]);
        PageTable.setLinks(access.segment(), rig.descriptor(blocks[0]), other, other);
        PageTable.setLinks(access.segment(), rig.descriptor(blocks[2]), one, one);
      }
      assertTimeoutPreemptively(
          LONG,
          () -> {
            heap.statistics();
            assertFalse(heap.check().findings().isEmpty());
            assertThrows(HeapDamagedException.class, () -> heap.allocate(21 * PAGE));
          });
      assertTrue(heap.repair().isSound());
      assertEquals(2, heap.statistics().freeBytes() / (20 * PAGE));
    }
  }

  @Test
  void spansInNoListAreFound() throws Exception {
    try (HeapRig rig = new HeapRig(8 << 20)) {
      int spans = 2 * ClassSpans.WARM + 1;
      long[] small = rig.blocks(HeapRig.CAPACITY * spans);
      for (int i = 0; i < spans - 1; i++) {
        rig.heap().free(small[i * HeapRig.CAPACITY]);
      }
      assertTrue(rig.heap().check().isSound());
      for (BlockCache cache : rig.allocator().caches) {
        long first = cache.of(HeapRig.CLASS).partial();
        if (first != 0) {
          try (Access access = rig.region().acquire()) {
            long descriptor = rig.allocator().extents().descriptor(first);
            PageTable.setLinks(access.segment(), descriptor, 0, 0); // cuts off those behind it
          }
        }
      }
      assertFalse(rig.heap().check().isSound());
      assertTrue(rig.heap().repair().isSound());
    }
  }

  /** What a free looks for is not where it is said to be: it must not look for it for ever. */
  @Test
  void aStateThatLeadsToAnotherSpanIsFound() throws Exception {
    for (int bit : new int[] {24, 30, 39}) {
      try (HeapRig rig = new HeapRig(4 << 20)) {
        long block = rig.blocks(2)[0];
        long state = rig.descriptor(block) + 16;
        rig.set(state, rig.get(state) ^ (1L << bit));
        assertTimeoutPreemptively(
            LONG, () -> assertThrows(HeapDamagedException.class, () -> rig.heap().free(block)));
        assertTrue(rig.heap().repair().isSound());
        rig.heap().free(block);
        assertThrows(DoubleFreeException.class, () -> rig.heap().free(block));
        assertTrue(rig.heap().check().isSound());
      }
    }
  }

  /** More spans of a class than are warm at once, freed in an order of their own. */
  @Test
  void spansTakeTurnsInBeingWarm() throws Exception {
    try (HeapRig rig = new HeapRig(8 << 20)) {
      int spans = 3 * ClassSpans.WARM;
      long[] small = rig.blocks(HeapRig.CAPACITY * spans);
      for (int round = 0; round < 4; round++) {
        for (int i = round; i < small.length; i += 1 + round * HeapRig.CAPACITY / 3) {
          rig.heap().free(small[i]);
          long freed = small[i];
          assertThrows(DoubleFreeException.class, () -> rig.heap().free(freed));
          small[i] = rig.blocks(1)[0];
        }
        assertTrue(rig.heap().check().isSound());
      }
      assertEquals(small.length, rig.heap().statistics().liveBlocks());
      rig.heap().free(small, 0, small.length);
      rig.heap().trim();
      assertEquals(0, rig.heap().statistics().liveBlocks());
      assertTrue(rig.heap().check().isSound());
    }
  }

  @Test
  void aDamagedRootIsToldFromOneThatNeverWas() throws Exception {
    try (HeapRig rig = new HeapRig(1 << 20)) {
      assertEquals(OptionalLong.empty(), rig.heap().root("x"));
      rig.heap().setRoot("x", 4096);
      rig.set(HeapHeader.ROOTS + 8, 4096 ^ 64);
      assertThrows(HeapDamagedException.class, () -> rig.heap().root("x"));
    }
  }
}
