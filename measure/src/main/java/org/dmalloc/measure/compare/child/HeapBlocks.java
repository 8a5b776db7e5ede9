/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;

/** Blocks of a heap in a region, by offset; each is used in an access section. */
final class HeapBlocks implements SmallBlocks {
  private final MemoryRegion region;
  private final Heap heap;

  /** Makes a heap in a region, which it owns from now on. */
  HeapBlocks(MemoryRegion region) throws IOException {
    this.region = region;
    heap = made(region);
  }

  /** A heap in all of a region, which is closed if that fails. */
  static Heap made(MemoryRegion region) throws IOException {
    try {
      return HeapService.load().create(region, HeapOptions.DEFAULT);
    } catch (IOException | RuntimeException e) {
      region.close();
      throw e;
    }
  }

  /** How large a region is whose heap holds so many bytes of blocks, whatever their sizes are. */
  static long regionBytes(long blockBytes) {
    long waste = blockBytes / 5;
    long own = 64L << 20;
    return (blockBytes + waste + own) & -4096L;
  }

  @Override
  public long allocate(int byteSize) throws IOException {
    return heap.allocate(byteSize);
  }

  @Override
  public void free(long block) throws IOException {
    heap.free(block);
  }

  @Override
  public void store(long block, int byteSize, long value) {
    try (Access access = region.acquire()) {
      BlockEnds.store(access.segment(), block, byteSize, value);
    }
  }

  @Override
  public long load(long block, int byteSize) {
    try (Access access = region.acquire()) {
      return BlockEnds.load(access.segment(), block, byteSize);
    }
  }

  @Override
  public void close() {
    heap.close();
    region.close();
  }
}
