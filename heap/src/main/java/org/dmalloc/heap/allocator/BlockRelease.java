/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.HeapTables.CUT;
import static org.dmalloc.heap.allocator.PageTable.INTERIOR;
import static org.dmalloc.heap.allocator.PageTable.LARGE;
import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.dmalloc.heap.allocator.PageTable.SPAN;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.DoubleFreeException;
import org.dmalloc.heap.HeapDamagedException;

/**
 * Finds the block that an offset names, frees it, and gives large ones another size in place. An
 * offset may be any number: what it leads to is looked at before it is believed.
 */
final class BlockRelease {
  private final Allocator heap;
  private final PageTable table;
  private final FreeRuns runs;

  BlockRelease(Allocator heap) {
    this.heap = heap;
    this.table = heap.table;
    this.runs = heap.runs;
  }

  /**
   * The head of the run that a page of the heap belongs to; the page itself unless it says that it
   * is a later one. What is there is for the caller to find out.
   */
  private long headOf(MemorySegment memory, Extents now, int extent, long page) {
    long word = memory.get(LONG, now.descriptor(extent, page));
    if (PageTable.kind(word) != INTERIOR) {
      return page;
    }
    // Whether that is true the head tells, by its own check and its length.
    long head = page - PageTable.pages(word);
    return head < now.first(extent) ? page : head;
  }

  private void requireOffset(Extents now, long block, String operation) {
    if ((block & 15) != 0 || !now.has(block >>> PAGE_SHIFT)) {
      throw noBlock(block, operation);
    }
  }

  private IllegalArgumentException noBlock(long block, String operation) {
    return new IllegalArgumentException(
        operation + " " + block + ": no block of " + heap + " begins there");
  }

  private DoubleFreeException notAllocated(long block, String operation) {
    return new DoubleFreeException(
        operation + " " + block + " in " + heap + ": it is not allocated", block);
  }

  /** Which block of its span it is. */
  private int indexOf(long head, int c, long block, String operation) {
    long offset = block - (head << PAGE_SHIFT);
    if (c >= SizeClasses.COUNT || offset >>> PAGE_SHIFT >= SizeClasses.spanPages(c)) {
      throw noBlock(block, operation);
    }
    int index = SizeClasses.indexOf(c, offset);
    if ((long) index * SizeClasses.bytes(c) != offset) {
      throw noBlock(block, operation);
    }
    return index;
  }

  /** The first word of the run of a large block that is allocated. */
  private long requireLarge(
      MemorySegment memory, Extents now, long head, long block, String operation) {
    long word = memory.get(LONG, now.descriptor(head));
    boolean valid = table.isValid(head, word);
    if (valid && (PageTable.isFree(word) || PageTable.kind(word) == PageTable.TRANSIT)) {
      throw notAllocated(block, operation);
    }
    if (!valid || PageTable.kind(word) != LARGE || block != head << PAGE_SHIFT) {
      throw noBlock(block, operation);
    }
    return word;
  }

  /** Whether a block that is allocated begins at the offset. */
  boolean isAllocated(long block) {
    try {
      return usableSize(block, "look at") > 0;
    } catch (MemoryException | IllegalArgumentException e) {
      return false; // there is none
    }
  }

  /** The bytes of a block that is allocated. */
  long usableSize(long block, String operation) throws MemoryException {
    Extents now = heap.extents;
    return heap.section(memory -> usableSize(memory, now, block, operation));
  }

  private long usableSize(MemorySegment memory, Extents now, long block, String operation)
      throws MemoryException {
    heap.requireRunning();
    requireOffset(now, block, operation);
    int extent = now.find(block >>> PAGE_SHIFT);
    long head = headOf(memory, now, extent, block >>> PAGE_SHIFT);
    long word = memory.get(LONG, now.descriptor(extent, head));
    if (PageTable.kind(word) == SPAN && table.isValid(head, word)) {
      int c = PageTable.sizeClass(word);
      int index = indexOf(head, c, block, operation);
      long wordOffset = now.bitmap(extent, head) + (index >>> 6) * 8L;
      if ((memory.get(LONG, wordOffset) & 1L << index) == 0) {
        throw notAllocated(block, operation);
      }
      return SizeClasses.bytes(c);
    }
    return PageTable.pages(requireLarge(memory, now, head, block, operation)) << PAGE_SHIFT;
  }

