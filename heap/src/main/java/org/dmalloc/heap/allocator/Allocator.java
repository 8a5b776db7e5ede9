/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.INTERIOR;
import static org.dmalloc.heap.allocator.PageTable.LARGE;
import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.dmalloc.heap.allocator.PageTable.SPAN;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.heap.DoubleFreeException;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapDamagedException;
import org.dmalloc.heap.HeapOptions;
import org.jspecify.annotations.Nullable;

/**
 * The allocator: size classes by {@link BlockCache}, pages by {@link FreeRuns}.
 *
 * <p><b>Threads.</b> An allocation takes one of the caches that its thread's number leads to, or
 * the next that is not in use; a free takes that which owns the span. Both hold its lock for some
 * bitmap operations. Pages are taken and given back under the lock of the free runs, which is taken
 * inside that of a cache.
 *
 * <p><b>Sections.</b> Each call is one access section on the region, opened before any lock is
 * taken: a mover waits for sections with the gate shut, and so whoever holds a lock must never wait
 * for the gate. A section of an earlier growth shows less than others know of, which {@link #RETRY}
 * is for.
 *
 * <p><b>Damage.</b> What contradicts itself ends all allocating and freeing until a repair.
 */
final class Allocator {
  /** The section's segment is older than the extents: open another one. */
  static final long RETRY = -1;

  /** No block. */
  static final long NONE = BlockCache.NONE;

  private static final long MOST_ALIGNMENT = Heap.MAX_ALIGNMENT;

  /** A cache is worth its spans only where the heap has so much for each. */
  private static final long BYTES_PER_CACHE = 2L << 20;

  private static final int CACHES_PER_PROCESSOR = 8;

  /** How often others may take what is freed for an allocation, before that fails. */
  private static final int MOST_TRIES = 100;

  final MemoryRegion region;
  final HeapOptions options;
  final boolean readOnly;
  final PageTable table;
  final FreeRuns runs;
  final BlockCache[] caches = new BlockCache[BlockCache.COUNT];
  final LongAdder largeBlocks = new LongAdder();
  final LongAdder largePages = new LongAdder();
  private final SpaceOfRegion space;

  /** Held while the space of a run is given back. */
  private final SpinLock punching = new SpinLock();

  private volatile boolean listed;
  private volatile boolean rootsChanged;
  private volatile HeapHeader header;
  private volatile Extents extents;
  private volatile int cacheMask;

  /** Why nothing may be done any more; null while all is well. */
  private volatile @Nullable Stopped stopped;

  /** Closed, or damaged. */
  record Stopped(@Nullable HeapDamagedException damage) {}

  /** Why there is no room, for the exception that says so. */
  static final class Shortage {
    String reason = "";
    String nextStep = "free blocks, or give the region more space";
    @Nullable MemoryException cause;
  }

  Allocator(MemoryRegion region, HeapOptions options, HeapHeader header) {
    this.region = region;
    this.options = options;
    this.readOnly = region.info().access() == AccessMode.READ_ONLY;
    this.table = new PageTable(header.seed());
    this.runs = new FreeRuns(table);
    this.space = new SpaceOfRegion(region, options);
    this.header = header;
    this.extents = header.extents();
    for (int i = 0; i < caches.length; i++) {
      caches[i] = new BlockCache(i, table);
    }
    publish(header);
  }

  @Override
  public String toString() {
    return "heap in " + region;
  }

  Extents extents() {
    return extents;
  }

  HeapHeader header() {
    return header;
  }

  SpaceOfRegion space() {
    return space;
  }

  /**
   * Whether free runs and spans with free blocks are in lists, as they are unless it is read-only.
   */
  boolean isListed() {
    return listed;
  }

  /** The lists are there. */
  void listed() {
    listed = true;
  }

  /** Whether the roots were not what the heap was closed with. */
  boolean rootsChanged() {
    return rootsChanged;
  }

  void rootsChanged(boolean changed) {
    rootsChanged = changed;
  }

