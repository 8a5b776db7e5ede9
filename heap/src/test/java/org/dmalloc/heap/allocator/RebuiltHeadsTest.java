/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.junit.jupiter.api.Assertions.*;

import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import org.dmalloc.api.*;
import org.dmalloc.heap.*;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;

@SuppressWarnings("all")
class RebuiltHeadsTest {
  final InMemoryProvider memory =
      InMemoryProvider.of(
          "memory",
          Capability.NAMED,
          Capability.GROW_IN_PLACE,
          Capability.RESIZE,
          Capability.SHARED_MAPPING,
          Capability.PRIVATE_MAPPING,
          Capability.FORCE);
  final HeapService heaps = new RegionHeaps();
  static final HeapOptions OPT = HeapOptions.DEFAULT;

  MemoryRegion region(long size, long max) throws Exception {
    return memory.allocate(RegionRequest.ofSize(size).withName("r").withMaximum(max));
  }

  MemoryRegion reopen(MemoryRegion r) throws Exception {
    r.close();
    return memory.open(OpenRequest.of("r").withMaximum(64 << 20));
  }

  static Allocator alloc(Heap h) {
    return ((RegionHeap) h).allocatorOfRegion();
  }

  static final java.lang.foreign.ValueLayout.OfByte ValueLayoutB =
      java.lang.foreign.ValueLayout.JAVA_BYTE;

  interface Op {
    void run(Heap h) throws Exception;
  }

  @Test
  void noHeadOfAnEmptySpanIsLeftInsideAFreeRun() throws Exception {
    MemoryRegion r = region(4 << 20, 64 << 20);
    Heap h = heaps.create(r, OPT);
    long first = h.allocate(20 * 4096);
    int cap = SizeClasses.capacity(7);
    long[] b = new long[cap + 1];
    for (int i = 0; i < b.length; i++) b[i] = h.allocate(128);
    for (int i = 0; i < b.length; i++) h.free(b[i]); // empty spans are kept
    h.free(first);
    r = reopen(r); // killed
    h = heaps.open(r, OPT);
    long live = h.allocate(28 * 4096); // over the empty spans
    Extents e = alloc(h).extents();
    long head = e.descriptor(live >>> 12);
    try (Access acc = r.acquire()) {
      acc.segment().set(LONG, head, acc.segment().get(LONG, head) ^ (1L << 50));
    }
    h.repair();
    List<Long> got = new ArrayList<>();
    for (long x; (x = h.tryAllocate(4096 * 4)) != 0 && got.size() < 400; ) {
      assertFalse(
          x >= live && x < live + 28 * 4096,
          "handed out " + x + " within the live block at " + live);
      got.add(x);
    }
    r.close();
  }
}
