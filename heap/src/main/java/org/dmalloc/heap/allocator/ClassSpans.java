/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.dmalloc.heap.HeapDamagedException;

/**
 * The spans of one size class that a cache owns. Up to {@value #WARM} of them are {@linkplain
 * WarmSpan warm}. Of the others those with free blocks are in a list through their descriptors;
 * those without are in none.
 *
 * <p>The state of a warm span says which one it is, by which a free finds it. The count of blocks
 * there is out of date meanwhile.
 *
 * <p>All methods are called with the lock of the cache held, but for those that add up counts.
 */
final class ClassSpans {
  /** How many spans of a class are warm at most. */
  static final int WARM = 8;

  private static final WarmSpan[] NO_SPANS = {};

  final int sizeClass;
  final BlockCache cache;
  private final PageTable table;
  private final WarmSpan.Places places;
  private final int capacity;

  private WarmSpan[] warm = NO_SPANS;

  /** A bit for each warm span that has free blocks, and maybe for the current one. */
  private int roomy;

  /** Which warm span is to make room next. */
  private int victim;

  /** The first span with free blocks that is not warm; 0 if there is none. */
  private long partial;

  /** How many spans of the list have no block. */
  private int empties;

  // What statistics are made of, beside what was done to warm spans.
  private long taken;
  private long spans;

  ClassSpans(int sizeClass, BlockCache cache, PageTable table, WarmSpan.Places places) {
    this.sizeClass = sizeClass;
    this.cache = cache;
    this.table = table;
    this.places = places;
    this.capacity = SizeClasses.capacity(sizeClass);
  }

  // --- counts ---

  /** Allocated blocks of spans that the cache owns. */
  long blocks() {
    long blocks = taken;
    for (WarmSpan each : warm) {
      blocks += each.allocations() - each.frees();
    }
    return blocks;
  }

  long spans() {
    return spans;
  }

  long allocations() {
    long allocations = 0;
    for (WarmSpan each : warm) {
      allocations += each.allocations();
    }
    return allocations;
  }

  /** Bytes that allocations asked for. */
  long requested() {
    long requested = 0;
    for (WarmSpan each : warm) {
      requested += each.requested();
    }
    return requested;
  }

  /** Counts blocks and spans that were found. */
  void count(long moreBlocks, long moreSpans) {
    taken += moreBlocks;
    spans += moreSpans;
  }

  // --- what it has ---

  long partial() {
    return partial;
  }

  void setPartial(long page) {
    partial = page;
  }

  boolean isWarm(long page) {
    for (WarmSpan each : warm) {
      if (each.page() == page) {
        return true;
      }
    }
    return false;
  }

  boolean hasWarm() {
    return !current().hasNone();
  }

  /** The span that is allocated from. */
  private WarmSpan current() {
    return cache.current(sizeClass);
  }

  /** Whether the span that is allocated from has no block; no other warm one stays so. */
  boolean isIdle() {
    return current().isEmpty();
  }

  boolean hasEmpty() {
    return isIdle() || empties != 0;
  }

  boolean hasFree() {
    WarmSpan span = current();
    return partial != 0 || roomy != 0 || (!span.hasNone() && !span.isFull());
  }

  // --- allocating ---

  /**
   * Finds a span with a free block, and makes it ready.
   *
   * @return it is the current one now; {@link WarmSpan#NONE} if there is none
   */
  WarmSpan refill(MemorySegment memory, Extents extents) throws HeapDamagedException {
    WarmSpan span = current();
    if (span.isFull()) {
      roomy &= ~(1 << span.slot);
    }
    if (span.hasNone() || span.isFull()) {
      if (roomy != 0) {
        span = warm[Integer.numberOfTrailingZeros(roomy)];
        cache.setCurrent(sizeClass, span);
      } else if (partial != 0) {
        span = adopt(memory, extents);
      } else {
        return WarmSpan.NONE;
      }
    }
    span.makeReady(memory, sizeClass);
    return span;
  }

