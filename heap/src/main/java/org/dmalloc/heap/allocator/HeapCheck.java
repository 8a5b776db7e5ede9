/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.SizeClasses.PAGE;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.heap.HeapDamagedException;
import org.dmalloc.heap.HeapReport;

/** Looks at everything, and changes nothing. */
final class HeapCheck extends HeapScan {
  /** Spans with free blocks that are not warm. */
  private long partialSpans;

  private HeapCheck(Allocator heap, MemorySegment memory, ProgressListener progress) {
    super(heap, memory, progress);
  }

  static HeapReport of(Allocator heap, MemorySegment memory, ProgressListener progress) {
    HeapCheck scan = new HeapCheck(heap, memory, progress);
    scan.checkHeader();
    scan.eachRun();
    if (heap.isListed()) {
      scan.checkLists();
    }
    return scan.report();
  }

  @Override
  void unknown(int extent, long page, long length) {}

  @Override
  void extentEnds() {}

  private void checkHeader() {
    for (int copy = 0; copy < HeapHeader.COPIES; copy++) {
      long offset = (long) copy * PAGE;
      HeapHeader.flaw(memory, copy).ifPresent(flaw -> found(offset, "a header copy " + flaw));
    }
    Roots.flaws(memory, heap.header().seed()).forEach(this::found);
    if (heap.rootsChanged()) {
      found(HeapHeader.ROOTS, "the roots are not those that the heap was closed with");
    }
  }

  @Override
  void run(int extent, long page, long word) {
    long length = PageTable.pages(word);
    switch (PageTable.kind(word)) {
      case PageTable.FREE, PageTable.HOLES -> {
        freePages += length;
        long last = page + length - 1;
        if (length > 1 && !has(extent, last, PageTable.TAIL, length)) {
          foundAt(last, "the mark at the end of a free run is damaged");
        }
      }
      case PageTable.SPAN -> checkSpan(extent, page, word);
      case PageTable.LARGE -> {
        liveBlocks++;
        liveBytes += length << PAGE_SHIFT;
        checkEnd(extent, page, length);
      }
      case PageTable.QUARANTINED ->
          foundAt(page, length + " pages are in quarantine, after damage to their head");
      case PageTable.TRANSIT -> foundAt(page, length + " pages are in transit");
      default -> checkEnd(extent, page, length);
    }
  }

  private void checkEnd(int extent, long page, long length) {
    if (!endsWell(extent, page, length)) {
      foundAt(page + length - 1, "the mark at the end of a run is damaged");
    }
  }

  private void checkSpan(int extent, long page, long word) {
    int c = PageTable.sizeClass(word);
    for (int i = 1; i < SizeClasses.spanPages(c); i++) {
      if (!has(extent, page + i, PageTable.INTERIOR, i)) {
        foundAt(page + i, "the descriptor of a later page of a span is damaged");
      }
    }
    int used = ClassSpans.countUsed(memory, c, extents.bitmap(extent, page));
    if (used < 0) {
      foundAt(page, "the bitmap of a span has blocks that it has no room for");
      return;
    }
    liveBlocks += used;
    liveBytes += (long) used * SizeClasses.bytes(c);
    long state = PageTable.state(memory, extents.descriptor(extent, page));
    int owner = PageTable.owner(state);
    if (used < SizeClasses.capacity(c) && (owner >= BlockCache.COUNT || !isWarm(owner, c, page))) {
      partialSpans++;
    }
    if (owner >= BlockCache.COUNT) {
      foundAt(page, "a span is said to belong to cache " + owner);
    } else if (PageTable.used(state) != used && !isWarm(owner, c, page)) {
      foundAt(
          page,
          "the bitmap of a span has "
              + used
              + " blocks, its descriptor says "
              + PageTable.used(state));
    }
  }

  private boolean isWarm(int owner, int c, long page) {
    return heap.caches[owner].of(c).isWarm(page);
  }

  /** Every free run, and every span with free blocks, is in its list, and nothing else is. */
  private void checkLists() {
    try {
      long listed = 0;
      for (int list = 0; list < FreeRuns.ALL_LISTS; list++) {
        for (long page = first(heap.runs.first(list)); page != 0; ) {
          long word = table.head(memory, extents, page);
          long state = PageTable.state(memory, extents.descriptor(page));
          if (!PageTable.isFree(word) || FreeRuns.list(PageTable.pages(word), state) != list) {
            foundAt(page, "the list of free runs " + list + " has a run that is none of its size");
          }
          listed += PageTable.pages(word);
          page = PageTable.following(memory, extents, page);
          followed();
        }
      }
      if (listed != freePages) {
        found(0, listed + " pages are in lists of free runs, " + freePages + " are free");
      }
      long partials = 0;
      for (BlockCache cache : heap.caches) {
        for (int c = 0; c < SizeClasses.COUNT; c++) {
          partials += checkPartials(cache, c);
        }
      }
      if (partials != partialSpans) {
        found(0, partials + " spans are in lists of caches, " + partialSpans + " have free blocks");
      }
    } catch (HeapDamagedException e) {
      found(e.offset(), "a list cannot be followed: " + e.getMessage());
    }
  }

  private long first(long page) throws HeapDamagedException {
    if (page != 0
        && (!extents.has(page) || PageTable.previous(memory, extents.descriptor(page)) != 0)) {
      throw PageTable.damaged(page, "the links of its run are damaged");
    }
    return page;
  }

  /** Returns how many there are. */
  private long checkPartials(BlockCache cache, int c) throws HeapDamagedException {
    long count = 0;
    for (long page = first(cache.of(c).partial()); page != 0; ) {
      long word = table.head(memory, extents, page);
      long state = PageTable.state(memory, extents.descriptor(page));
      if (PageTable.kind(word) != PageTable.SPAN
          || PageTable.sizeClass(word) != c
          || PageTable.owner(state) != cache.number
          || PageTable.used(state) >= SizeClasses.capacity(c)) {
        foundAt(page, "a list of spans of class " + c + " has a run that does not belong there");
      }
      count++;
      page = PageTable.following(memory, extents, page);
      followed();
    }
    return count;
  }
}
