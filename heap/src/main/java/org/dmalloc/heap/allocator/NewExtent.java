/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Takes over what a region has beyond the end of its heap, as another extent. */
final class NewExtent {
  /** The smallest extent: its tables and some pages. */
  private static final long LEAST_PAGES = 16;

  private NewExtent() {}

  /**
   * Makes an extent of the rest of the region. With the lock of the free runs held.
   *
   * @return the header with it, which is written; null if there is too little
   */
  static @Nullable HeapHeader adopt(
      MemorySegment memory,
      HeapHeader header,
      PageTable table,
      FreeRuns runs,
      Allocator.Shortage shortage) {
    Extents extents = header.extents();
    long end = Math.min(Extents.MOST_PAGES, memory.byteSize() >>> PAGE_SHIFT);
    long pages = end - extents.end();
    if (pages < LEAST_PAGES) {
      if (end == Extents.MOST_PAGES) {
        shortage.reason = "no heap has more than " + (end << PAGE_SHIFT) + " bytes";
      }
      return null;
    }
    if (extents.count() == Extents.MOST) {
      shortage.reason = "it has " + Extents.MOST + " extents, which is the most";
      return null;
    }
    Extents larger = extents.and(pages);
    begin(memory, larger, larger.count() - 1, PageTable.FREE, table, runs);
    HeapHeader next = header.with(larger);
    next.write(memory);
    return next;
  }

  /**
   * Writes the first descriptors of an extent: those of its tables, and of the free rest.
   *
   * @param kind of the rest: {@link PageTable#FREE}, or {@link PageTable#HOLES}
   */
  static void begin(
      MemorySegment memory, Extents extents, int extent, int kind, PageTable table, FreeRuns runs) {
    long first = extents.first(extent);
    long tables = Extents.tablePages(extents.pages(extent));
    long state = PageTable.freeState(SpaceOfRegion.seconds(), true);
    runs.insert(memory, extents, first + tables, extents.pages(extent) - tables, kind, state);
    table.setLast(memory, extents, first, tables, false);
    table.setHead(memory, extents, first, PageTable.TABLES, 0, tables);
  }
}
