/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.INTERIOR;
import static org.dmalloc.heap.allocator.PageTable.LARGE;
import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.dmalloc.heap.allocator.PageTable.SPAN;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapDamagedException;
import org.dmalloc.heap.HeapOptions;
import org.jspecify.annotations.Nullable;

/**
 * Allocates: blocks of size classes by {@link BlockCache}, pages by {@link FreeRuns}. {@link
 * BlockRelease} frees, {@link Reclaim} gives back what nobody uses.
 *
 * <p><b>Threads.</b> An allocation takes one of the caches that its thread's number leads to, or
 * the next that is not in use; a free takes that which owns the span. Both hold its lock for some
 * bitmap operations. Pages are taken and given back under the lock of the free runs, which is taken
 * inside that of a cache.
 */
final class Allocator extends HeapTables {
  /** The section's segment is older than the extents: open another one. */
  static final long RETRY = -1;

  /** No block. */
  static final long NONE = BlockCache.NO_BLOCK;

  private static final long MOST_ALIGNMENT = Heap.MAX_ALIGNMENT;

  /** A cache is worth its spans only where the heap has so much for each. */
  private static final long BYTES_PER_CACHE = 2L << 20;

  private static final int CACHES_PER_PROCESSOR = 8;

  /** How often others may take what is freed for an allocation, before that fails. */
  private static final int MOST_TRIES = 100;

  /** Finds blocks, and frees them. */
  final BlockRelease blocks = new BlockRelease(this);

  final Reclaim reclaim;
  private final SpaceOfRegion space;
  private volatile int cacheMask;

  /** Why there is no room, and what is free instead, for the exception that says so. */
  static final class Shortage {
    long freePages;
    long largestRun;

    /** Whether there are free pages that would do, and their space cannot be had. */
    boolean noSpace;

    String reason = "";
    String nextStep = "free blocks, or give the region more space";
    @Nullable MemoryException cause;
  }

  Allocator(MemoryRegion region, HeapOptions options, HeapHeader header) {
    super(region, options, header);
    this.space = new SpaceOfRegion(region, options);
    this.reclaim = new Reclaim(this, space);
    this.cacheMask = cacheMask(header.extents());
  }

  private static int cacheMask(Extents extents) {
    long worth = Math.max(1, extents.byteSize() / BYTES_PER_CACHE);
    long most = (long) Runtime.getRuntime().availableProcessors() * CACHES_PER_PROCESSOR;
    int count = (int) Math.min(BlockCache.COUNT, Math.min(worth, most));
    return Integer.highestOneBit(count) - 1;
  }

  @Override
  void publish(HeapHeader newHeader) {
    super.publish(newHeader);
    cacheMask = cacheMask(newHeader.extents());
  }

  /** A block of a size class by the quick way; {@link #NONE} or {@link #RETRY} if there is none. */
  long quick(int c, long byteSize) throws MemoryException {
    try (Access access = region.acquire()) {
      MemorySegment memory = access.segment();
      BlockCache cache = lockCache();
      try {
        Extents now = extents;
        if (now.byteSize() > memory.byteSize()) {
          return RETRY;
        }
        if (stopped != null) {
          requireRunning();
        }
        return cache.allocate(memory, now, c, byteSize, HeapHeader.note(cache.number));
      } catch (Throwable t) {
        if (t instanceof Error) {
          stopped = CUT;
        }
        failed(t);
        throw t;
      } finally {
        cache.unlock();
      }
    } catch (VirtualMachineError e) {
      stopped = CUT;
      throw lost(e);
    }
  }

  private BlockCache lockCache() {
    long id = Thread.currentThread().threadId();
    int mask = cacheMask;
    int first = (int) ((id * 0x9E37_79B9_7F4A_7C15L) >>> 40);
    BlockCache cache = caches[first & mask];
    return cache.tryLock() ? cache : lockAnother(cache, first, mask);
  }

  private BlockCache lockAnother(BlockCache own, int first, int mask) {
    for (int i = 1; i <= Math.min(3, mask); i++) {
      BlockCache other = caches[(first + i) & mask];
      if (other.tryLock()) {
        return other;
      }
    }
    own.lock();
    return own;
  }

