/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import org.dmalloc.heap.HeapDamagedException;

/**
 * What the region says of its pages. A <i>run</i> is a number of pages that belong together; the
 * descriptor of its first page, the head, says what it is. docs/heap-format.md has the layout.
 *
 * <p>The first word of a descriptor is what holds after a crash, and is changed by one store. It
 * has a check of its own bits, the page's number and the heap's seed, so that a damaged one, one of
 * another heap, and user data are told from it. Links and counts are found anew when a heap was not
 * closed.
 */
final class PageTable {
  static final int DESCRIPTOR_BYTES = 24;
  static final int BITMAP_BYTES = 32;

  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  /** Free, with its space. */
  static final int FREE = 1;

  /** Free, and a part of its space may have been given back. */
  static final int HOLES = 2;

  /** Blocks of a size class. */
  static final int SPAN = 3;

  /** One block. */
  static final int LARGE = 4;

  /**
   * A later page of a span, or the last one of any run that is not free; tells how far in it is.
   */
  static final int INTERIOR = 5;

  /** The last page of a free run of several; tells how many they are. */
  static final int TAIL = 6;

  /** The tables of an extent. */
  static final int TABLES = 7;

  /** Being taken or given back; free for whoever opens the heap next. */
  static final int TRANSIT = 8;

  /** Of which nothing is known but that it may have blocks; never used again. */
  static final int QUARANTINED = 9;

  private static final int LINKS = 8;
  private static final int STATE = 16;

  private static final int CLASS_SHIFT = 4;
  private static final int PAGES_SHIFT = 11;
  private static final int CHECK_SHIFT = 43;
  private static final long PAGE_MASK = 0xFFFF_FFFFL;
  private static final long LOW = (1L << CHECK_SHIFT) - 1;

  private final long seed;

  /**
   * The table of a heap.
   *
   * @param seed what its checks are made with
   */
  PageTable(long seed) {
    this.seed = seed;
  }

  // --- the first word ---

  static int kind(long word) {
    return (int) word & 15;
  }

  /** All ones if the word is of that kind, 0 if not. */
  static long ifKind(long word, int kind) {
    return ((kind(word) ^ kind) - 1L) >> 63;
  }

  static int sizeClass(long word) {
    return (int) (word >>> CLASS_SHIFT) & 127;
  }

  /** Pages of the run; of an interior page how far it is from the head. */
  static long pages(long word) {
    return (word >>> PAGES_SHIFT) & PAGE_MASK;
  }

  static boolean isFree(long word) {
    int kind = kind(word);
    return kind == FREE || kind == HOLES;
  }

  long word(long page, int kind, int sizeClass, long pages) {
    long low = kind | ((long) sizeClass << CLASS_SHIFT) | (pages << PAGES_SHIFT);
    return low | check(page, low);
  }

  private long check(long page, long low) {
    long hash = (low ^ seed ^ (page * 0x9E37_79B9_7F4A_7C15L)) * 0xD6E8_FEB8_6659_FD93L;
    return ((hash ^ (hash >>> 32)) * 0xD6E8_FEB8_6659_FD93L) & ~LOW;
  }

  /** Whether the word was written for that page of this heap. */
  boolean isValid(long page, long word) {
    return (word & ~LOW) == check(page, word & LOW);
  }

  void requireValid(long page, long word) throws HeapDamagedException {
    if (!isValid(page, word)) {
      throw damaged(page, "the descriptor of its page is damaged");
    }
  }

  static HeapDamagedException damaged(long page, String reason) {
    return new HeapDamagedException(
        "heap", "", page << PAGE_SHIFT, reason, "run heap repair", null);
  }

  /**
   * Throws before anything is changed where the region shows its memory read-only: a part of it is
   * protected, or its backend is gone for now.
   */
  static void requireStores(MemorySegment memory) {
    if (memory.isReadOnly()) {
      throw new IllegalStateException(
          "the region is read-only for now: a part of it is protected, or its backend is gone");
    }
  }

  /** Reads a head's first word, or throws if it is damaged. */
  long head(MemorySegment memory, Extents extents, long page) throws HeapDamagedException {
    if (!extents.has(page)) {
      throw damaged(page, "a link leads to a page outside the heap");
    }
    long word = memory.get(LONG, extents.descriptor(page));
    requireValid(page, word);
    return word;
  }

