/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.HeapTables.CUT;
import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapRun;

/**
 * Shows the allocated blocks beside users. Goes from head to head by the lengths that they tell; a
 * head that another thread has made a part of a larger run meanwhile still tells a length that was
 * true after the walk had begun, and so hides no block that was there all the time. The bitmap of a
 * span is copied with the lock of its cache held, and shown without.
 */
final class BlockWalk {
  private final Allocator heap;
  private final long[] bits = new long[SizeClasses.words(0)];

  BlockWalk(Allocator heap) {
    this.heap = heap;
  }

  /** What a run has. */
  private record Run(long page, long pages, int sizeClass, int kind) {
    Run(long page, long pages, int kind) {
      this(page, pages, -1, kind);
    }
  }

  /** Takes a run, whose bitmap has been copied if it is a span. */
  @FunctionalInterface
  private interface RunAction {
    boolean show(Run run) throws MemoryException;
  }

  void blocks(Heap.Visitor visitor) throws MemoryException {
    eachRun(run -> show(run, visitor));
  }

  void runs(Heap.RunVisitor visitor) throws MemoryException {
    if (visitor.run(new HeapRun(0, HeapHeader.BYTES, HeapRun.Kind.METADATA, 0, 0, 0))) {
      eachRun(run -> visitor.run(shown(run)));
    }
  }

  private void eachRun(RunAction action) throws MemoryException {
    Extents extents = heap.extents();
    for (int extent = 0; extent < extents.count(); extent++) {
      long page = extents.first(extent);
      while (page < extents.end(extent)) {
        Run run = look(extents, extent, page);
        if (!action.show(run)) {
          return;
        }
        page = run.page + run.pages;
      }
    }
  }

  private HeapRun shown(Run run) {
    long start = run.page << PAGE_SHIFT;
    long byteSize = run.pages << PAGE_SHIFT;
    return switch (run.kind) {
      case PageTable.SPAN ->
          new HeapRun(
              start,
              byteSize,
              HeapRun.Kind.SMALL,
              SizeClasses.bytes(run.sizeClass),
              allocated(run.sizeClass),
              SizeClasses.capacity(run.sizeClass));
      case PageTable.LARGE -> new HeapRun(start, byteSize, HeapRun.Kind.LARGE, byteSize, 1, 1);
      case PageTable.HOLES -> new HeapRun(start, byteSize, HeapRun.Kind.PUNCHED, 0, 0, 0);
      case PageTable.TABLES -> new HeapRun(start, byteSize, HeapRun.Kind.METADATA, 0, 0, 0);
      case PageTable.QUARANTINED -> new HeapRun(start, byteSize, HeapRun.Kind.UNUSABLE, 0, 0, 0);
      default -> new HeapRun(start, byteSize, HeapRun.Kind.FREE, 0, 0, 0);
    };
  }

  /** Blocks in the bitmap that was copied last. */
  private int allocated(int sizeClass) {
    int count = 0;
    for (int word = 0; word < SizeClasses.words(sizeClass); word++) {
      count += Long.bitCount(bits[word]);
    }
    return count;
  }

  private boolean show(Run run, Heap.Visitor visitor) throws MemoryException {
    long start = run.page << PAGE_SHIFT;
    if (run.kind == PageTable.LARGE) {
      return visitor.block(start, run.pages << PAGE_SHIFT);
    }
    if (run.sizeClass < 0) {
      return true;
    }
    int byteSize = SizeClasses.bytes(run.sizeClass);
    for (int word = 0; word < SizeClasses.words(run.sizeClass); word++) {
      for (long left = bits[word]; left != 0; left &= left - 1) {
        long index = ((long) word << 6) + Long.numberOfTrailingZeros(left);
        if (!visitor.block(start + index * byteSize, byteSize)) {
          return false;
        }
      }
    }
    return true;
  }

  private Run look(Extents extents, int extent, long page) throws MemoryException {
    while (true) {
      try (Access access = heap.region.acquire()) {
        MemorySegment memory = access.segment();
        heap.requireRunning();
        long descriptor = extents.descriptor(extent, page);
        long word = memory.get(LONG, descriptor);
        long pages = Math.clamp(PageTable.pages(word), 1, extents.end(extent) - page);
        if (!heap.table.isValid(page, word)) {
          return new Run(page, 1, PageTable.INTERIOR); // inside of what was cut meanwhile
        }
        switch (PageTable.kind(word)) {
          case PageTable.SPAN -> {
            if (copyBitmap(memory, extents, extent, page, word)) {
              return new Run(page, pages, PageTable.sizeClass(word), PageTable.SPAN);
            }
          }
          case PageTable.LARGE -> {
            return new Run(page, pages, PageTable.LARGE);
          }
          case PageTable.INTERIOR, PageTable.TAIL -> {
            return new Run(page, 1, PageTable.kind(word));
          }
          default -> {
            return new Run(page, pages, PageTable.kind(word));
          }
        }
      } catch (VirtualMachineError e) {
        heap.stopped = CUT;
        throw heap.lost(e);
      }
    }
  }

  /** False if the span has gone or changed hands meanwhile. */
  private boolean copyBitmap(
      MemorySegment memory, Extents extents, int extent, long page, long word)
      throws MemoryException {
    int c = PageTable.sizeClass(word);
    if (c >= SizeClasses.COUNT) {
      throw PageTable.damaged(page, "a span is of class " + c);
    }
    long descriptor = extents.descriptor(extent, page);
    int owner = PageTable.owner(PageTable.state(memory, descriptor));
    BlockCache cache = heap.caches[owner & (BlockCache.COUNT - 1)];
    cache.lock();
    try {
      if (memory.get(LONG, descriptor) != word
          || PageTable.owner(PageTable.state(memory, descriptor)) != owner) {
        return false;
      }
      long bitmap = extents.bitmap(extent, page);
      for (int i = 0; i < SizeClasses.words(c); i++) {
        bits[i] = memory.get(LONG, bitmap + i * 8L) & SizeClasses.validBits(c, i);
      }
      return true;
    } finally {
      cache.unlock();
    }
  }
}