  /** Shows a larger heap to all. */
  void publish(HeapHeader newHeader) {
    header = newHeader;
    extents = newHeader.extents();
    long worth = Math.max(1, extents.byteSize() / BYTES_PER_CACHE);
    long most = (long) Runtime.getRuntime().availableProcessors() * CACHES_PER_PROCESSOR;
    int count = (int) Math.min(BlockCache.COUNT, Math.min(worth, most));
    cacheMask = Integer.highestOneBit(count) - 1;
  }

  // --- what ends a heap ---

  boolean isStopped() {
    return stopped != null;
  }

  void stop(@Nullable HeapDamagedException damage) {
    stopped = new Stopped(damage);
  }

  /** After a repair. */
  void goOn() {
    stopped = null;
  }

  void requireRunning() throws HeapDamagedException {
    Stopped why = stopped;
    if (why != null) {
      throw refusal(why);
    }
  }

  private RuntimeException refusal(Stopped why) throws HeapDamagedException {
    HeapDamagedException damage = why.damage;
    if (damage == null) {
      return new IllegalStateException(this + " is closed");
    }
    throw new HeapDamagedException(
        "heap",
        toString(),
        damage.offset(),
        "it is stopped, as it is damaged: " + damage.getMessage() + ";",
        "run heap repair",
        damage);
  }

  void requireWritable(String operation) {
    if (readOnly) {
      throw new IllegalStateException(
          operation + " in " + this + ": the region is read-only; open it for writing");
    }
  }

  /** Ends all use if what was thrown leaves the tables half changed, or shows that they are bad. */
  private void failed(Throwable t) {
    if (t instanceof HeapDamagedException damage) {
      stop(damage);
    } else if (t instanceof Error || t instanceof IndexOutOfBoundsException) {
      stop(
          new HeapDamagedException(
              "heap", toString(), 0, "a call ended in its middle: " + t, "run heap repair", t));
    }
  }

  /**
   * A page could not be read or written: the file was cut short, or the device failed. Such an
   * error comes anywhere, and may leave locks held that nobody else would unlock.
   */
  VirtualMachineError lost(VirtualMachineError error) {
    failed(error);
    for (BlockCache cache : caches) {
      cache.unlockIfHeld();
    }
    runs.unlockIfHeld();
    punching.unlockIfHeld();
    return error;
  }

