/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.dmalloc.linux.LibraryHeap;

/** Blocks of malloc, by address. */
final class LibraryBlocks implements SmallBlocks {
  private final MemorySegment memory = LibraryHeap.memory();

  @Override
  public long allocate(int byteSize) throws IOException {
    return LibraryHeap.allocate(byteSize);
  }

  @Override
  public void free(long block) {
    LibraryHeap.free(block);
  }

  @Override
  public void store(long block, int byteSize, long value) {
    BlockEnds.store(memory, block, byteSize, value);
  }

  @Override
  public long load(long block, int byteSize) {
    return BlockEnds.load(memory, block, byteSize);
  }

  /** Does nothing: blocks that are left end with the process. */
  @Override
  public void close() {}
}
