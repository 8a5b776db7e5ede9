/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.dmalloc.api.Access;
import org.dmalloc.heap.Heap;
import org.junit.jupiter.api.Test;

/** What a process leaves that is killed between two stores, made by hand. */
class KilledInTheMiddleTest {
  private static final long PAGE = HeapRig.PAGE;

  /** The head goes before the mark at the end, which may lie where the last piece's head is. */
  @Test
  void aKillBeforeTheMarkAtTheEndOfARunLeavesASoundHeap() throws Exception {
    try (HeapRig rig = new HeapRig(4 << 20)) {
      long block = rig.heap().allocate(20 * PAGE);
      rig.heap().allocate(20 * PAGE);
      rig.heap().reallocate(block, 19 * PAGE); // leaves one free page behind it
      for (int kind : new int[] {PageTable.LARGE, PageTable.FREE}) { // extended, given back
        try (Access access = rig.region().acquire()) {
          Allocator allocator = rig.allocator();
          allocator.table.setHead(
              access.segment(), allocator.extents(), HeapRig.page(block), kind, 0, 20);
        }
        assertEquals(List.of(), rig.killed().check().findings());
      }
    }
  }

  @Test
  void theMarkAtTheEndOfABlockIsMadeAnew() throws Exception {
    try (HeapRig rig = new HeapRig(4 << 20)) {
      long block = rig.heap().allocate(20 * PAGE);
      try (Access access = rig.region().acquire()) {
        Allocator allocator = rig.allocator();
        allocator.table.setLast(
            access.segment(), allocator.extents(), HeapRig.page(block), 20, true);
      }
      assertEquals(List.of(), rig.killed().check().findings());
    }
  }

  /** An older copy of the header tells of fewer extents: it must not hold alone. */
  @Test
  void anOlderCopyOfTheHeaderIsMadeEqual() throws Exception {
    try (HeapRig rig = new HeapRig(1 << 20)) {
      MemorySegment second = MemorySegment.ofArray(new long[HeapHeader.PAGE / 8]);
      try (Access access = rig.region().acquire()) {
        MemorySegment.copy(access.segment(), PAGE, second, 0, PAGE);
      }
      long block = rig.heap().allocate((1 << 20) - PAGE); // grows, which writes both copies
      try (Access access = rig.region().acquire()) {
        MemorySegment.copy(second, 0, access.segment(), PAGE, PAGE);
      }
      assertEquals(2, rig.killed().statistics().extents());
      rig.set(32, 77); // the first copy is killed while the next growth writes it
      assertEquals(2, rig.killed().statistics().extents());
      assertTrue(rig.heap().usableSize(block) > 0);
    }
  }

  /** Repair goes on at the next head of blocks, so none may be left where there are none. */
  @Test
  void noHeadOfAnEmptySpanIsLeftInsideAFreeRun() throws Exception {
    try (HeapRig rig = new HeapRig(4 << 20)) {
      long first = rig.heap().allocate(20 * PAGE);
      long[] small = rig.blocks(HeapRig.CAPACITY + 1);
      rig.heap().free(small, 0, small.length); // empty spans are kept
      rig.heap().free(first);
      Heap heap = rig.killed();
      long length = 28 * PAGE;
      long live = heap.allocate(length); // lies over the empty spans
      assertEquals(first, live);
      rig.set(rig.descriptor(live), rig.get(rig.descriptor(live)) ^ (1L << 50));
      assertFalse(heap.repair().isSound());
      for (int i = 0; i < 400; i++) {
        long other = heap.tryAllocate(4 * PAGE);
        assertFalse(
            other >= live && other < live + length,
            "handed out " + other + " within the live block at " + live);
      }
    }
  }
}
