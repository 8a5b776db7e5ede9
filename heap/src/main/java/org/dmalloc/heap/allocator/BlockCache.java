/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import org.dmalloc.heap.HeapDamagedException;

/**
 * The spans of one cache. For each size class it allocates from the <i>current</i> span, and has a
 * list of others that have free blocks; full spans are in no list. A span belongs to one cache from
 * the time it is made, or taken over from another cache, and all changes to its bitmap are made
 * with the lock of that cache held, whichever thread frees.
 *
 * <p>This object is the lock. It knows nothing that could not be found in the region.
 */
final class BlockCache extends SpinLock {
  /** How many there are; threads use as many of them as the heap's size is worth. */
  static final int COUNT = 32;

  /** No block, and nothing in the cache to take one from. */
  static final long NONE = 0;

  /** The span that blocks of a class come from. */
  private static final class Current {
    /** Its first page; 0 while there is none. */
    long page;

    /** Where its bitmap is. */
    long bitmap;

    /** Which word of the bitmap. */
    int word;

    /** Where that word is. */
    long wordOffset;

    /** Where the first block of that word is. */
    long firstBlock;

    /** Free blocks of that word. */
    long free;

    /** Allocated blocks of the span. */
    int used;
  }

  final int number;
  private final PageTable table;
  private final Current[] currents = new Current[SizeClasses.COUNT];
  private final long[] partials = new long[SizeClasses.COUNT];

  /** How many spans in each list have no block. */
  private final int[] empties = new int[SizeClasses.COUNT];

  // What statistics are made of; the blocks and spans are those that this cache owns.
  final long[] blocks = new long[SizeClasses.COUNT];
  final long[] spans = new long[SizeClasses.COUNT];
  final long[] allocations = new long[SizeClasses.COUNT];
  final long[] requested = new long[SizeClasses.COUNT];

  BlockCache(int number, PageTable table, WaitCheck check) {
    super(check);
    this.number = number;
    this.table = table;
    for (int i = 0; i < currents.length; i++) {
      currents[i] = new Current();
    }
  }

  /** The first span with free blocks beside the current one; 0 if there is none. */
  long partial(int c) {
    return partials[c];
  }

  void setPartial(int c, long page) {
    partials[c] = page;
  }

  /** The current span of a class; 0 if there is none. */
  long current(int c) {
    return currents[c].page;
  }

  /**
   * Allocates a block from the current span, or one with free blocks, if this cache has one.
   *
   * @param note where the region keeps the block that was handed out last
   * @return {@link #NONE} if it has none
   */
  long allocate(MemorySegment memory, Extents extents, int c, long byteSize, long note)
      throws HeapDamagedException {
    Current current = currents[c];
    if (current.free == 0 && !refill(memory, extents, c)) {
      return NONE;
    }
    long free = current.free;
    long bit = free & -free;
    long block =
        current.firstBlock + (long) Long.numberOfTrailingZeros(free) * SizeClasses.bytes(c);
    memory.set(LONG, note, block);
    memory.set(LONG, current.wordOffset, memory.get(LONG, current.wordOffset) | bit);
    current.free = free ^ bit;
    current.used++;
    blocks[c]++;
    allocations[c]++;
    requested[c] += byteSize;
    return block;
  }

  /** Finds a word with free blocks, in the current span or another. */
  private boolean refill(MemorySegment memory, Extents extents, int c) throws HeapDamagedException {
    Current current = currents[c];
    if (current.page != 0) {
      if (current.used < SizeClasses.capacity(c)) {
        nextWord(memory, c, current);
        return true;
      }
      drop(memory, extents, c); // it is full, and in no list
    }
    if (partials[c] == 0) {
      return false;
    }
    adopt(memory, extents, c);
    return true;
  }

