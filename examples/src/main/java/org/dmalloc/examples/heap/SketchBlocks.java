/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.heap;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.datasketches.common.MemorySegmentRequest;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;

/**
 * Memory for one off-heap sketch of Apache DataSketches: a block of a heap, and a larger one when
 * the sketch grows. A root of the heap leads to the block. The region is pinned.
 *
 * {@snippet :
 * SketchBlocks blocks = new SketchBlocks(heap, "latencies");
 * KllDoublesSketch sketch =
 *     blocks.stored().isEmpty()
 *         ? KllDoublesSketch.newDirectInstance(200, blocks.request(2048), blocks)
 *         : KllDoublesSketch.wrap(blocks.stored().get(), blocks);
 * }
 *
 * <p>A process that is killed while the sketch grows finds the sketch of before; one that is killed
 * in an update may leave that update half done.
 */
public final class SketchBlocks implements MemorySegmentRequest {
  private final Heap heap;
  private final String root;
  private long newest;

  /** For the sketch that a root leads to, or will lead to. */
  public SketchBlocks(Heap heap, String root) {
    this.heap = heap;
    this.root = root;
  }

  /** The sketch's memory; empty if there is none yet. */
  public Optional<MemorySegment> stored() throws MemoryException {
    OptionalLong block = heap.root(root);
    return block.isEmpty() ? Optional.empty() : Optional.of(heap.pinned(block.getAsLong()));
  }

  @Override
  public MemorySegment request(long byteSize) {
    MemorySegment segment = heap.allocator().allocate(byteSize, Long.BYTES);
    newest = heap.offsetOf(segment);
    try {
      if (heap.root(root).isEmpty()) {
        heap.setRoot(root, newest);
      }
    } catch (MemoryException e) {
      throw new UncheckedIOException(e);
    }
    return segment;
  }

  /** The sketch has moved to the block that it asked for last. */
  @Override
  public void requestClose(MemorySegment before) {
    try {
      heap.setRoot(root, newest);
      heap.free(heap.offsetOf(before));
    } catch (MemoryException e) {
      throw new UncheckedIOException(e);
    }
  }
}
