/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.heap.HeapDamagedException;
import org.dmalloc.heap.HeapStatistics;
import org.dmalloc.heap.HeapStatistics.SizeClass;

/** Adds up what the caches and the free runs count. */
final class HeapCounts {
  private HeapCounts() {}

  /** Counts what is there, without the caches' locks. */
  static HeapStatistics of(Allocator allocator, MemorySegment memory) {
    FreeRuns runs = allocator.runs;
    Extents extents;
    long largest;
    runs.lock();
    try {
      extents = allocator.extents();
      largest = extents.byteSize() <= memory.byteSize() ? runs.largest(memory, extents) : 0;
    } catch (HeapDamagedException e) {
      largest = 0; // check() says more
    } finally {
      runs.unlock();
    }
    extents = allocator.extents();
    return new HeapStatistics(
        memory.byteSize(),
        extents.byteSize(),
        HeapHeader.BYTES + (extents.tablePages() << PAGE_SHIFT),
        runs.freePages() << PAGE_SHIFT,
        runs.holePages() << PAGE_SHIFT,
        largest << PAGE_SHIFT,
        allocator.largeBlocks.sum(),
        allocator.largePages.sum() << PAGE_SHIFT,
        extents.count(),
        classes(allocator));
  }

  private static List<SizeClass> classes(Allocator allocator) {
    List<SizeClass> classes = new ArrayList<>();
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      long blocks = 0;
      long spans = 0;
      long allocations = 0;
      long requested = 0;
      for (BlockCache cache : allocator.caches) {
        ClassSpans each = cache.of(c);
        blocks += each.blocks();
        spans += each.spans();
        allocations += each.allocations();
        requested += each.requested();
      }
      if (spans != 0 || allocations != 0) {
        classes.add(
            new SizeClass(
                SizeClasses.bytes(c),
                Math.max(0, blocks),
                Math.max(0, spans * SizeClasses.capacity(c)),
                Math.max(0, spans * SizeClasses.spanPages(c)) << PAGE_SHIFT,
                allocations,
                requested));
      }
    }
    return classes;
  }
}
