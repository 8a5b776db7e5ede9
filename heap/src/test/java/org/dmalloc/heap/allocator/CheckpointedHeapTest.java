/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalLong;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;

/** A heap in a region whose stores become durable by checkpoints. */
class CheckpointedHeapTest {
  private static final long LARGE = 100 * HeapRig.PAGE;

  private final InMemoryProvider memory =
      InMemoryProvider.of(
          "memory",
          Capability.NAMED,
          Capability.SHARED_MAPPING,
          Capability.FORCE,
          Capability.PUNCH,
          Capability.RESIZE,
          Capability.GROW_IN_PLACE,
          Capability.CHECKPOINT);

  private final RegionHeaps service = new RegionHeaps();

  private MemoryRegion region(CheckpointOptions options) throws MemoryException {
    return memory.allocate(
        RegionRequest.ofSize(1 << 20).withName("heap").withMaximum(64 << 20).checkpointed(options));
  }

  private static void put(Heap heap, long block, long value) {
    try (Access access = heap.region().acquire()) {
      access.segment().set(JAVA_LONG, block, value);
    }
  }

  private static long get(Heap heap, long block) {
    try (Access access = heap.region().acquire()) {
      return access.segment().get(JAVA_LONG, block);
    }
  }

  @Test
  void neitherForcesNorPunches() throws Exception {
    try (MemoryRegion region = region(CheckpointOptions.DEFAULT);
        Heap heap = service.create(region, HeapOptions.DEFAULT)) {
      long block = heap.allocate(LARGE);
      heap.allocate(LARGE);
      heap.free(block);
      assertEquals(0, heap.trim());
      assertEquals(block, heap.allocate(LARGE), "its space was there");
    }
    assertEquals(List.of(), memory.faults().calls("force", "punch", "reserve"));
    try (MemoryRegion region = memory.open(OpenRequest.of("heap"));
        Heap heap = service.open(region, HeapOptions.DEFAULT)) {
      assertTrue(heap.recovery().clean());
      assertEquals(List.of(), heap.check().findings());
    }
  }

  @Test
  void isThatOfTheLastCheckpointAfterAnEndWithoutOne() throws Exception {
    long block;
    try (MemoryRegion region = region(CheckpointOptions.DEFAULT.withOnClose(false));
        Heap heap = service.create(region, HeapOptions.DEFAULT)) {
      block = heap.allocate(100);
      put(heap, block, 7);
      heap.setRoot("first", block);
      region.checkpoint();
      put(heap, block, 8);
      heap.setRoot("second", heap.allocate(LARGE));
      heap.allocate(2 << 20); // it grows
    }
    try (MemoryRegion region = memory.open(OpenRequest.of("heap").withMaximum(64 << 20));
        Heap heap = service.open(region, HeapOptions.DEFAULT)) {
      assertFalse(heap.recovery().clean(), "it was open at the cut");
      assertEquals(1 << 20, region.byteSize());
      assertEquals(OptionalLong.of(block), heap.root("first"));
      assertEquals(OptionalLong.empty(), heap.root("second"));
      assertEquals(7, get(heap, block));
      assertEquals(List.of(), heap.check().findings());
    }
  }

  @Test
  void goesBackWithItsRegion() throws Exception {
    try (MemoryRegion region = region(CheckpointOptions.DEFAULT)) {
      long block;
      try (Heap heap = service.create(region, HeapOptions.DEFAULT)) {
        block = heap.allocate(100);
        region.checkpoint();
        heap.free(block);
        heap.allocate(LARGE);
      }
      region.discard();
      try (Heap heap = service.open(region, HeapOptions.DEFAULT)) {
        assertEquals(1, heap.statistics().liveBlocks());
        heap.free(block);
        assertEquals(List.of(), heap.check().findings());
      }
    }
  }
}
