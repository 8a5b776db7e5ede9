/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.LibraryHeap;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.SegmentPages;

/** One block of malloc, without anything that dmalloc adds. */
final class LibraryHeapPages implements PageStore {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment block;

  LibraryHeapPages(long byteSize) throws MemoryException {
    block = LibraryHeap.allocate(byteSize, arena);
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
  public long force() {
    return NOTHING_TO_FORCE;
  }

  @Override
  public String note() {
    return "malloc";
  }

  @Override
  public void close() {
    arena.close();
  }
}