  /**
   * Allocates a block.
   *
   * @param alignment a power of two
   * @param phase what is added to the offset before it is to be aligned, in bytes
   * @param shortage is told why there is no room
   * @return {@link #NONE} if there is none
   */
  long allocate(long byteSize, long alignment, long phase, Shortage shortage)
      throws MemoryException {
    requireWritable("allocate");
    if (byteSize < 1) {
      throw new IllegalArgumentException(
          "allocate " + byteSize + " bytes in " + this + "; give at least 1");
    }
    if (alignment < 1 || Long.bitCount(alignment) != 1 || alignment > MOST_ALIGNMENT) {
      throw new IllegalArgumentException(
          "alignment " + alignment + "; give a power of two of at most " + MOST_ALIGNMENT);
    }
    int c = -1;
    if (byteSize <= SizeClasses.LARGEST && alignment <= PAGE) {
      c = SizeClasses.of(byteSize, alignment);
    }
    long pages = c >= 0 ? SizeClasses.spanPages(c) : pagesOf(byteSize);
    long aligned = c >= 0 ? 1 : Math.max(1, alignment >>> PAGE_SHIFT);
    boolean reclaimed = false;
    int tries = 0;
    while (true) {
      shortage.noSpace = false;
      long block =
          c >= 0
              ? small(c, byteSize, reclaimed, shortage)
              : large(pages, aligned, phase >>> PAGE_SHIFT, shortage);
      if (block == NONE && reclaimed && byteSize >= PAGE && c >= 0) {
        block = pagesOfItsOwn(byteSize, shortage); // spans of such blocks are long
      }
      if (block > 0) {
        return block;
      }
      if (block == RETRY) {
        requireRegion();
      }
      if (block == NONE && !reclaimed) {
        reclaimed = true;
        reclaim.all();
      } else if (block == NONE && !grow(pages + aligned - 1, shortage)) {
        block = c >= 0 ? pagesOfItsOwn(byteSize, shortage) : NONE;
        boolean again = block == NONE && hasRun(pages + aligned - 1, shortage);
        if (!again || shortage.noSpace || ++tries == MOST_TRIES) {
          return block;
        }
      }
    }
  }

  /**
   * Whether others have freed enough meanwhile, or made the heap larger; else notes what is free.
   * Waits for a run that is about to be free again, as its space has been given back.
   */
  private boolean hasRun(long pages, Shortage shortage) throws MemoryException {
    return section(
        memory ->
            locked(punching, () -> locked(runs, () -> isOld(memory) || look(pages, shortage))));
  }

  private boolean look(long pages, Shortage shortage) throws MemoryException {
    try (Access access = region.acquire()) { // at once: the caller has one open
      MemorySegment memory = access.segment();
      if (runs.mayJoin()) {
        runs.joinAll(memory, extents);
      }
      shortage.freePages = runs.freePages();
      shortage.largestRun = runs.largest(memory, extents);
      return shortage.largestRun >= pages;
    }
  }

  /** A small block as a large one, where there is no run for a span. */
  private long pagesOfItsOwn(long byteSize, Shortage shortage) throws MemoryException {
    long block;
    do {
      block = large(pagesOf(byteSize), 1, 0, shortage);
      if (block == RETRY) {
        requireRegion();
      }
    } while (block == RETRY);
    return block;
  }

  static long pagesOf(long byteSize) {
    return (byteSize >>> PAGE_SHIFT) + ((byteSize & (PAGE - 1)) == 0 ? 0 : 1);
  }

  private long small(int c, long byteSize, boolean anywhere, Shortage shortage)
      throws MemoryException {
    try (Access access = region.acquire()) {
      MemorySegment memory = access.segment();
      BlockCache cache = lockCache();
      try {
        if (isOld(memory)) {
          return RETRY;
        }
        requireRunning();
        long note = HeapHeader.note(cache.number);
        long block = cache.allocate(memory, extents, c, byteSize, note);
        if (block == NONE && steal(memory, c, cache)) {
          block = cache.allocate(memory, extents, c, byteSize, note);
        }
        if (block == NONE) {
          long page = newSpan(memory, c, cache.number, shortage);
          if (page == RETRY) {
            return RETRY;
          }
          if (page != NONE) {
            cache.of(c).use(memory, extents, page);
            block = cache.allocate(memory, extents, c, byteSize, note);
          }
        }
        if (block != NONE || !anywhere) {
          return block;
        }
      } catch (Throwable t) {
        if (t instanceof Error) {
          stopped = CUT;
        }
        failed(t);
        throw t;
      } finally {
        cache.unlock();
      }
      return fromAny(memory, c, byteSize);
    } catch (VirtualMachineError e) {
      stopped = CUT;
      throw lost(e);
    }
  }

  /** Takes over a span with free blocks from a cache that nobody uses at the moment. */
  private boolean steal(MemorySegment memory, int c, BlockCache to) throws HeapDamagedException {
    for (int i = 1; i < caches.length; i++) {
      BlockCache from = caches[(to.number + i) & (caches.length - 1)];
      if (from.of(c).partial() != 0 && from.tryLock()) {
        try {
          if (isOld(memory)) {
            return false; // taking pages finds that out, too
          }
          if (from.of(c).handOver(memory, extents, to.of(c))) {
            return true;
          }
        } finally {
          from.unlock();
        }
      }
    }
    return false;
  }

