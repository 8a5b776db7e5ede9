/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.file.Path;
import java.util.Map;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;

/** Blocks of a heap of ours, by offset. */
abstract class HeapBlocks implements Blocks {
  private static final long REGION_BYTES = 1L << 30;

  final Heap heap;
  final long[] offsets;

  HeapBlocks(Heap heap, int slots) {
    this.heap = heap;
    offsets = new long[slots];
  }

  /** How a block is stored to. */
  enum Touch {
    /** Through the region's own segment, which pins it. */
    SEGMENT,
    /** In an access section for each block. */
    SECTION,
    /** Through the segments that the heap's allocator gives. */
    ALLOCATOR
  }

  static Allocator open(String provider, Touch touch, Path directory) throws IOException {
    Dmalloc dmalloc = Dmalloc.open(Map.of());
    MemoryProvider memory = dmalloc.provider(provider);
    RegionRequest request = RegionRequest.ofSize(REGION_BYTES).withOwner("heap benchmark");
    MemoryRegion region =
        memory.allocate(
            memory.capabilities().contains(Capability.DIRECTORY)
                ? request.withDirectory(directory)
                : request);
    return new Opened(
        dmalloc, region, HeapService.load().create(region, HeapOptions.DEFAULT), touch);
  }

  private record Opened(Dmalloc dmalloc, MemoryRegion region, Heap heap, Touch touch)
      implements Allocator {
    @Override
    public Blocks blocks(int slots) {
      return switch (touch) {
        case SEGMENT -> new Pinned(heap, slots);
        case SECTION -> new InSections(heap, slots);
        case ALLOCATOR -> new Segments(heap, slots);
      };
    }

    @Override
    public void close() {
      heap.close();
      region.close();
      dmalloc.close();
    }
  }

  private static void touch(MemorySegment segment, long block, int slot, int byteSize) {
    segment.set(JAVA_LONG_UNALIGNED, block, byteSize);
    segment.set(JAVA_LONG_UNALIGNED, block + byteSize - Long.BYTES, slot);
  }

  /** Frees the old block and allocates the new one. */
  final long next(int slot, int byteSize) throws MemoryException {
    long old = offsets[slot];
    if (old != Heap.NULL) {
      heap.free(old);
    }
    long block = heap.allocate(byteSize);
    offsets[slot] = block;
    return block;
  }

  private static final class Pinned extends HeapBlocks {
    private final MemorySegment segment;

    Pinned(Heap heap, int slots) {
      super(heap, slots);
      segment = heap.region().segment();
    }

    @Override
    public void replace(int slot, int byteSize) throws IOException {
      touch(segment, next(slot, byteSize), slot, byteSize);
    }

    @Override
    public void replace(int slot, int byteSize, byte[] content) throws IOException {
      MemorySegment.copy(content, 0, segment, JAVA_BYTE, next(slot, byteSize), byteSize);
    }
  }

  private static final class InSections extends HeapBlocks {
    private final MemoryRegion region;

    InSections(Heap heap, int slots) {
      super(heap, slots);
      region = heap.region();
    }

    @Override
    public void replace(int slot, int byteSize) throws IOException {
      long block = next(slot, byteSize);
      try (Access access = region.acquire()) {
        touch(access.segment(), block, slot, byteSize);
      }
    }

    @Override
    public void replace(int slot, int byteSize, byte[] content) throws IOException {
      long block = next(slot, byteSize);
      try (Access access = region.acquire()) {
        MemorySegment.copy(content, 0, access.segment(), JAVA_BYTE, block, byteSize);
      }
    }
  }

  private static final class Segments extends HeapBlocks {
    private final SegmentAllocator allocator;

    Segments(Heap heap, int slots) {
      super(heap, slots);
      allocator = heap.allocator();
    }

    @Override
    public void replace(int slot, int byteSize) throws IOException {
      long old = offsets[slot];
      if (old != Heap.NULL) {
        heap.free(old);
      }
      MemorySegment block = allocator.allocate(byteSize, Heap.MIN_ALIGNMENT);
      offsets[slot] = heap.offsetOf(block);
      touch(block, 0, slot, byteSize);
    }
  }
}