  /** Takes the first span of the list out, to allocate from it. */
  private WarmSpan adopt(MemorySegment memory, Extents extents) throws HeapDamagedException {
    PageTable.requireStores(memory);
    long page = partial;
    long word = table.head(memory, extents, page);
    int extent = extents.find(page);
    long state = PageTable.state(memory, extents.descriptor(extent, page));
    if (PageTable.kind(word) != PageTable.SPAN
        || PageTable.sizeClass(word) != sizeClass
        || PageTable.owner(state) != cache.number) {
      throw PageTable.damaged(page, "a list of spans leads to a page that is none of its class");
    }
    int used = countUsed(memory, sizeClass, extents.bitmap(extent, page));
    if (used != PageTable.used(state) || used >= capacity) {
      throw PageTable.damaged(
          page,
          "the bitmap of a span has "
              + used
              + " blocks of "
              + capacity
              + ", its descriptor says "
              + PageTable.used(state));
    }
    partial = PageTable.unlink(memory, extents, page, page);
    empties -= used == 0 ? 1 : 0;
    return warm(memory, extents, page, used);
  }

  /** Allocates from a span that is new, and all free, from now on. */
  void use(MemorySegment memory, Extents extents, long page) throws HeapDamagedException {
    spans++;
    warm(memory, extents, page, 0);
  }

  /** Blocks that the bitmap has; −1 if it has some that the span has no room for. */
  static int countUsed(MemorySegment memory, int c, long bitmap) {
    int used = 0;
    for (int word = 0; word < SizeClasses.words(c); word++) {
      long bits = memory.get(LONG, bitmap + word * 8L);
      if ((bits & ~SizeClasses.validBits(c, word)) != 0) {
        return -1;
      }
      used += Long.bitCount(bits);
    }
    return used;
  }

  // --- warm and not ---

  /** Makes a span warm and current, where none that is warm has a free block. */
  private WarmSpan warm(MemorySegment memory, Extents extents, long page, int used) {
    WarmSpan span = place(memory, extents);
    int extent = extents.find(page);
    PageTable.setState(
        memory,
        extents.descriptor(extent, page),
        PageTable.state(used, cache.number) | PageTable.warm(span.number));
    span.begin(page, extents.bitmap(extent, page), used, SizeClasses.words(sizeClass));
    roomy |= 1 << span.slot;
    cache.setCurrent(sizeClass, span);
    return span;
  }

  /** Room for another warm span. */
  private WarmSpan place(MemorySegment memory, Extents extents) {
    for (WarmSpan each : warm) {
      if (each.hasNone()) {
        return each;
      }
    }
    if (warm.length < WARM) {
      WarmSpan[] more = Arrays.copyOf(warm, warm.length + 1);
      WarmSpan place = places.add(this, warm.length);
      more[warm.length] = place;
      warm = more;
      return place;
    }
    WarmSpan span = warm[victim];
    victim = (victim + 1) % WARM;
    cool(memory, extents, span);
    return span;
  }

  /** Says in the region how many blocks a warm span has; lists it if some are free. */
  private void cool(MemorySegment memory, Extents extents, WarmSpan span) {
    long page = span.page();
    int used = span.used();
    forget(memory, extents, span);
    if (used < capacity) {
      PageTable.link(memory, extents, page, partial);
      partial = page;
      empties += used == 0 ? 1 : 0;
    }
  }

  private void forget(MemorySegment memory, Extents extents, WarmSpan span) {
    PageTable.setState(
        memory, extents.descriptor(span.page()), PageTable.state(span.used(), cache.number));
    roomy &= ~(1 << span.slot);
    span.end();
  }

  /**
   * Leaves no span warm.
   *
   * @return the one that has no block, which the cache has no longer; 0 if all have
   */
  long retire(MemorySegment memory, Extents extents) {
    long empty = 0;
    for (WarmSpan each : warm) {
      if (each.isEmpty() && empty == 0) {
        empty = each.page();
        forget(memory, extents, each);
        spans--;
      } else if (!each.hasNone()) {
        cool(memory, extents, each);
      }
    }
    return empty;
  }

  // --- freeing ---

  /**
   * To be called when a block of a warm span was freed.
   *
   * @return whether the span has no block any more, and is to be given back
   */
  boolean freed(MemorySegment memory, Extents extents, WarmSpan span) throws HeapDamagedException {
    roomy |= 1 << span.slot;
    return span.used() == 0 && span != current() && emptied(memory, extents, span);
  }

