/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.testkit.memory.Faults;
import org.dmalloc.testkit.memory.InMemoryProvider;

/** A heap in plain memory that outlives its region, for tests that look below the surface. */
final class HeapRig implements AutoCloseable {
  /** The class of blocks of 128 bytes. */
  static final int CLASS = 7;

  static final int BLOCK_BYTES = SizeClasses.bytes(CLASS);
  static final int CAPACITY = SizeClasses.capacity(CLASS);
  static final int PAGE = SizeClasses.PAGE;

  private static final String NAME = "heap";
  private static final long MAXIMUM = 64 << 20;

  private final InMemoryProvider memory =
      InMemoryProvider.of(
          "memory",
          Capability.NAMED,
          Capability.GROW_IN_PLACE,
          Capability.RESIZE,
          Capability.SHARED_MAPPING,
          Capability.PRIVATE_MAPPING,
          Capability.FORCE,
          Capability.PUNCH);

  private final RegionHeaps service = new RegionHeaps();
  private MemoryRegion region;
  private Heap heap;

  /** A new heap in a region that may grow. */
  HeapRig(long byteSize) throws MemoryException {
    region = memory.allocate(RegionRequest.ofSize(byteSize).withName(NAME).withMaximum(MAXIMUM));
    heap = service.create(region, HeapOptions.DEFAULT);
  }

  /** What makes calls of the region fail. */
  Faults faults() {
    return memory.faults();
  }

  MemoryRegion region() {
    return region;
  }

  Heap heap() {
    return heap;
  }

  Allocator allocator() {
    return ((RegionHeap) heap).allocatorOfRegion();
  }

  /** The heap as the next process finds it if this one is killed now. */
  Heap killed() throws MemoryException {
    region.close();
    return open();
  }

  /** The heap after a clean close. */
  Heap reopened() throws MemoryException {
    heap.close();
    region.close();
    return open();
  }

  private Heap open() throws MemoryException {
    region = memory.open(OpenRequest.of(NAME).withMaximum(MAXIMUM));
    heap = service.open(region, HeapOptions.DEFAULT);
    return heap;
  }

  long get(long offset) {
    try (Access access = region.acquire()) {
      return access.segment().get(PageTable.LONG, offset);
    }
  }

  void set(long offset, long value) {
    try (Access access = region.acquire()) {
      access.segment().set(PageTable.LONG, offset, value);
    }
  }

  /** Where the descriptor of the page is that an offset lies in. */
  long descriptor(long offset) {
    return allocator().extents().descriptor(page(offset));
  }

  static long page(long offset) {
    return offset >>> SizeClasses.PAGE_SHIFT;
  }

  /** Small blocks. */
  long[] blocks(int count) throws MemoryException {
    long[] blocks = new long[count];
    heap.allocate(BLOCK_BYTES, blocks, 0, count);
    return blocks;
  }

  @Override
  public void close() {
    region.close(); // which leaves nothing of the heap open
  }
}
