/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE;
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
import org.jspecify.annotations.Nullable;

/**
 * Goes through all runs of a heap, one after the other. With all locks of the heap held, or before
 * anybody else has it.
 *
 * <p><b>What is trusted.</b> The first words of heads, and the bitmaps. Lists, counts, owners and
 * the marks of last pages are made anew from them ({@link #rebuild}, {@link #repair}) or held
 * against them ({@link #check}). A head that is damaged hides how long its run is: what follows is
 * taken for unknown up to the next head of blocks, as those are never left behind where they do not
 * hold any more, while heads of free runs are. Such pages are put into quarantine, for good.
 */
final class HeapScan {
  private static final int MOST_FINDINGS = 1_000;

  /** How many pages are looked at between two calls of a listener. */
  private static final int TOLD_EVERY = 256;

  private final Allocator heap;
  private final MemorySegment memory;
  private final Extents extents;
  private final PageTable table;
  private final List<Finding> findings = new ArrayList<>();
  private final boolean mends;
  private ProgressListener progress = ProgressListener.NONE;
  private long toldAtPage;

  private long liveBlocks;
  private long liveBytes;
  private long freePages;
  private long pages;

  /** Spans with free blocks that caches do not allocate from. */
  private long partialSpans;

  // The free run that is being put together while lists are rebuilt.
  private long freeStart;
  private long freeLength;
  private int freeKind;

  private HeapScan(Allocator heap, MemorySegment memory, boolean mends) {
    this.heap = heap;
    this.memory = memory;
    this.extents = heap.extents();
    this.table = heap.table;
    this.mends = mends;
  }

