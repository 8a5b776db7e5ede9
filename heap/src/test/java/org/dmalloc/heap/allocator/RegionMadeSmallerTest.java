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
class RegionMadeSmallerTest {
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
  void aRegionThatWasMadeSmallerIsTold() throws Exception {
    MemoryRegion r = memory.allocate(RegionRequest.ofSize(4 << 20).withName("r"));
    Heap h = heaps.create(r, OPT);
    h.allocate(100);
    r.resize(1 << 20);
    for (Op op : new Op[] {x -> x.allocate(100), x -> x.check(), x -> x.close()}) {
      Thread t =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      op.run(h);
                    } catch (Throwable e) {
                      System.out.println("r5 " + e);
                    }
                  });
      t.join(2000);
      if (t.isAlive()) {
        for (var s : t.getStackTrace()) System.out.println("   " + s);
      }
      assertFalse(t.isAlive(), "endless loop");
    }
  }
}
