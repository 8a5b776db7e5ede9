/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.dmalloc.heap.HeapDamagedException;
import org.jspecify.annotations.Nullable;

/**
 * A span whose use is known on the Java heap, so that to allocate from it and to free to it changes
 * its bitmap, and nothing else of the region. It is a place that has one span after the other, all
 * of one class and one cache.
 *
 * <p>What a call needs is in this one object: each step from one object to the next is one that the
 * processor waits for. All methods are called with the lock of the cache held, except where it says
 * otherwise.
 */
final class WarmSpan {
  /** Where no span is, and none ever will be. */
  static final WarmSpan NONE = new WarmSpan();

  /** The place of each number; the number is what the state of a span has. */
  static final class Places {
    private static final int SOME = 64;

    private volatile WarmSpan[] all = filled(new WarmSpan[SOME], 0);
    private int count = 1; // the first is NONE, so that 0 is the number of spans that are not warm

    private static WarmSpan[] filled(WarmSpan[] places, int from) {
      Arrays.fill(places, from, places.length, NONE);
      return places;
    }

    synchronized WarmSpan add(ClassSpans spans, int slot) {
      WarmSpan place = new WarmSpan(spans, count, slot);
      WarmSpan[] now = all;
      if (count == now.length) {
        now = filled(Arrays.copyOf(now, 2 * count), count);
      }
      now[count++] = place;
      all = now;
      return place;
    }

    /** The place that the state of a span leads to. Without a lock. */
    WarmSpan of(long state) {
      int number = PageTable.warmNumber(state);
      WarmSpan[] now = all;
      return number < now.length ? now[number] : NONE;
    }
  }

  final int number;

  /** Which of its class it is. */
  final int slot;

  private final @Nullable ClassSpans spans;
  private final @Nullable BlockCache cache;
  private final int blockBytes;
  private final int capacity;
  private final long reciprocal;

  /** The span's first page; 0 while there is none. */
  private long page;

  /** Where its bitmap is. */
  private long bitmap;

  /** Which word of the bitmap is allocated from. */
  private int word;

  /** Allocated blocks. */
  private int used;

  /** Where that word is. */
  private long wordOffset;

  /** The bits of that word that stand for blocks. */
  private long valid;

  /** Free blocks of that word. */
  private long free;

  /** Where the first block of that word is. */
  private long firstBlock;

  // Of all spans that were here.
  private long allocations;
  private long frees;
  private long requested;

  private WarmSpan() {
    number = 0;
    slot = 0;
    spans = null;
    cache = null;
    blockBytes = SizeClasses.bytes(0);
    capacity = 0;
    reciprocal = 0;
  }

  private WarmSpan(ClassSpans spans, int number, int slot) {
    this.number = number;
    this.slot = slot;
    this.spans = spans;
    this.cache = spans.cache;
    this.blockBytes = SizeClasses.bytes(spans.sizeClass);
    this.capacity = SizeClasses.capacity(spans.sizeClass);
    this.reciprocal = SizeClasses.reciprocal(spans.sizeClass);
  }

  /** The cache of its span; null for {@link #NONE}. Without the lock. */
  @Nullable BlockCache cache() {
    return cache;
  }

  @Nullable ClassSpans spans() {
    return spans;
  }

  long page() {
    return page;
  }

  long bitmap() {
    return bitmap;
  }

  int used() {
    return used;
  }

  boolean hasNone() {
    return page == 0;
  }

  boolean isFull() {
    return used == capacity;
  }

  boolean isEmpty() {
    return page != 0 && used == 0;
  }

  long allocations() {
    return allocations;
  }

  long frees() {
    return frees;
  }

  long requested() {
    return requested;
  }

  // --- allocating ---

  /** Whether the word that is allocated from has a free block. */
  boolean isReady() {
    return free != 0;
  }

  /**
   * Allocates a block of a span that is {@linkplain #isReady ready}.
   *
   * @param note where the region keeps the block that was handed out last
   */
  long take(MemorySegment memory, long byteSize, long note) {
    PageTable.requireStores(memory);
    long bits = free;
    long rest = bits & (bits - 1);
    long block = firstBlock + (long) Long.numberOfTrailingZeros(bits) * blockBytes;
    memory.set(LONG, note, block);
    memory.set(LONG, wordOffset, valid & ~rest);
    free = rest;
    used++;
    allocations++;
    requested += byteSize;
    return block;
  }

  /** Goes on to the next word that has a free block, if the span has one. */
  void makeReady(MemorySegment memory, int sizeClass) throws HeapDamagedException {
    int words = SizeClasses.words(sizeClass);
    for (int i = 0; i < words && free == 0; i++) {
      word = word + 1 < words ? word + 1 : 0;
      wordOffset = bitmap + word * 8L;
      firstBlock = (page << PAGE_SHIFT) + ((long) word << 6) * blockBytes;
      valid = SizeClasses.validBits(sizeClass, word);
      free = ~memory.get(LONG, wordOffset) & valid;
    }
    if (free == 0) {
      throw PageTable.damaged(page, "the bitmap of a span has more blocks than were counted");
    }
  }

  // --- freeing ---

  /**
   * Which block of the span begins at an offset from the span's start; −1 if none. Without the
   * lock.
   */
  int indexOf(long offset) {
    int index = (int) ((offset * reciprocal) >>> SizeClasses.RECIPROCAL_SHIFT);
    return index >= 0 && index < capacity && (long) index * blockBytes == offset ? index : -1;
  }

  /** Frees a block; false if it is not allocated. */
  boolean free(MemorySegment memory, int index) {
    PageTable.requireStores(memory);
    long offset = bitmap + (index >>> 6) * 8L;
    long bit = 1L << index;
    long bits = memory.get(LONG, offset);
    if ((bits & bit) == 0) {
      return false;
    }
    memory.set(LONG, offset, bits & ~bit);
    free |= wordOffset == offset ? bit : 0;
    used--;
    frees++;
    return true;
  }

  // --- one span after the other ---

  /** Takes a span with a free block. */
  void begin(long firstPage, long bitmapOffset, int usedBlocks, int words) {
    page = firstPage;
    bitmap = bitmapOffset;
    used = usedBlocks;
    word = words - 1;
    wordOffset = 0;
    free = 0;
  }

  /** Has no span any more. */
  void end() {
    page = 0;
    used = 0;
    wordOffset = 0;
    free = 0;
  }
}