  /** Writes a run's head: this is what holds after a crash. */
  void setHead(MemorySegment memory, Extents extents, long page, int kind, int c, long pages) {
    long word = word(page, kind, c, pages);
    VarHandle
        .storeStoreFence(); // what it counts on is stored first, also where a process is killed
    memory.set(LONG, extents.descriptor(page), word);
  }

  /** Says of a run's last page how its first one is found, if that is another. */
  void setLast(MemorySegment memory, Extents extents, long page, long pages, boolean free) {
    if (pages > 1) {
      long last = page + pages - 1;
      long word = free ? word(last, TAIL, 0, pages) : word(last, INTERIOR, 0, pages - 1);
      memory.set(LONG, extents.descriptor(last), word);
    }
  }

  // --- links ---

  static long next(MemorySegment memory, long descriptor) {
    return memory.get(LONG, descriptor + LINKS) & PAGE_MASK;
  }

  static long previous(MemorySegment memory, long descriptor) {
    return memory.get(LONG, descriptor + LINKS) >>> 32;
  }

  static void setLinks(MemorySegment memory, long descriptor, long previous, long next) {
    memory.set(LONG, descriptor + LINKS, (previous << 32) | next);
  }

  /**
   * Puts a run before the first of a list.
   *
   * @param first the list's first run; 0 if it is empty
   */
  static void link(MemorySegment memory, Extents extents, long page, long first) {
    setLinks(memory, extents.descriptor(page), 0, first);
    if (first != 0) {
      long descriptor = extents.descriptor(first);
      setLinks(memory, descriptor, page, next(memory, descriptor));
    }
  }

  /**
   * The run behind another in a list; 0 at its end. As each must know the one before it, and the
   * first has none, no damage makes a list a circle.
   */
  static long following(MemorySegment memory, Extents extents, long page)
      throws HeapDamagedException {
    long next = next(memory, extents.descriptor(page));
    if (next != 0 && (!extents.has(next) || previous(memory, extents.descriptor(next)) != page)) {
      throw damaged(page, "the links of its run are damaged");
    }
    return next;
  }

  /**
   * Takes a run out of its list.
   *
   * @param first the list's first run
   * @return the first run now
   * @throws HeapDamagedException if a neighbour does not know of it; then nothing is changed
   */
  static long unlink(MemorySegment memory, Extents extents, long page, long first)
      throws HeapDamagedException {
    long descriptor = extents.descriptor(page);
    long next = next(memory, descriptor);
    long previous = previous(memory, descriptor);
    boolean agree = previous == 0 ? first == page : extents.has(previous) && first != page;
    agree &= next == 0 || (extents.has(next) && next != page);
    agree =
        agree
            && (previous == 0 || next(memory, extents.descriptor(previous)) == page)
            && (next == 0 || previous(memory, extents.descriptor(next)) == page);
    if (!agree) {
      throw damaged(page, "the links of its run are damaged");
    }
    if (previous != 0) {
      long before = extents.descriptor(previous);
      setLinks(memory, before, previous(memory, before), next);
    }
    if (next != 0) {
      long after = extents.descriptor(next);
      setLinks(memory, after, previous, next(memory, after));
    }
    return previous == 0 ? next : first;
  }

  // --- the state of a span: how many blocks are used, which cache owns it, and which warm one it
  // is

  private static final int WARM_SHIFT = 24;

  static long state(MemorySegment memory, long descriptor) {
    return memory.get(LONG, descriptor + STATE);
  }

  static void setState(MemorySegment memory, long descriptor, long state) {
    memory.set(LONG, descriptor + STATE, state);
  }

  static long state(int used, int owner) {
    return ((long) owner << 16) | used;
  }

  static int used(long state) {
    return (int) state & 0xFFFF;
  }

  static int owner(long state) {
    return (int) (state >>> 16) & 0xFF;
  }

  /** What the state of a warm span has beside that. */
  static long warm(int number) {
    return (long) number << WARM_SHIFT;
  }

  /** The number of the place of a warm span; 0 if it is none. */
  static int warmNumber(long state) {
    return (int) (state >>> WARM_SHIFT) & 0xFFFF;
  }

  // --- the state of a free run: since when, and whether it takes no memory ---

  private static final long UNTOUCHED = 1L << 40;

  static long freeState(long seconds, boolean untouched) {
    return (seconds & PAGE_MASK) | (untouched ? UNTOUCHED : 0);
  }

  static long freeSince(long state) {
    return state & PAGE_MASK;
  }

  static boolean isUntouched(long state) {
    return (state & UNTOUCHED) != 0;
  }
}
