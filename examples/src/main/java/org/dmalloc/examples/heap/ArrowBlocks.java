/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.heap;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.apache.arrow.memory.AllocationManager;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.ForeignAllocation;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.memory.ReferenceManager;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;

/**
 * Buffers of Apache Arrow as blocks of a heap. Arrow works on addresses, so the region is pinned.
 *
 * {@snippet :
 * BufferAllocator arrow =
 *     new RootAllocator(
 *         RootAllocator.configBuilder()
 *             .allocationManagerFactory(ArrowBlocks.factory(heap))
 *             .build());
 * }
 *
 * <p><b>Ownership.</b> A block is freed when Arrow releases its last reference. Close the vectors
 * and the allocator before the heap. What {@link #store} keeps stays, and whoever loads it closes
 * the loaded vector before the heap.
 */
public final class ArrowBlocks {
  /** Arrow's own alignment, for SIMD. */
  private static final long ALIGNMENT = 64;

  // What is stored of a vector: its counts, and behind them its validity bits and its values.
  private static final long VALUES = 0;
  private static final long NULLS = 8;
  private static final long VALIDITY_BYTES = 16;
  private static final long DATA_BYTES = 24;
  private static final long BUFFERS = ALIGNMENT;

  private ArrowBlocks() {}

  /** Takes Arrow's memory from a heap; a full heap is an {@link OutOfMemoryException}. */
  public static AllocationManager.Factory factory(Heap heap) {
    return new AllocationManager.Factory() {
      @Override
      public AllocationManager create(BufferAllocator allocator, long byteSize) {
        return new Block(allocator, heap, byteSize);
      }

      @Override
      public ArrowBuf empty() {
        return new ArrowBuf(ReferenceManager.NO_OP, null, 0, 0);
      }
    };
  }

  private static final class Block extends AllocationManager {
    private final Heap heap;
    private final long block;
    private final MemorySegment segment;

    Block(BufferAllocator allocator, Heap heap, long byteSize) {
      super(allocator);
      this.heap = heap;
      try {
        block = heap.tryAllocate(Math.max(1, byteSize), ALIGNMENT);
        if (block == Heap.NULL) {
          throw new OutOfMemoryException("the heap has no room for " + byteSize + " bytes");
        }
        segment = heap.pinned(block).asSlice(0, byteSize);
      } catch (MemoryException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public long getSize() {
      return segment.byteSize();
    }

    @Override
    protected long memoryAddress() {
      return segment.address();
    }

    @Override
    protected void release0() {
      try {
        heap.free(block);
      } catch (MemoryException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * Keeps the content of a vector under a name, in a block of its own; one that was there before is
   * freed.
   */
  public static void store(Heap heap, String root, BaseFixedWidthVector vector)
      throws MemoryException {
    List<ArrowBuf> buffers = vector.getFieldBuffers();
    long validity = roundUp(buffers.get(0).readableBytes());
    long data = buffers.get(1).readableBytes();
    long block = heap.allocateZeroed(1, BUFFERS + validity + data);
    MemorySegment memory = heap.pinned(block);
    memory.set(JAVA_LONG, VALUES, vector.getValueCount());
    memory.set(JAVA_LONG, NULLS, vector.getNullCount());
    memory.set(JAVA_LONG, VALIDITY_BYTES, validity);
    memory.set(JAVA_LONG, DATA_BYTES, data);
    copy(buffers.get(0), memory, BUFFERS);
    copy(buffers.get(1), memory, BUFFERS + validity);
    long before = heap.root(root).orElse(Heap.NULL);
    heap.setRoot(root, block);
    heap.free(before);
  }

  private static void copy(ArrowBuf from, MemorySegment to, long offset) {
    to.asSlice(offset).asByteBuffer().put(from.nioBuffer(0, Math.toIntExact(from.readableBytes())));
  }

  /** Fills an empty vector with what is stored under a name, without a copy. */
  public static void load(Heap heap, String root, BufferAllocator arrow, BaseFixedWidthVector into)
      throws MemoryException {
    MemorySegment memory = heap.pinned(heap.root(root).orElseThrow());
    long validity = memory.get(JAVA_LONG, VALIDITY_BYTES);
    long data = memory.get(JAVA_LONG, DATA_BYTES);
    ArrowFieldNode counts =
        new ArrowFieldNode(memory.get(JAVA_LONG, VALUES), memory.get(JAVA_LONG, NULLS));
    try (ArrowBuf bits = wrap(arrow, memory.asSlice(BUFFERS, validity));
        ArrowBuf values = wrap(arrow, memory.asSlice(BUFFERS + validity, data))) {
      into.loadFieldBuffers(counts, List.of(bits, values));
    }
  }

  private static ArrowBuf wrap(BufferAllocator arrow, MemorySegment stored) {
    ArrowBuf buffer =
        arrow.wrapForeignAllocation(
            new ForeignAllocation(stored.byteSize(), stored.address()) {
              @Override
              protected void release0() {
                // The block stays in the heap, for the next that loads it.
              }
            });
    buffer.writerIndex(stored.byteSize());
    return buffer;
  }

  private static long roundUp(long byteSize) {
    return (byteSize + ALIGNMENT - 1) & -ALIGNMENT;
  }
}