  /** Goes on to the next word that has a free block. */
  private static void nextWord(MemorySegment memory, int c, Current current)
      throws HeapDamagedException {
    int words = SizeClasses.words(c);
    int word = current.word;
    for (int i = 0; i < words; i++) {
      word = word + 1 < words ? word + 1 : 0;
      long free = ~memory.get(LONG, current.bitmap + word * 8L) & SizeClasses.validBits(c, word);
      if (free != 0) {
        current.word = word;
        current.wordOffset = current.bitmap + word * 8L;
        current.firstBlock =
            (current.page << PAGE_SHIFT) + ((long) word << 6) * SizeClasses.bytes(c);
        current.free = free;
        return;
      }
    }
    throw PageTable.damaged(current.page, "the bitmap of a span has more blocks than were counted");
  }

  /** Makes the first span of the list the current one. */
  private void adopt(MemorySegment memory, Extents extents, int c) throws HeapDamagedException {
    long page = partials[c];
    long word = table.head(memory, extents, page);
    int extent = extents.find(page);
    long descriptor = extents.descriptor(extent, page);
    long state = PageTable.state(memory, descriptor);
    if (PageTable.kind(word) != PageTable.SPAN
        || PageTable.sizeClass(word) != c
        || PageTable.owner(state) != number) {
      throw PageTable.damaged(page, "a list of spans leads to a page that is none of its class");
    }
    long bitmap = extents.bitmap(extent, page);
    int used = countUsed(memory, c, bitmap);
    if (used != PageTable.used(state) || used >= SizeClasses.capacity(c)) {
      throw PageTable.damaged(
          page,
          "the bitmap of a span has "
              + used
              + " blocks of "
              + SizeClasses.capacity(c)
              + ", its descriptor says "
              + PageTable.used(state));
    }
    partials[c] = PageTable.unlink(memory, extents, page, page);
    empties[c] -= used == 0 ? 1 : 0;
    use(memory, c, page, bitmap, used);
  }

  private void use(MemorySegment memory, int c, long page, long bitmap, int used)
      throws HeapDamagedException {
    Current current = currents[c];
    current.page = page;
    current.bitmap = bitmap;
    current.used = used;
    current.word = SizeClasses.words(c) - 1;
    nextWord(memory, c, current);
  }

  /** Makes a span that is new, and all free, the current one. */
  void use(MemorySegment memory, Extents extents, int c, long page) throws HeapDamagedException {
    if (currents[c].page != 0) {
      throw new IllegalStateException("class " + c + " has a current span");
    }
    spans[c]++;
    use(memory, c, page, extents.bitmap(extents.find(page), page), 0);
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

  /** Says in the region how many blocks the current span has, and has none then. */
  private void drop(MemorySegment memory, Extents extents, int c) {
    Current current = currents[c];
    PageTable.setState(
        memory, extents.descriptor(current.page), PageTable.state(current.used, number));
    current.page = 0;
    current.free = 0;
  }

  /**
   * Puts the current span into the list, or takes it out of the cache if it is empty.
   *
   * @return the empty span; 0 if it is not empty, or there is none
   */
  long retire(MemorySegment memory, Extents extents, int c) {
    Current current = currents[c];
    long page = current.page;
    if (page == 0) {
      return 0;
    }
    int used = current.used;
    drop(memory, extents, c);
    if (used == 0) {
      spans[c]--;
      return page;
    }
    if (used < SizeClasses.capacity(c)) {
      PageTable.link(memory, extents, page, partials[c]);
      partials[c] = page;
    }
    return 0;
  }

  /**
   * Grows with each allocation and free, by which an idle cache is known. Without the lock: a value
   * that is out of date makes it busy, or idle, a second later.
   */
  long calls() {
    long sum = 0;
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      sum += 2 * allocations[c] - blocks[c];
    }
    return sum;
  }

