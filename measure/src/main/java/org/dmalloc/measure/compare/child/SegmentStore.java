/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.SegmentPages;

/** Pages in one plain segment without dmalloc: a block of malloc, or a mapping. */
public final class SegmentStore implements PageStore {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;
  private final String note;

  /** Allocates the segment in an arena that is closed with the store. */
  @FunctionalInterface
  public interface Allocation {
    MemorySegment in(Arena arena) throws IOException;
  }

  /** A mapped segment is forced; others are not. */
  public SegmentStore(Allocation allocation, String note) throws IOException {
    segment = allocation.in(arena);
    this.note = note;
  }

  @Override
  public long pageCount() {
    return segment.byteSize() / PageContent.PAGE_BYTES;
  }

  @Override
  public SegmentPages pages() {
    return SegmentPages.over(segment);
  }

  @Override
  public long force() {
    if (!segment.isMapped()) {
      return NOTHING_TO_FORCE;
    }
    long begin = System.nanoTime();
    segment.force();
    return System.nanoTime() - begin;
  }

  @Override
  public String note() {
    return note;
  }

  @Override
  public void close() {
    arena.close();
  }
}
