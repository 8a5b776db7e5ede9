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
class RootsBesideCheckTest {
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
  void rootsStayAsTheyAreBesideCheckAndRepair() throws Exception {
    MemoryRegion r = region(1 << 20, 64 << 20);
    Heap h = heaps.create(r, OPT);
    h.setRoot("x", 1);
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<String> bad = new AtomicReference<>();
    Thread t =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    for (long i = 1; !stop.get(); i++) {
                      h.setRoot("x", i);
                      if (h.root("x").isEmpty()) bad.compareAndSet(null, "root lost at " + i);
                    }
                  } catch (Throwable e) {
                    bad.compareAndSet(null, e.toString());
                  }
                });
    String finding = null;
    for (int i = 0; i < 3000 && bad.get() == null; i++) {
      HeapReport rep = i % 2 == 0 ? h.check() : h.repair();
      if (!rep.findings().isEmpty() && finding == null) finding = rep.findings().toString();
    }
    stop.set(true);
    t.join();
    assertNull(bad.get());
    assertNull(finding);
  }
}