  // --- freeing ---

  /** Frees a block. */
  void free(long block) throws MemoryException {
    boolean done = false;
    while (!done) {
      Extents now = heap.extents; // read first: the section then shows all of them
      try (Access access = heap.region.acquire()) {
        MemorySegment memory = access.segment();
        done = freeWarm(memory, now, block) || free(memory, now, block);
      } catch (VirtualMachineError e) {
        heap.stopped = CUT;
        throw heap.lost(e);
      }
    }
  }

  /**
   * Frees a block of a span that is warm. What the region says of the block leads to a warm span,
   * and that this begins there is all that needs to be true of it.
   *
   * @return whether it is done; if not nothing has changed
   */
  private boolean freeWarm(MemorySegment memory, Extents now, long block) throws MemoryException {
    long page = block >>> PAGE_SHIFT;
    if ((block & 15) != 0 || !now.has(page)) {
      return false;
    }
    int extent = now.find(page);
    // Without a branch: whether it is a later page of its span the processor would guess wrong.
    long word = memory.get(LONG, now.descriptor(extent, page));
    long head = page - (PageTable.pages(word) & PageTable.ifKind(word, INTERIOR));
    if (head < now.first(extent)) {
      return false;
    }
    WarmSpan span = heap.warm.of(PageTable.state(memory, now.descriptor(extent, head)));
    BlockCache cache = span.cache();
    int index = span.indexOf(block - (head << PAGE_SHIFT));
    if (cache == null || index < 0) {
      return false;
    }
    cache.lock();
    try {
      if (heap.stopped != null
          || heap.extents != now
          || span.page() != head
          || !span.free(memory, index)) {
        return false;
      }
      ClassSpans spans = Objects.requireNonNull(span.spans());
      if (spans.freed(memory, now, span)) {
        heap.giveRun(head, SizeClasses.spanPages(spans.sizeClass), PageTable.FREE);
      }
      return true;
    } catch (Throwable t) {
      if (t instanceof Error) {
        heap.stopped = CUT;
      }
      heap.failed(t);
      throw t;
    } finally {
      cache.unlock();
    }
  }

  /** False if something changed meanwhile, and it is to be tried again in another section. */
  private boolean free(MemorySegment memory, Extents now, long block) throws MemoryException {
    heap.requireRunning();
    requireOffset(now, block, "free");
    long page = block >>> PAGE_SHIFT;
    int extent = now.find(page);
    long head = headOf(memory, now, extent, page);
    long descriptor = now.descriptor(extent, head);
    long word = memory.get(LONG, descriptor);
    if (PageTable.kind(word) != SPAN || !table.isValid(head, word)) {
      return freeLarge(memory, now, head, block);
    }
    int c = PageTable.sizeClass(word);
    int index = indexOf(head, c, block, "free");
    long wordOffset = now.bitmap(extent, head) + (index >>> 6) * 8L;
    long bit = 1L << index;
    if ((memory.get(LONG, wordOffset) & bit) == 0) { // also brings it in before the lock is taken
      heap.requireRunning();
      throw notAllocated(block, "free");
    }
    int owner = PageTable.owner(PageTable.state(memory, descriptor));
    BlockCache cache = heap.caches[owner & (BlockCache.COUNT - 1)];
    cache.lock();
    try {
      heap.requireRunning();
      if (heap.extents != now
          || memory.get(LONG, descriptor) != word
          || PageTable.owner(PageTable.state(memory, descriptor)) != owner) {
        return false;
      }
      if (owner != cache.number && !isBeingReleased(memory, now, head, word)) {
        throw PageTable.damaged(head, "its span is said to belong to cache " + owner);
      }
      if (owner != cache.number) {
        return false;
      }
      if (cache.of(c).isWarm(head)) {
        requireWarm(heap.warm.of(PageTable.state(memory, descriptor)), head);
        return false;
      }
      if ((memory.get(LONG, wordOffset) & bit) == 0) {
        throw notAllocated(block, "free");
      }
      if (cache.of(c).freeCold(memory, now, head, descriptor, wordOffset, bit)) {
        heap.giveRun(head, SizeClasses.spanPages(c), PageTable.FREE);
      }
      return true;
    } catch (Throwable t) {
      if (t instanceof Error) {
        heap.stopped = CUT;
      }
      heap.failed(t);
      throw t;
    } finally {
      cache.unlock();
    }
  }

