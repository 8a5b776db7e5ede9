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
class StoreOrderTest {
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
  void aKillBeforeTheMarkAtTheEndOfARunLeavesASoundHeap() throws Exception {
    MemoryRegion r = region(4 << 20, 64 << 20);
    Heap h = heaps.create(r, OPT);
    long b = h.allocate(20 * 4096);
    h.allocate(20 * 4096);
    h.reallocate(b, 19 * 4096); // one free page behind it
    long page = b >>> 12;
    Allocator al = alloc(h);
    try (Access acc = r.acquire()) {
      al.table.setHead(acc.segment(), al.extents(), page, PageTable.LARGE, 0, 20); // extend()
    }
    r = reopen(r);
    h = heaps.open(r, OPT);
    assertEquals(List.of(), h.check().findings());
    try (Access acc = r.acquire()) {
      alloc(h).table.setHead(acc.segment(), al.extents(), page, PageTable.FREE, 0, 20); // insert()
    }
    r = reopen(r);
    h = heaps.open(r, OPT);
    assertEquals(List.of(), h.check().findings());
    h.close();
    r.close();
  }

  @Test
  void aKillInTheMiddleOfAResizeInPlaceIsNoDamage() throws Exception {
    MemoryRegion r = region(4 << 20, 64 << 20);
    Heap h = heaps.create(r, OPT);
    long b = h.allocate(20 * 4096);
    Allocator al = alloc(h);
    Extents e = al.extents();
    try (Access acc = r.acquire()) {
      al.table.setLast(acc.segment(), e, b >>> 12, 20, true);
    } // give(), before the head
    r = reopen(r);
    h = heaps.open(r, OPT);
    assertEquals(List.of(), h.check().findings());
  }
}
