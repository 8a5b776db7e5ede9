/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.junit.jupiter.api.Assertions.*;

import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import org.dmalloc.api.*;
import org.dmalloc.heap.*;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;

@SuppressWarnings("all")
class EmptySpansTest {
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
  void aCleanCloseGivesBackTheEmptySpansOfAllClasses() throws Exception {
    MemoryRegion r = region(4 << 20, 64 << 20);
    Heap h = heaps.create(r, OPT.withGrowth(HeapOptions.Growth.NONE));
    long free0 = h.statistics().freeBytes();
    int cap = SizeClasses.capacity(7);
    long[] b = new long[cap + 1];
    for (int i = 0; i < b.length; i++) b[i] = h.allocate(128);
    for (int i = 0; i < cap; i++) h.free(b[i]); // first span is empty, in the list
    h.close();
    h = heaps.open(r, OPT.withGrowth(HeapOptions.Growth.NONE));
    h.trim();
    long free1 = h.statistics().freeBytes();
    assertEquals(free0 - 4 * 4096, free1);
    h.close();
    r.close();
  }

  @Test
  void emptySpansAreCountedOverAClose() throws Exception {
    MemoryRegion r = region(4 << 20, 64 << 20);
    Heap h = heaps.create(r, OPT);
    int cap = SizeClasses.capacity(7);
    long[] b = new long[cap + 1];
    for (int i = 0; i < b.length; i++) b[i] = h.allocate(128);
    for (int i = 0; i < cap; i++) h.free(b[i]);
    h.close();
    h = heaps.open(r, OPT);
    for (int k = 0; k < 4 * cap; k++) h.allocate(128);
    var f = BlockCache.class.getDeclaredField("empties");
    f.setAccessible(true);
    int low = 0;
    for (BlockCache c : alloc(h).caches) low = Math.min(low, ((int[]) f.get(c))[7]);
    assertEquals(0, low);
    h.close();
    r.close();
  }
}