  /** One empty span is kept beside the current one. */
  private boolean emptied(MemorySegment memory, Extents extents, WarmSpan span)
      throws HeapDamagedException {
    if (countUsed(memory, sizeClass, span.bitmap()) != 0) {
      throw PageTable.damaged(
          span.page(), "the bitmap of a span has other blocks than were counted");
    }
    boolean last = empties > 0;
    if (last) {
      forget(memory, extents, span);
      spans--;
    } else {
      cool(memory, extents, span);
    }
    return last;
  }

  /**
   * Frees a block of a span that is not warm, whose bit is set.
   *
   * @return whether the span has no block any more, and is to be given back: it is out of the list
   */
  boolean freeCold(
      MemorySegment memory, Extents extents, long page, long descriptor, long wordOffset, long bit)
      throws HeapDamagedException {
    PageTable.requireStores(memory);
    int used = PageTable.used(PageTable.state(memory, descriptor));
    if (used < 1 || used > capacity) {
      throw PageTable.damaged(page, "its span counts " + used + " blocks of " + capacity);
    }
    boolean last = used == 1 && used != capacity && empties > 0; // one is kept
    if (last) {
      requireEmpty(memory, extents, page, wordOffset, bit);
      partial = PageTable.unlink(memory, extents, page, partial);
      spans--;
    } else if (used == capacity) {
      PageTable.link(memory, extents, page, partial);
      partial = page;
    }
    memory.set(LONG, wordOffset, memory.get(LONG, wordOffset) & ~bit);
    PageTable.setState(memory, descriptor, PageTable.state(used - 1, cache.number));
    empties += used == 1 && !last ? 1 : 0;
    taken--;
    return last;
  }

  private void requireEmpty(
      MemorySegment memory, Extents extents, long page, long wordOffset, long bit)
      throws HeapDamagedException {
    long bitmap = extents.bitmap(extents.find(page), page);
    if (countUsed(memory, sizeClass, bitmap) != 1 || memory.get(LONG, wordOffset) != bit) {
      throw PageTable.damaged(page, "the bitmap of a span has other blocks than were counted");
    }
  }

  // --- giving away ---

  /**
   * Hands the first span of the list to the same class of another cache, whose lock the caller
   * holds too.
   *
   * @return whether there was one
   */
  boolean handOver(MemorySegment memory, Extents extents, ClassSpans to)
      throws HeapDamagedException {
    long page = partial;
    if (page == 0) {
      return false;
    }
    PageTable.requireStores(memory);
    table.head(memory, extents, page);
    long descriptor = extents.descriptor(page);
    int used = PageTable.used(PageTable.state(memory, descriptor));
    partial = PageTable.unlink(memory, extents, page, page);
    PageTable.setState(memory, descriptor, PageTable.state(used, to.cache.number));
    PageTable.link(memory, extents, page, to.partial);
    to.partial = page;
    empties -= used == 0 ? 1 : 0;
    to.empties += used == 0 ? 1 : 0;
    count(-used, -1);
    to.count(used, 1);
    return true;
  }

  /** Takes an empty span out of the list; 0 if there is none. */
  long takeEmpty(MemorySegment memory, Extents extents) throws HeapDamagedException {
    PageTable.requireStores(memory);
    for (long page = empties == 0 ? 0 : partial; page != 0; ) {
      long descriptor = extents.descriptor(page);
      if (PageTable.used(PageTable.state(memory, descriptor)) == 0) {
        if (countUsed(memory, sizeClass, extents.bitmap(extents.find(page), page)) != 0) {
          throw PageTable.damaged(page, "the bitmap of a span has blocks that were not counted");
        }
        partial = PageTable.unlink(memory, extents, page, partial);
        empties--;
        spans--;
        return page;
      }
      page = PageTable.following(memory, extents, page);
    }
    return 0;
  }

  /** Forgets all spans. */
  void clear() {
    for (WarmSpan each : warm) {
      each.end();
    }
    roomy = 0;
    partial = 0;
    empties = 0;
    count(-blocks(), -spans);
  }
}
