/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.heap.Heap;
import org.dmalloc.measure.BlockSource;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.SegmentPages;

/** Pages in one large block of a heap, as a program has them that only knows malloc. */
final class HeapStore implements PageStore, BlockSource {
  private final MemoryRegion region;
  private final Heap heap;
  private final MemorySegment block;

  /** Makes a heap in a region, which it owns from now on, and allocates the block. */
  HeapStore(MemoryRegion region, long byteSize) throws IOException {
    this.region = region;
    heap = HeapBlocks.made(region);
    block = heap.pinned(heap.allocate(byteSize, PageContent.PAGE_BYTES)).asSlice(0, byteSize);
  }

  @Override
  public long pageCount() {
    return block.byteSize() / PageContent.PAGE_BYTES;
  }

  @Override
  public SegmentPages pages() {
    return SegmentPages.over(block);
  }

  @Override
  public void with(User user) throws IOException {
    long own = heap.allocate(BLOCK_BYTES);
    try {
      user.use(heap.pinned(own).asSlice(0, BLOCK_BYTES));
    } finally {
      heap.free(own);
    }
  }

  @Override
  public boolean zeroed() {
    return false;
  }

  @Override
  public long force() throws IOException {
    long begin = System.nanoTime();
    region.force();
    return System.nanoTime() - begin;
  }

  @Override
  public String note() {
    return "a block of a heap in " + region.info().backing();
  }

  @Override
  public void close() {
    heap.close();
    region.close();
  }
}
