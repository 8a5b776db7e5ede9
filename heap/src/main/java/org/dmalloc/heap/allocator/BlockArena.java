/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapFullException;

/**
 * An arena whose segments are blocks. The life of the segments is that of an arena of the JDK, so
 * that a use after the close throws; the blocks are freed after that has ended.
 *
 * <p>Calls the restricted method {@code reinterpret}, with the size that the block has and for a
 * life that ends before the block does. The region is pinned, and ends the arena when it is closed
 * first.
 */
final class BlockArena implements Arena {
  private final AlignedHeap heap;
  private final Arena life;
  private final Arena ending;

  /** Guarded by itself. */
  private final List<Long> blocks = new ArrayList<>();

  private volatile boolean closed;

  /**
   * What the region closes before its memory goes. A confined arena whose thread has ended is never
   * closed, and leads nobody to the memory: it is passed over, else it would keep the region open.
   */
  private record Ending(Arena life, Thread maker) implements Arena {
    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
      return life.allocate(byteSize, byteAlignment);
    }

    @Override
    public MemorySegment.Scope scope() {
      return life.scope();
    }

    @Override
    public void close() {
      try {
        life.close();
      } catch (WrongThreadException e) {
        if (maker.isAlive()) {
          throw e;
        }
      }
    }
  }

  BlockArena(AlignedHeap heap, Arena life) {
    this.heap = heap;
    this.life = life;
    this.ending = new Ending(life, Thread.currentThread());
    heap.region().attach(ending);
  }

  @Override
  public MemorySegment allocate(long byteSize, long byteAlignment) {
    life.allocate(0); // throws on a wrong thread, and after the close
    MemorySegment block = block(heap, byteSize, byteAlignment);
    long offset = heap.offsetOf(block);
    synchronized (blocks) {
      if (life.scope().isAlive()) {
        blocks.add(offset);
        return block.reinterpret(life, null);
      }
    }
    free(new long[] {offset}); // another thread has closed the arena meanwhile
    throw new IllegalStateException("the arena is closed");
  }

  @Override
  public MemorySegment.Scope scope() {
    return life.scope();
  }

  /** If the region was closed before, the life has ended with it. */
  @Override
  public void close() {
    boolean ended = !life.scope().isAlive() && !closed;
    if (!ended) {
      life.close();
    }
    closed = true;
    heap.region().detach(ending);
    synchronized (blocks) {
      if (heap.isOpen() && heap.region().info().open()) {
        free(blocks.stream().mapToLong(Long::longValue).toArray());
      }
      blocks.clear();
    }
  }

  private void free(long[] all) {
    try {
      heap.free(all, 0, all.length);
    } catch (MemoryException e) {
      throw new IllegalStateException("close of an arena of " + heap + ": " + e.getMessage(), e);
    }
  }

  /**
   * A block as a segment of zeros, for as long as the region is open.
   *
   * @throws OutOfMemoryError if the heap is full
   */
  static MemorySegment block(AlignedHeap heap, long byteSize, long alignment) {
    if (byteSize < 0 || alignment < 1 || Long.bitCount(alignment) != 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "allocate %d bytes at a multiple of %d; give at least 0, and a power of two",
              byteSize,
              alignment));
    }
    try {
      MemorySegment all = heap.region().segment();
      long size = Math.max(1, byteSize);
      long phase = all.address() & (Heap.MAX_ALIGNMENT - 1);
      long offset =
          alignment <= Heap.MIN_ALIGNMENT
              ? heap.allocate(size)
              : heap.allocateAt(size, alignment, phase);
      if (offset + size > all.byteSize()) {
        all = heap.region().segment(); // the heap has grown
      }
      return all.asSlice(offset, byteSize).fill((byte) 0);
    } catch (HeapFullException e) {
      OutOfMemoryError error = new OutOfMemoryError(e.getMessage());
      error.initCause(e);
      throw error;
    } catch (MemoryException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }
}