  /** A block of whichever cache has one, where there are no pages for another span. */
  private long fromAny(MemorySegment memory, int c, long byteSize) throws MemoryException {
    for (BlockCache cache : caches) {
      if (!cache.mayHaveFree(c)) {
        continue;
      }
      long note = HeapHeader.note(cache.number);
      long block =
          locked(
              cache,
              () -> {
                requireRunning();
                return isOld(memory) ? RETRY : cache.allocate(memory, extents, c, byteSize, note);
              });
      if (block != NONE) {
        return block;
      }
    }
    return NONE;
  }

  private long newSpan(MemorySegment memory, int c, int owner, Shortage shortage)
      throws MemoryException {
    int pages = SizeClasses.spanPages(c);
    long page = takeRun(memory, pages, 1, 0, shortage);
    if (page == NONE || page == RETRY) {
      return page;
    }
    Extents now = extents;
    int extent = now.find(page);
    long bitmap = now.bitmap(extent, page);
    memory.asSlice(bitmap, SizeClasses.words(c) * 8L).fill((byte) 0);
    for (int i = 1; i < pages; i++) {
      memory.set(LONG, now.descriptor(extent, page + i), table.word(page + i, INTERIOR, 0, i));
    }
    long descriptor = now.descriptor(extent, page);
    PageTable.setLinks(memory, descriptor, 0, 0);
    PageTable.setState(memory, descriptor, PageTable.state(0, owner));
    table.setHead(memory, now, page, SPAN, c, pages);
    return page;
  }

  private long large(long pages, long alignment, long phase, Shortage shortage)
      throws MemoryException {
    try (Access access = region.acquire()) {
      MemorySegment memory = access.segment();
      BlockCache cache = lockCache(); // so that whoever is alone sees no run that is being taken
      try {
        long page = takeRun(memory, pages, alignment, phase, shortage);
        if (page == NONE || page == RETRY) {
          return page;
        }
        long block = page << PAGE_SHIFT;
        memory.set(LONG, HeapHeader.largeNote(cache.number), block);
        table.setHead(memory, extents, page, LARGE, 0, pages);
        largeBlocks.increment();
        largePages.add(pages);
        return block;
      } catch (Throwable t) {
        if (t instanceof Error) {
          stopped = CUT;
        }
        failed(t);
        throw t;
      } finally {
        cache.unlock();
      }
    } catch (VirtualMachineError e) {
      stopped = CUT;
      throw lost(e);
    }
  }

  /** Takes pages, with their space; they are in transit then. */
  private long takeRun(
      MemorySegment memory, long pages, long alignment, long phase, Shortage shortage)
      throws MemoryException {
    long page;
    runs.lock();
    try {
      if (isOld(memory)) {
        return RETRY;
      }
      requireRunning();
      if (pages > extents.end()) {
        return NONE;
      }
      page = runs.take(memory, extents, pages, alignment, phase);
    } finally {
      runs.unlock();
    }
    if (page >= 0) {
      return page;
    }
    try {
      space.reserve(-page, pages);
      return -page;
    } catch (MemoryException e) {
      shortage.noSpace = true;
      shortage.reason = "the space that free pages had given back cannot be had again";
      shortage.nextStep = "make room on the disk";
      shortage.cause = e;
      giveRun(-page, pages, PageTable.HOLES, true);
    } catch (RuntimeException e) {
      giveRun(-page, pages, PageTable.HOLES, true);
      throw e;
    }
    runs.lock();
    try {
      if (isOld(memory)) {
        return RETRY;
      }
      requireRunning();
      return runs.takeWithSpace(memory, extents, pages, alignment, phase);
    } finally {
      runs.unlock();
    }
  }

  /**
   * Gives pages back that are not in use. In a section of its own: that of the caller may be older
   * than the extents, and a thread that has one open gets another at once.
   */
  void giveRun(long page, long pages, int kind) throws HeapDamagedException {
    giveRun(page, pages, kind, false);
  }

  private void giveRun(long page, long pages, int kind, boolean untouched)
      throws HeapDamagedException {
    runs.lock();
    try (Access access = region.acquire()) {
      long state = PageTable.freeState(SpaceOfRegion.seconds(), untouched);
      runs.give(access.segment(), extents, page, pages, kind, state);
    } finally {
      runs.unlock();
    }
  }

  /** Makes the region larger, or takes over what others made it larger by. */
  private boolean grow(long pages, Shortage first) throws MemoryException {
    Shortage shortage = first.noSpace ? new Shortage() : first; // that it cannot grow is no news
    long end = extents.end();
    if (pages >= 1L << 32) {
      shortage.reason = "no heap has so much";
      return false;
    }
    space.grow(extents, pages, shortage);
    return section(
        memory ->
            locked(
                runs,
                () -> {
                  requireRunning();
                  if (extents.end() != end) {
                    return true; // another thread was quicker
                  }
                  HeapHeader larger = NewExtent.adopt(memory, header(), table, runs, shortage);
                  if (larger != null) {
                    publish(larger);
                  }
                  return larger != null;
                }));
  }
}
