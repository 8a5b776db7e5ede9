/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.LibraryHeap;
import org.dmalloc.measure.PageContent;

/** One block of malloc, without anything that dmalloc adds. */
final class LibraryHeapMemory implements PagedMemory {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment pages;

  LibraryHeapMemory(long byteSize) throws MemoryException {
    pages = LibraryHeap.allocate(byteSize, arena);
  }

  @Override
  public long pageCount() {
    return pages.byteSize() / PageContent.PAGE_BYTES;
  }

  @Override
  public Cursor cursor() {
    return new Cursor() {
      @Override
      public long enter(long page, Use use) {
        return page * PageContent.PAGE_BYTES;
      }

      @Override
      public MemorySegment segment() {
        return pages;
      }

      @Override
      public void leave() {}
    };
  }

  @Override
  public void announce(long[] next) {}

  @Override
  public long force() {
    return OWES_NOTHING;
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
