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
class UnlistedSpansTest {
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
  void spansInNoListAreFound() throws Exception {
    MemoryRegion r = region(8 << 20, 64 << 20);
    Heap h = heaps.create(r, OPT);
    int cap = SizeClasses.capacity(7);
    long[] b = new long[cap * 5];
    for (int i = 0; i < b.length; i++) b[i] = h.allocate(128);
    for (int i = 0; i < 4; i++) h.free(b[i * cap]);
    Extents e = alloc(h).extents();
    try (Access a = r.acquire()) {
      for (BlockCache c : alloc(h).caches)
        if (c.partial(7) != 0) PageTable.setLinks(a.segment(), e.descriptor(c.partial(7)), 0, 0);
    }
    assertFalse(
        h.check().findings().isEmpty(),
        "three spans with free blocks are in no list, and check finds nothing");
  }
}
