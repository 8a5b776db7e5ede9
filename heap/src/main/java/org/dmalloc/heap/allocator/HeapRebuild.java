/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.heap.HeapDamagedException;
import org.dmalloc.heap.HeapReport;
import org.dmalloc.heap.HeapReport.Finding;

/**
 * Makes lists, counts and owners anew from heads and bitmaps. A repair also mends heads: pages of
 * which nothing is known are put into quarantine, for good.
 */
final class HeapRebuild extends HeapScan {
  /** A repair goes through all pages before it, for it, and after it. */
  private static final int PASSES = 3;

  private final boolean mends;

  // The free run that is being put together.
  private long freeStart;
  private long freeLength;
  private int freeKind;

  private HeapRebuild(
      Allocator heap, MemorySegment memory, ProgressListener progress, boolean mends) {
    super(heap, memory, progress);
    this.mends = mends;
  }

  /**
   * Makes lists, counts and owners; of a heap that is read-only counts alone.
   *
   * @return how many blocks are allocated
   * @throws HeapDamagedException if a head or bitmap is damaged; {@link #repair} goes on there
   */
  static long rebuild(Allocator heap, MemorySegment memory) throws HeapDamagedException {
    HeapRebuild scan = new HeapRebuild(heap, memory, ProgressListener.NONE, false);
    scan.makeAnew();
    if (!scan.findings.isEmpty()) {
      Finding first = scan.findings.getFirst();
      throw new HeapDamagedException(
          "open heap",
          heap.region.toString(),
          first.offset(),
          first.what(),
          "run heap repair",
          null);
    }
    return scan.liveBlocks;
  }

  /**
   * Mends what {@link HeapCheck} finds, as far as that frees no block. Until it has come to its end
   * the heap is stopped.
   *
   * @param progress may end it; before the first change that leaves the heap as it was
   */
  static HeapReport repair(Allocator heap, MemorySegment memory, ProgressListener progress) {
    HeapReport before = HeapCheck.of(heap, memory, pass(progress, 0));
    heap.stop(
        new HeapDamagedException(
            "repair", heap.toString(), -1, "its repair was ended", "run heap repair again", null));
    memory.set(LONG, HeapHeader.STATE, HeapHeader.OPEN); // the lists that a close saved are void
    new HeapRebuild(heap, memory, pass(progress, 1), true).makeAnew();
    heap.header().write(memory);
    HeapReport after = HeapCheck.of(heap, memory, pass(progress, 2));
    Set<Finding> left = new HashSet<>(after.findings());
    List<Finding> all = new ArrayList<>();
    for (Finding finding : before.findings()) {
      if (!left.contains(finding)) {
        all.add(new Finding(finding.offset(), finding.what(), true));
      }
    }
    all.addAll(after.findings());
    return new HeapReport(
        all, after.liveBlocks(), after.liveBytes(), after.freeBytes(), after.checkedPages());
  }

  private static ProgressListener pass(ProgressListener all, int pass) {
    return (done, total) -> all.progressed(pass * total + done, PASSES * total);
  }

  private void makeAnew() {
    if (mends) {
      heap.rootsChanged(false);
      Roots.removeDamaged(memory, heap.header().seed());
    }
    heap.runs.clear();
    heap.largeBlocks.reset();
    heap.largePages.reset();
    for (BlockCache cache : heap.caches) {
      cache.clear();
    }
    eachRun();
    if (!heap.readOnly) {
      heap.listed();
    }
  }

  @Override
  void unknown(int extent, long page, long length) {
    if (mends) {
      flushFree();
      int kind = page == extents.first(extent) ? PageTable.TABLES : PageTable.QUARANTINED;
      table.setLast(memory, extents, page, length, false);
      table.setHead(memory, extents, page, kind, 0, length);
    }
  }

  @Override
  void extentEnds() {
    flushFree();
  }

  @Override
  void run(int extent, long page, long word) {
    long length = PageTable.pages(word);
    switch (PageTable.kind(word)) {
      case PageTable.FREE -> takeFree(page, length, PageTable.FREE);
      case PageTable.HOLES, PageTable.TRANSIT -> takeFree(page, length, PageTable.HOLES);
      case PageTable.SPAN -> takeSpan(extent, page, word);
      case PageTable.LARGE -> {
        flushFree();
        // A process may have been killed before it came to that.
        if (!heap.readOnly && !endsWell(extent, page, length)) {
          table.setLast(memory, extents, page, length, false);
        }
        heap.largeBlocks.increment();
        heap.largePages.add(length);
        liveBlocks++;
        liveBytes += length << PAGE_SHIFT;
      }
      default -> {
        flushFree();
        if (mends) {
          table.setLast(memory, extents, page, length, false);
        }
      }
    }
  }

  private void takeFree(long page, long length, int kind) {
    if (freeLength == 0) {
      freeStart = page;
      freeKind = kind;
    }
    freeLength += length;
    freeKind = Math.max(freeKind, kind);
  }

  private void flushFree() {
    if (freeLength > 0) {
      if (heap.readOnly) {
        heap.runs.count(freeLength, freeKind);
      } else {
        long state = PageTable.freeState(SpaceOfRegion.seconds(), false);
        heap.runs.insert(memory, extents, freeStart, freeLength, freeKind, state);
      }
      freePages += freeLength;
      freeLength = 0;
    }
  }

  private void takeSpan(int extent, long page, long word) {
    int c = PageTable.sizeClass(word);
    long bitmap = extents.bitmap(extent, page);
    int used = ClassSpans.countUsed(memory, c, bitmap);
    if (used < 0) {
      foundAt(page, "the bitmap of a span has blocks that it has no room for");
      if (!mends) {
        return;
      }
      clearInvalidBits(c, bitmap);
      used = ClassSpans.countUsed(memory, c, bitmap);
    }
    if (used == 0) {
      if (!heap.readOnly) {
        // Inside of a larger free run its head would be taken for that of blocks after a damage.
        table.setHead(memory, extents, page, PageTable.FREE, 0, PageTable.pages(word));
      }
      takeFree(page, PageTable.pages(word), PageTable.FREE);
      return;
    }
    flushFree();
    if (mends) {
      for (int i = 1; i < SizeClasses.spanPages(c); i++) {
        long expected = table.word(page + i, PageTable.INTERIOR, 0, i);
        memory.set(LONG, extents.descriptor(extent, page + i), expected);
      }
    }
    long descriptor = extents.descriptor(extent, page);
    long state = PageTable.state(memory, descriptor);
    int owner = PageTable.owner(state);
    if (owner >= BlockCache.COUNT) {
      owner = (int) (page % BlockCache.COUNT);
    }
    long right = PageTable.state(used, owner);
    if (state != right && !heap.readOnly) {
      PageTable.setState(memory, descriptor, right);
    }
    ClassSpans spans = heap.caches[owner].of(c);
    spans.count(used, 1);
    if (used < SizeClasses.capacity(c) && !heap.readOnly) {
      PageTable.link(memory, extents, page, spans.partial());
      spans.setPartial(page);
    }
    liveBlocks += used;
    liveBytes += (long) used * SizeClasses.bytes(c);
  }

  private void clearInvalidBits(int c, long bitmap) {
    for (int word = 0; word < SizeClasses.words(c); word++) {
      long bits = memory.get(LONG, bitmap + word * 8L);
      memory.set(LONG, bitmap + word * 8L, bits & SizeClasses.validBits(c, word));
    }
  }
}