  /**
   * Makes lists, counts and owners from heads and bitmaps; of a heap that is read-only counts
   * alone.
   *
   * @return how many blocks are allocated
   * @throws HeapDamagedException if a head or bitmap is damaged; {@link #repair} goes on there
   */
  static long rebuild(Allocator heap, MemorySegment memory) throws HeapDamagedException {
    HeapScan scan = new HeapScan(heap, memory, false);
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

  /** Looks at everything, and changes nothing. */
  static HeapReport check(Allocator heap, MemorySegment memory) {
    return check(heap, memory, ProgressListener.NONE);
  }

  static HeapReport check(Allocator heap, MemorySegment memory, ProgressListener progress) {
    HeapScan scan = new HeapScan(heap, memory, false);
    scan.progress = progress;
    scan.checkHeader();
    scan.checkRuns();
    if (heap.isListed()) {
      scan.checkLists();
    }
    return scan.report();
  }

  /** Mends what {@link #check} would find, as far as that frees no block. */
  static HeapReport repair(Allocator heap, MemorySegment memory) {
    HeapReport before = check(heap, memory);
    HeapScan scan = new HeapScan(heap, memory, true);
    scan.makeAnew();
    heap.header().write(memory);
    HeapReport after = check(heap, memory);
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

  private HeapReport report() {
    return new HeapReport(findings, liveBlocks, liveBytes, freePages << PAGE_SHIFT, pages);
  }

  private void found(long offset, String what) {
    if (findings.size() < MOST_FINDINGS) {
      findings.add(new Finding(offset, what, false));
    }
  }

  private void foundAt(long page, String what) {
    found(page << PAGE_SHIFT, what);
  }

  // --- the chain of runs ---

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

  /** Takes a run. */
  @FunctionalInterface
  private interface Run {
    void at(int extent, long page, long word);
  }

  private void eachRun(Run good) {
    for (int extent = 0; extent < extents.count(); extent++) {
      long end = extents.end(extent);
      long page = extents.first(extent);
      pages += extents.pages(extent);
      while (page < end) {
        long word = memory.get(LONG, extents.descriptor(extent, page));
        String flaw = flaw(extent, page, word);
        if (flaw == null) {
          good.at(extent, page, word);
          page += PageTable.pages(word);
        } else {
          foundAt(page, flaw);
          page = unknown(extent, page, end);
        }
      }
      flushFree();
    }
  }

  /**
   * Goes on behind a head that is damaged.
   *
   * @return the next head that can be relied on, or the extent's end
   */
  private long unknown(int extent, long page, long end) {
    long next = page + 1;
    if (page == extents.first(extent)) {
      next = page + Extents.tablePages(extents.pages(extent));
    } else {
      while (next < end && !beginsBlocks(extent, next)) {
        next++;
      }
    }
    if (mends) {
      flushFree();
      int kind = page == extents.first(extent) ? PageTable.TABLES : PageTable.QUARANTINED;
      table.setLast(memory, extents, page, next - page, false);
      table.setHead(memory, extents, page, kind, 0, next - page);
    }
    return next;
  }

  private boolean beginsBlocks(int extent, long page) {
    long word = memory.get(LONG, extents.descriptor(extent, page));
    int kind = PageTable.kind(word);
    return (kind == PageTable.SPAN || kind == PageTable.LARGE || kind == PageTable.QUARANTINED)
        && flaw(extent, page, word) == null;
  }

  // --- making anew ---

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
    eachRun(this::take);
    if (!heap.readOnly) {
      heap.listed();
    }
  }

  private void take(int extent, long page, long word) {
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
    int used = BlockCache.countUsed(memory, c, bitmap);
    if (used < 0) {
      foundAt(page, "the bitmap of a span has blocks that it has no room for");
      if (!mends) {
        return;
      }
      clearInvalidBits(c, bitmap);
      used = BlockCache.countUsed(memory, c, bitmap);
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
    BlockCache cache = heap.caches[owner];
    cache.blocks[c] += used;
    cache.spans[c]++;
    if (used < SizeClasses.capacity(c) && !heap.readOnly) {
      PageTable.link(memory, extents, page, cache.partial(c));
      cache.setPartial(c, page);
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

  // --- checking ---

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

  private void checkRuns() {
    eachRun(
        (extent, page, word) -> {
          if (page >= toldAtPage + TOLD_EVERY) {
            toldAtPage = page;
            progress.progressed(page << PAGE_SHIFT, memory.byteSize());
          }
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
        });
  }

  private boolean has(int extent, long page, int kind, long number) {
    return memory.get(LONG, extents.descriptor(extent, page)) == table.word(page, kind, 0, number);
  }

  private void checkEnd(int extent, long page, long length) {
    if (!endsWell(extent, page, length)) {
      foundAt(page + length - 1, "the mark at the end of a run is damaged");
    }
  }

  private boolean endsWell(int extent, long page, long length) {
    return length == 1 || has(extent, page + length - 1, PageTable.INTERIOR, length - 1);
  }

  private void checkSpan(int extent, long page, long word) {
    int c = PageTable.sizeClass(word);
    for (int i = 1; i < SizeClasses.spanPages(c); i++) {
      if (!has(extent, page + i, PageTable.INTERIOR, i)) {
        foundAt(page + i, "the descriptor of a later page of a span is damaged");
      }
    }
    int used = BlockCache.countUsed(memory, c, extents.bitmap(extent, page));
    if (used < 0) {
      foundAt(page, "the bitmap of a span has blocks that it has no room for");
      return;
    }
    liveBlocks += used;
    liveBytes += (long) used * SizeClasses.bytes(c);
    long state = PageTable.state(memory, extents.descriptor(extent, page));
    int owner = PageTable.owner(state);
    if (used < SizeClasses.capacity(c)
        && (owner >= BlockCache.COUNT || !isCurrent(owner, c, page))) {
      partialSpans++;
    }
    if (owner >= BlockCache.COUNT) {
      foundAt(page, "a span is said to belong to cache " + owner);
    } else if (PageTable.used(state) != used && !isCurrent(owner, c, page)) {
      foundAt(
          page,
          "the bitmap of a span has "
              + used
              + " blocks, its descriptor says "
              + PageTable.used(state));
    }
  }

  private boolean isCurrent(int owner, int c, long page) {
    return heap.caches[owner].current(c) == page;
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
    for (long page = first(cache.partial(c)); page != 0; ) {
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
    }
    return count;
  }
}
