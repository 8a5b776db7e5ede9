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
class CircleOfRunsTest {
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
  void aCircleOfLinksIsFoundAndNotFollowed() throws Exception {
    MemoryRegion r = region(4 << 20, 64 << 20);
    Heap h = heaps.create(r, OPT);
    long[] b = new long[4];
    for (int i = 0; i < 4; i++) b[i] = h.allocate(20 * 4096);
    h.free(b[0]);
    h.free(b[2]);
    while (h.statistics().largestFreeBytes() > 20 * 4096)
      h.allocate(h.statistics().largestFreeBytes());
    long p = b[0] >>> 12, q = b[2] >>> 12;
    Extents e = alloc(h).extents();
    try (Access a = r.acquire()) {
      PageTable.setLinks(a.segment(), e.descriptor(p), q, q);
      PageTable.setLinks(a.segment(), e.descriptor(q), p, p);
    }
    Thread t =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    h.statistics();
                    System.out.println("r13 ok");
                  } catch (Throwable x) {
                    System.out.println("r13 " + x);
                  }
                });
    t.join(3000);
    assertFalse(t.isAlive(), "endless");
  }
}