  // --- allocating ---

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
        failed(t);
        throw t;
      } finally {
        cache.unlock();
      }
    } catch (VirtualMachineError e) {
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
        reclaim();
      } else if (block == NONE && !grow(pages + aligned - 1, shortage)) {
        block = c >= 0 ? pagesOfItsOwn(byteSize, shortage) : NONE;
        if (block != NONE || ++tries == MOST_TRIES || !hasRun(pages + aligned - 1)) {
          return block;
        }
      }
    }
  }

  /** Whether others have freed enough meanwhile. */
  private boolean hasRun(long pages) throws MemoryException {
    Extents now = extents;
    try (Access access = region.acquire()) {
      runs.lock();
      try {
        return extents == now && runs.largest(access.segment(), now) >= pages;
      } finally {
        runs.unlock();
      }
    } catch (VirtualMachineError e) {
      throw lost(e);
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

  /**
   * Throws if the region is shorter than the heap: a section that was opened after the extents were
   * read shows all of them unless others have made the region smaller.
   */
  private void requireRegion() throws HeapDamagedException {
    long byteSize = extents.byteSize();
    try (Access access = region.acquire()) {
      if (access.segment().byteSize() < byteSize) {
        HeapDamagedException damage =
            new HeapDamagedException(
                "heap",
                toString(),
                access.segment().byteSize(),
                "the heap has " + byteSize + " bytes, and its region was made smaller",
                "make the region as large as it was",
                null);
        stop(damage);
        throw damage;
      }
    }
  }

  private long pagesOf(long byteSize) {
    return (byteSize >>> PAGE_SHIFT) + ((byteSize & (PAGE - 1)) == 0 ? 0 : 1);
  }

  private long small(int c, long byteSize, boolean anywhere, Shortage shortage)
      throws MemoryException {
    try (Access access = region.acquire()) {
      MemorySegment memory = access.segment();
      BlockCache cache = lockCache();
      try {
        if (extents.byteSize() > memory.byteSize()) {
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
            cache.use(memory, extents, c, page);
            block = cache.allocate(memory, extents, c, byteSize, note);
          }
        }
        if (block != NONE || !anywhere) {
          return block;
        }
      } catch (Throwable t) {
        failed(t);
        throw t;
      } finally {
        cache.unlock();
      }
      return fromAny(memory, c, byteSize);
    } catch (VirtualMachineError e) {
      throw lost(e);
    }
  }

  /** Takes over a span with free blocks from a cache that nobody uses at the moment. */
  private boolean steal(MemorySegment memory, int c, BlockCache to) throws HeapDamagedException {
    for (int i = 1; i < caches.length; i++) {
      BlockCache from = caches[(to.number + i) & (caches.length - 1)];
      if (from.partial(c) != 0 && from.tryLock()) {
        try {
          if (extents.byteSize() > memory.byteSize()) {
            return false; // taking pages finds that out, too
          }
          if (from.handOver(memory, extents, c, to)) {
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
      cache.lock();
      try {
        if (extents.byteSize() > memory.byteSize()) {
          return RETRY;
        }
        requireRunning();
        long block = cache.allocate(memory, extents, c, byteSize, HeapHeader.note(cache.number));
        if (block != NONE) {
          return block;
        }
      } catch (Throwable t) {
        failed(t);
        throw t;
      } finally {
        cache.unlock();
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
        failed(t);
        throw t;
      } finally {
        cache.unlock();
      }
    } catch (VirtualMachineError e) {
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
      if (extents.byteSize() > memory.byteSize()) {
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
      shortage.reason = "the space that free pages had given back cannot be had again";
      shortage.nextStep = "make room on the disk";
      shortage.cause = e;
      giveRun(-page, pages, PageTable.HOLES);
      return NONE;
    } catch (RuntimeException e) {
      giveRun(-page, pages, PageTable.HOLES);
      throw e;
    }
  }

  /**
   * Gives pages back that are not in use. In a section of its own: that of the caller may be older
   * than the extents, and a thread that has one open gets another at once.
   */
  private void giveRun(long page, long pages, int kind) throws HeapDamagedException {
    runs.lock();
    try (Access access = region.acquire()) {
      long state = PageTable.freeState(SpaceOfRegion.seconds(), false);
      runs.give(access.segment(), extents, page, pages, kind, state);
    } finally {
      runs.unlock();
    }
  }

  /** Makes the region larger, or takes over what others made it larger by. */
  private boolean grow(long pages, Shortage shortage) throws MemoryException {
    long end = extents.end();
    if (pages >= 1L << 32) {
      shortage.reason = "no heap has so much";
      return false;
    }
    space.grow(extents, pages, shortage);
    try (Access access = region.acquire()) {
      MemorySegment memory = access.segment();
      runs.lock();
      try {
        requireRunning();
        if (extents.end() != end) {
          return true; // another thread was quicker
        }
        HeapHeader larger = Growth.adopt(memory, header, table, runs, shortage);
        if (larger != null) {
          publish(larger);
        }
        return larger != null;
      } catch (Throwable t) {
        failed(t);
        throw t;
      } finally {
        runs.unlock();
      }
    } catch (VirtualMachineError e) {
      throw lost(e);
    }
  }

  // --- finding a block ---

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
        operation + " " + block + ": no block of " + this + " begins there");
  }

  private DoubleFreeException notAllocated(long block, String operation) {
    return new DoubleFreeException(
        operation + " " + block + " in " + this + ": it is not allocated", block);
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
    Extents now = extents;
    try (Access access = region.acquire()) {
      MemorySegment memory = access.segment();
      requireRunning();
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
    } catch (VirtualMachineError e) {
      throw lost(e);
    }
  }

  // --- freeing ---

  /** Frees a block. */
  void free(long block) throws MemoryException {
    boolean done = false;
    while (!done) {
      Extents now = extents; // read first: the section then shows all of them
      try (Access access = region.acquire()) {
        done = free(access.segment(), now, block);
      } catch (VirtualMachineError e) {
        throw lost(e);
      }
    }
  }

  /** False if something changed meanwhile, and it is to be tried again in another section. */
  private boolean free(MemorySegment memory, Extents now, long block) throws MemoryException {
    if (stopped != null) {
      requireRunning();
    }
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
      requireRunning();
      throw notAllocated(block, "free");
    }
    int owner = PageTable.owner(PageTable.state(memory, descriptor));
    BlockCache cache = caches[owner & (BlockCache.COUNT - 1)];
    cache.lock();
    try {
      if (stopped != null) {
        requireRunning();
      }
      if (extents != now
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
      if ((memory.get(LONG, wordOffset) & bit) == 0) {
        throw notAllocated(block, "free");
      }
      if (cache.free(memory, now, c, head, descriptor, wordOffset, bit)) {
        giveRun(head, SizeClasses.spanPages(c), PageTable.FREE);
      }
      return true;
    } catch (Throwable t) {
      failed(t);
      throw t;
    } finally {
      cache.unlock();
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
    runs.lock();
    try {
      requireRunning();
      if (extents != now) {
        return false;
      }
      long pages = PageTable.pages(requireLarge(memory, now, head, block, "free"));
      runs.giveUsed(memory, now, head, pages, SpaceOfRegion.seconds());
      largeBlocks.decrement();
      largePages.add(-pages);
      return true;
    } catch (Throwable t) {
      failed(t);
      throw t;
    } finally {
      runs.unlock();
    }
  }

  // --- other sizes ---

  /** Gives a large block another number of pages where it is; false if that is not possible. */
  boolean resizeInPlace(long block, long byteSize) throws MemoryException {
    if (byteSize <= SizeClasses.LARGEST) {
      return false;
    }
    long pages = pagesOf(byteSize);
    Extents now = extents;
    try (Access access = region.acquire()) {
      MemorySegment memory = access.segment();
      requireOffset(now, block, "reallocate");
      long head = block >>> PAGE_SHIFT;
      runs.lock();
      try {
        requireRunning();
        PageTable.requireStores(memory);
        if (extents != now) {
          return false;
        }
        long word = memory.get(LONG, now.descriptor(head));
        if (PageTable.kind(word) == SPAN || PageTable.kind(word) == INTERIOR) {
          return false; // a small block
        }
        long had = PageTable.pages(requireLarge(memory, now, head, block, "reallocate"));
        boolean done =
            pages <= had ? cut(memory, head, had, pages) : extend(memory, head, had, pages);
        if (done) {
          largePages.add(pages - had);
        }
        return done;
      } catch (Throwable t) {
        failed(t);
        throw t;
      } finally {
        runs.unlock();
      }
    } catch (VirtualMachineError e) {
      throw lost(e);
    }
  }

  private boolean cut(MemorySegment memory, long page, long had, long pages)
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

  private boolean extend(MemorySegment memory, long page, long had, long pages)
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

  // --- giving back ---

  /** Gives back the spans without blocks that caches keep. */
  void reclaim() throws MemoryException {
    try (Access access = region.acquire()) {
      for (BlockCache cache : caches) {
        cache.lock();
        try {
          if (extents.byteSize() > access.segment().byteSize()) {
            return;
          }
          requireRunning();
          reclaim(access.segment(), cache);
        } catch (Throwable t) {
          failed(t);
          throw t;
        } finally {
          cache.unlock();
        }
      }
      joinRuns();
    } catch (VirtualMachineError e) {
      throw lost(e);
    }
  }

  private void joinRuns() throws MemoryException {
    runs.lock();
    try (Access access = region.acquire()) { // at once: the caller has one open
      runs.joinAll(access.segment(), extents);
    } catch (Throwable t) {
      failed(t);
      throw t;
    } finally {
      runs.unlock();
    }
  }

  /** Gives back the spans without blocks of a cache whose lock the caller holds. */
  void reclaim(MemorySegment memory, BlockCache cache) throws MemoryException {
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      if (cache.isIdle(c)) {
        giveSpan(c, cache.retire(memory, extents, c));
      }
      for (long page; (page = cache.takeEmpty(memory, extents, c)) != 0; ) {
        giveSpan(c, page);
      }
    }
  }

  /** The same for a cache that nobody uses, unless the section is too old or the heap stopped. */
  void reclaimIdle(MemorySegment memory, BlockCache cache) throws MemoryException {
    if (stopped == null && extents.byteSize() <= memory.byteSize()) {
      try {
        reclaim(memory, cache);
      } catch (Throwable t) {
        failed(t);
        throw t;
      }
    }
  }

  private void giveSpan(int c, long page) throws HeapDamagedException {
    if (page != 0) {
      giveRun(page, SizeClasses.spanPages(c), PageTable.FREE);
    }
  }

  /**
   * Gives back the space of runs that are free for long enough.
   *
   * @param leastBytes the shortest run
   * @param sinceSeconds the latest moment at which it may have come free
   * @return bytes given back
   */
  long punch(long leastBytes, long sinceSeconds) throws MemoryException {
    long punched = 0;
    long least = Math.max(1, leastBytes >>> PAGE_SHIFT);
    while (!readOnly && space.punches()) {
      long pages = punchOne(least, sinceSeconds);
      if (pages == 0) {
        break;
      }
      punched += pages << PAGE_SHIFT;
    }
    return punched;
  }

  private long punchOne(long least, long sinceSeconds) throws MemoryException {
    try (Access access = region.acquire()) {
      punching.lock();
      try {
        return punchOne(access.segment(), least, sinceSeconds);
      } finally {
        punching.unlock();
      }
    } catch (VirtualMachineError e) {
      throw lost(e);
    }
  }

  private long punchOne(MemorySegment memory, long least, long sinceSeconds)
      throws MemoryException {
    long page;
    long pages;
    runs.lock();
    try {
      if (extents.byteSize() > memory.byteSize()) {
        return 0;
      }
      requireRunning();
      page = runs.takeUnpunched(memory, extents, least, sinceSeconds);
      if (page == 0) {
        return 0;
      }
      pages = PageTable.pages(table.head(memory, extents, page));
    } catch (Throwable t) {
      failed(t);
      throw t;
    } finally {
      runs.unlock();
    }
    boolean done = false;
    try {
      done = space.punch(page, pages);
    } finally {
      putBack(page, pages, done);
    }
    return done ? pages : 0;
  }

  private void putBack(long page, long pages, boolean punched) throws HeapDamagedException {
    runs.lock();
    try (Access access = region.acquire()) {
      long state = PageTable.freeState(SpaceOfRegion.seconds(), punched);
      runs.give(access.segment(), extents, page, pages, PageTable.HOLES, state);
    } catch (Throwable t) {
      failed(t);
      throw t;
    } finally {
      runs.unlock();
    }
  }

  // --- everything at once ---

  /** A piece of work that nobody else may be at work beside. */
  @FunctionalInterface
  interface Alone<T> {
    T run(MemorySegment memory) throws MemoryException;
  }

  /** Runs it with all locks held, in one section: a move of the region waits for it. */
  <T> T alone(Alone<T> work) throws MemoryException {
    while (true) {
      try (Access access = region.acquire()) {
        punching.lock();
        Arrays.stream(caches).forEach(SpinLock::lock);
        runs.lock();
        try {
          if (extents.byteSize() <= access.segment().byteSize()) {
            return work.run(access.segment());
          }
        } finally {
          runs.unlock();
          Arrays.stream(caches).forEach(SpinLock::unlock);
          punching.unlock();
        }
        requireRegion();
      } catch (VirtualMachineError e) {
        throw lost(e);
      }
    }
  }

  /** Puts all spans of all caches into their lists. With all locks held. */
  void retireAll(MemorySegment memory) throws HeapDamagedException {
    long state = PageTable.freeState(SpaceOfRegion.seconds(), false);
    for (BlockCache cache : caches) {
      for (int c = 0; c < SizeClasses.COUNT; c++) {
        int pages = SizeClasses.spanPages(c);
        long page = cache.retire(memory, extents, c);
        if (page != 0) {
          runs.give(memory, extents, page, pages, PageTable.FREE, state);
        }
        while ((page = cache.takeEmpty(memory, extents, c)) != 0) {
          runs.give(memory, extents, page, pages, PageTable.FREE, state);
        }
      }
    }
  }
}
