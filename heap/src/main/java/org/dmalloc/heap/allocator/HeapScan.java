/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.heap.HeapReport;
import org.dmalloc.heap.HeapReport.Finding;
import org.jspecify.annotations.Nullable;

/**
 * Goes through all runs of a heap, one after the other. With all locks of the heap held, or before
 * anybody else has it.
 *
 * <p><b>What is trusted.</b> The first words of heads, and the bitmaps. Lists, counts, owners and
 * the marks of last pages are made anew from them ({@link HeapRebuild}) or held against them
 * ({@link HeapCheck}). A head that is damaged hides how long its run is: what follows is taken for
 * unknown up to the next head of blocks, as those are never left behind where they do not hold any
 * more, while heads of free runs are.
 */
abstract sealed class HeapScan permits HeapCheck, HeapRebuild {
  private static final int MOST_FINDINGS = 1_000;

  /** How many pages or links are looked at between two calls of a listener. */
  private static final int TOLD_EVERY = 256;

  final Allocator heap;
  final MemorySegment memory;
  final Extents extents;
  final PageTable table;
  final List<Finding> findings = new ArrayList<>();
  private final ProgressListener progress;
  private long toldAtPage;
  private long linksSinceTold;

  long liveBlocks;
  long liveBytes;
  long freePages;
  private long pages;

  /**
   * A scan of a heap.
   *
   * @param progress what it throws ends the scan
   */
  HeapScan(Allocator heap, MemorySegment memory, ProgressListener progress) {
    this.heap = heap;
    this.memory = memory;
    this.extents = heap.extents();
    this.table = heap.table;
    this.progress = progress;
  }

  final HeapReport report() {
    return new HeapReport(findings, liveBlocks, liveBytes, freePages << PAGE_SHIFT, pages);
  }

  final void found(long offset, String what) {
    if (findings.size() < MOST_FINDINGS) {
      findings.add(new Finding(offset, what, false));
    }
  }

  final void foundAt(long page, String what) {
    found(page << PAGE_SHIFT, what);
  }

  /** Why a head cannot be one, in words; null if it can. */
  private @Nullable String flaw(int extent, long page, long word) {
    if (!table.isValid(page, word)) {
      return "the descriptor of its page is damaged";
    }
    long length = PageTable.pages(word);
    int kind = PageTable.kind(word);
    boolean known =
        switch (kind) {
          case PageTable.FREE,
              PageTable.HOLES,
              PageTable.SPAN,
              PageTable.LARGE,
              PageTable.TRANSIT,
              PageTable.QUARANTINED ->
              true;
          case PageTable.TABLES ->
              page == extents.first(extent) && length == Extents.tablePages(extents.pages(extent));
          default -> false;
        };
    boolean fits = length >= 1 && length <= extents.end(extent) - page;
    if (!known || !fits) {
      return "a run of kind " + kind + " and " + length + " pages cannot begin here";
    }
    if (kind == PageTable.SPAN) {
      int c = PageTable.sizeClass(word);
      if (c >= SizeClasses.COUNT || length != SizeClasses.spanPages(c)) {
        return "a span of class " + c + " cannot have " + length + " pages";
      }
    }
    return page == extents.first(extent) && kind != PageTable.TABLES
        ? "an extent does not begin with its tables"
        : null;
  }

  /** Takes a run, whose head can be one. */
  abstract void run(int extent, long page, long word);

  /** Takes pages of which nothing is known, as their head is damaged. */
  abstract void unknown(int extent, long page, long length);

  /** All runs of an extent were there. */
  abstract void extentEnds();

  final void eachRun() {
    for (int extent = 0; extent < extents.count(); extent++) {
      long end = extents.end(extent);
      long page = extents.first(extent);
      pages += extents.pages(extent);
      while (page < end) {
        if (page >= toldAtPage + TOLD_EVERY) {
          toldAtPage = page;
          tell();
        }
        long word = memory.get(LONG, extents.descriptor(extent, page));
        String flaw = flaw(extent, page, word);
        if (flaw == null) {
          run(extent, page, word);
          page += PageTable.pages(word);
        } else {
          foundAt(page, flaw);
          long next = behindUnknown(extent, page, end);
          unknown(extent, page, next - page);
          page = next;
        }
      }
      extentEnds();
    }
  }

  private void tell() {
    progress.progressed(toldAtPage << PAGE_SHIFT, memory.byteSize());
  }

  /** Lists take long where their runs lie on a disk: they can be ended, too. */
  final void followed() {
    if (++linksSinceTold >= TOLD_EVERY) {
      linksSinceTold = 0;
      tell();
    }
  }

  /** The next head behind a damaged one that can be relied on, or the extent's end. */
  private long behindUnknown(int extent, long page, long end) {
    if (page == extents.first(extent)) {
      return page + Extents.tablePages(extents.pages(extent));
    }
    long next = page + 1;
    while (next < end && !beginsBlocks(extent, next)) {
      next++;
    }
    return next;
  }

  private boolean beginsBlocks(int extent, long page) {
    long word = memory.get(LONG, extents.descriptor(extent, page));
    int kind = PageTable.kind(word);
    return (kind == PageTable.SPAN || kind == PageTable.LARGE || kind == PageTable.QUARANTINED)
        && flaw(extent, page, word) == null;
  }

  final boolean has(int extent, long page, int kind, long number) {
    return memory.get(LONG, extents.descriptor(extent, page)) == table.word(page, kind, 0, number);
  }

  final boolean endsWell(int extent, long page, long length) {
    return length == 1 || has(extent, page + length - 1, PageTable.INTERIOR, length - 1);
  }
}