  private static void requireWarm(WarmSpan span, long head) throws HeapDamagedException {
    if (span.page() != head) {
      throw PageTable.damaged(head, "the state of its span leads to another");
    }
  }

  /** Whether another thread has just made a free run of the span, so that this is no owner. */
  private boolean isBeingReleased(MemorySegment memory, Extents now, long head, long word) {
    runs.lock();
    try {
      return memory.get(LONG, now.descriptor(head)) != word;
    } finally {
      runs.unlock();
    }
  }

  private boolean freeLarge(MemorySegment memory, Extents now, long head, long block)
      throws MemoryException {
    return heap.locked(
        runs,
        () -> {
          heap.requireRunning();
          if (heap.extents != now) {
            return false;
          }
          long pages = PageTable.pages(requireLarge(memory, now, head, block, "free"));
          runs.giveUsed(memory, now, head, pages, SpaceOfRegion.seconds());
          heap.largeBlocks.decrement();
          heap.largePages.add(-pages);
          return true;
        });
  }

  // --- other sizes ---

  /** Gives a large block another number of pages where it is; false if that is not possible. */
  boolean resizeInPlace(long block, long byteSize) throws MemoryException {
    if (byteSize <= SizeClasses.LARGEST) {
      return false;
    }
    long pages = Allocator.pagesOf(byteSize);
    Extents now = heap.extents;
    return heap.section(
        memory -> {
          requireOffset(now, block, "reallocate");
          return heap.locked(runs, () -> resize(memory, now, block, pages));
        });
  }

  private boolean resize(MemorySegment memory, Extents now, long block, long pages)
      throws MemoryException {
    heap.requireRunning();
    PageTable.requireStores(memory);
    if (heap.extents != now) {
      return false;
    }
    long head = block >>> PAGE_SHIFT;
    long word = memory.get(LONG, now.descriptor(head));
    if (PageTable.kind(word) == SPAN || PageTable.kind(word) == INTERIOR) {
      return false; // a small block
    }
    long had = PageTable.pages(requireLarge(memory, now, head, block, "reallocate"));
    boolean done =
        pages <= had ? cut(memory, now, head, had, pages) : extend(memory, now, head, had, pages);
    if (done) {
      heap.largePages.add(pages - had);
    }
    return done;
  }

  private boolean cut(MemorySegment memory, Extents extents, long page, long had, long pages)
      throws HeapDamagedException {
    if (pages < had) {
      long rest = page + pages;
      table.setLast(memory, extents, rest, had - pages, false);
      table.setHead(memory, extents, rest, PageTable.TRANSIT, 0, had - pages);
      table.setLast(memory, extents, page, pages, false);
      table.setHead(memory, extents, page, LARGE, 0, pages);
      runs.giveUsed(memory, extents, rest, had - pages, SpaceOfRegion.seconds());
    }
    return true;
  }

  private boolean extend(MemorySegment memory, Extents extents, long page, long had, long pages)
      throws HeapDamagedException {
    long next = page + had;
    if (next >= extents.end(extents.find(page))) {
      return false;
    }
    long word = table.head(memory, extents, next);
    long rest = had + PageTable.pages(word) - pages;
    if (PageTable.kind(word) != PageTable.FREE || rest < 0) {
      return false; // pages without their space are not worth the trouble
    }
    long state = PageTable.state(memory, extents.descriptor(next));
    runs.remove(memory, extents, next, word);
    if (rest > 0) {
      runs.insert(memory, extents, page + pages, rest, PageTable.FREE, state);
    }
    table.setHead(memory, extents, page, LARGE, 0, pages);
    // Last: it may overwrite the head of a run of one page that is a part of this one now.
    VarHandle.storeStoreFence();
    table.setLast(memory, extents, page, pages, false);
    return true;
  }
}