  /** Whether a look for empty spans is worth while; without the lock. */
  boolean mayHaveEmpty() {
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      if (isIdle(c) || empties[c] != 0) {
        return true;
      }
    }
    return false;
  }

  /** Whether an allocation of a class is worth a try; without the lock, as above. */
  boolean mayHaveFree(int c) {
    Current current = currents[c];
    return partials[c] != 0 || (current.page != 0 && current.used < SizeClasses.capacity(c));
  }

  /** Whether the current span of a class has no block. */
  boolean isIdle(int c) {
    Current current = currents[c];
    return current.page != 0 && current.used == 0;
  }

  /**
   * Frees a block of a span that this cache owns, whose bit is set.
   *
   * @return whether the span has no block any more, and is to be given back: it is out of the list
   */
  boolean free(
      MemorySegment memory,
      Extents extents,
      int c,
      long page,
      long descriptor,
      long wordOffset,
      long bit)
      throws HeapDamagedException {
    Current current = currents[c];
    if (current.page == page) {
      memory.set(LONG, wordOffset, memory.get(LONG, wordOffset) & ~bit);
      current.used--;
      if (current.wordOffset == wordOffset) {
        current.free |= bit;
      }
      blocks[c]--;
      return false;
    }
    PageTable.requireStores(memory);
    int used = PageTable.used(PageTable.state(memory, descriptor));
    int capacity = SizeClasses.capacity(c);
    if (used < 1 || used > capacity) {
      throw PageTable.damaged(page, "its span counts " + used + " blocks of " + capacity);
    }
    boolean last = used == 1 && used != capacity && empties[c] > 0; // one is kept
    if (last) {
      requireEmpty(memory, extents, c, page, wordOffset, bit);
      partials[c] = PageTable.unlink(memory, extents, page, partials[c]);
      spans[c]--;
    } else if (used == capacity) {
      PageTable.link(memory, extents, page, partials[c]);
      partials[c] = page;
    }
    memory.set(LONG, wordOffset, memory.get(LONG, wordOffset) & ~bit);
    PageTable.setState(memory, descriptor, PageTable.state(used - 1, number));
    empties[c] += used == 1 && !last ? 1 : 0;
    blocks[c]--;
    return last;
  }

  private static void requireEmpty(
      MemorySegment memory, Extents extents, int c, long page, long wordOffset, long bit)
      throws HeapDamagedException {
    long bitmap = extents.bitmap(extents.find(page), page);
    if (countUsed(memory, c, bitmap) != 1 || memory.get(LONG, wordOffset) != bit) {
      throw PageTable.damaged(page, "the bitmap of a span has other blocks than were counted");
    }
  }

  /**
   * Hands the first span of a list to another cache, whose lock the caller holds too.
   *
   * @return whether there was one
   */
  boolean handOver(MemorySegment memory, Extents extents, int c, BlockCache to)
      throws HeapDamagedException {
    long page = partials[c];
    if (page == 0) {
      return false;
    }
    PageTable.requireStores(memory);
    table.head(memory, extents, page);
    long descriptor = extents.descriptor(page);
    int used = PageTable.used(PageTable.state(memory, descriptor));
    partials[c] = PageTable.unlink(memory, extents, page, page);
    PageTable.setState(memory, descriptor, PageTable.state(used, to.number));
    PageTable.link(memory, extents, page, to.partials[c]);
    to.partials[c] = page;
    empties[c] -= used == 0 ? 1 : 0;
    to.empties[c] += used == 0 ? 1 : 0;
    spans[c]--;
    to.spans[c]++;
    blocks[c] -= used;
    to.blocks[c] += used;
    return true;
  }

  /** Takes an empty span out of the list; 0 if there is none. */
  long takeEmpty(MemorySegment memory, Extents extents, int c) throws HeapDamagedException {
    PageTable.requireStores(memory);
    for (long page = empties[c] == 0 ? 0 : partials[c]; page != 0; ) {
      long descriptor = extents.descriptor(page);
      if (PageTable.used(PageTable.state(memory, descriptor)) == 0) {
        if (countUsed(memory, c, extents.bitmap(extents.find(page), page)) != 0) {
          throw PageTable.damaged(page, "the bitmap of a span has blocks that were not counted");
        }
        partials[c] = PageTable.unlink(memory, extents, page, partials[c]);
        empties[c]--;
        spans[c]--;
        return page;
      }
      page = PageTable.following(memory, extents, page);
    }
    return 0;
  }

  /** Forgets all spans. */
  void clear() {
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      Current current = currents[c];
      current.page = 0;
      current.free = 0;
      partials[c] = 0;
      empties[c] = 0;
      blocks[c] = 0;
      spans[c] = 0;
    }
  }
}
