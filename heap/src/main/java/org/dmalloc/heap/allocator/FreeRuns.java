/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.FREE;
import static org.dmalloc.heap.allocator.PageTable.HOLES;
import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.dmalloc.heap.allocator.PageTable.TRANSIT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.LongBinaryOperator;
import org.dmalloc.heap.HeapDamagedException;

/**
 * The runs of free pages, by size: lists for 1 to 15 pages, then eight for each doubling, and a bit
 * for each list that is not empty (two-level segregated fit: Masmano and others, 2004). Taking and
 * giving back take a number of steps that does not depend on how many runs there are; only where no
 * list holds runs that are large enough for certain is the one searched that may hold some.
 *
 * <p>There are two of each list: for runs whose pages have been used, and for those that take no
 * memory, because they never were or because it was given back. The first are taken first.
 *
 * <p>The lists go through the descriptors of the runs; their first runs are known on the Java heap
 * alone. All methods are called with this lock held. Runs that touch are one, within an extent.
 */
final class FreeRuns extends SpinLock {
  /** Lists of runs that were used; as many follow for those that take no memory. */
  static final int LISTS = 240;

  static final int ALL_LISTS = 2 * LISTS;

  private static final int EXACT = 16;

  /** How many runs of a list are looked at before one of a larger size is cut. */
  private static final int LOOKS = 4;

  private static final int MOST_LOOKS = 1_000;

  private final PageTable table;
  private final long[] firsts = new long[ALL_LISTS];
  private final long[][] filled = new long[2][(LISTS + 63) / 64];

  private long freePages;
  private long holePages;

  /** Whether there may be runs that touch and are not one; read without the lock, too. */
  private volatile boolean apart = true;

  FreeRuns(PageTable table, WaitCheck check) {
    super(check);
    this.table = table;
  }

  /** The list of a free run. */
  static int list(long pages, long state) {
    return list(pages) + (PageTable.isUntouched(state) ? LISTS : 0);
  }

  private void setFilled(int list) {
    filled[list / LISTS][list % LISTS >>> 6] |= 1L << list % LISTS;
  }

  private void clearFilled(int list) {
    filled[list / LISTS][list % LISTS >>> 6] &= ~(1L << list % LISTS);
  }

  /** The list of runs of so many pages, of those that were used. */
  static int list(long pages) {
    if (pages < EXACT) {
      return (int) pages;
    }
    int doubling = 63 - Long.numberOfLeadingZeros(pages);
    return EXACT + (doubling - 4) * 8 + (int) ((pages >>> (doubling - 3)) & 7);
  }

  long freePages() {
    return freePages;
  }

  /** Free pages of runs whose space may have been given back in part. */
  long holePages() {
    return holePages;
  }

  /** Whether {@link #joinAll} may find runs to join; without the lock. */
  boolean mayJoin() {
    return apart;
  }

  /** Whether there are runs that were used, whose space may be given back. */
  boolean hasUsed() {
    return Arrays.stream(filled[0]).anyMatch(bits -> bits != 0);
  }

  /** First page and pages of each run whose space was given back, in turn. */
  long[] punched(MemorySegment memory, Extents extents) throws HeapDamagedException {
    long[] punched = new long[32];
    int count = 0;
    for (int list = LISTS; list < ALL_LISTS; list++) {
      for (long page = start(memory, extents, list); page != 0; ) {
        long word = requireFree(memory, extents, page);
        if (PageTable.kind(word) == HOLES) {
          punched = count == punched.length ? Arrays.copyOf(punched, 2 * count) : punched;
          punched[count++] = page;
          punched[count++] = PageTable.pages(word);
        }
        page = PageTable.following(memory, extents, page);
      }
    }
    return Arrays.copyOf(punched, count);
  }

  /**
   * Moves runs that take no memory to the lists of those that were used, for their space to be
   * given back: those that have theirs, and some for which that is to be done again.
   *
   * @param again the first page of each of the latter, ascending; one that begins no such run is
   *     left out
   * @param released how many of a run's pages give their space back
   * @return such pages of runs for which it is to be done again
   */
  long offer(MemorySegment memory, Extents extents, long[] again, LongBinaryOperator released)
      throws HeapDamagedException {
    PageTable.requireStores(memory);
    long moved = 0;
    for (int list = LISTS; list < ALL_LISTS; list++) {
      for (long page = start(memory, extents, list); page != 0; ) {
        long following = PageTable.following(memory, extents, page);
        long word = requireFree(memory, extents, page);
        boolean hasHoles = PageTable.kind(word) == HOLES;
        if (!hasHoles || Arrays.binarySearch(again, page) >= 0) {
          long since = PageTable.freeSince(PageTable.state(memory, extents.descriptor(page)));
          long state = PageTable.freeState(since, false);
          remove(memory, extents, page, word);
          insert(memory, extents, page, PageTable.pages(word), PageTable.kind(word), state);
          moved += hasHoles ? released.applyAsLong(page, PageTable.pages(word)) : 0;
        }
        page = following;
      }
    }
    return moved;
  }

  /** The first run of a list; 0 if it is empty. */
  long first(int list) {
    return firsts[list];
  }

  /** Forgets all runs. */
  void clear() {
    Arrays.fill(firsts, 0);
    Arrays.fill(filled[0], 0);
    Arrays.fill(filled[1], 0);
    freePages = 0;
    holePages = 0;
    apart = true;
  }

  /** Takes over lists that a heap was closed with. */
  void restore(long[] savedFirsts, long savedFreePages, long savedHolePages) {
    System.arraycopy(savedFirsts, 0, firsts, 0, ALL_LISTS);
    for (int i = 0; i < ALL_LISTS; i++) {
      if (firsts[i] != 0) {
        setFilled(i);
      }
    }
    freePages = savedFreePages;
    holePages = savedHolePages;
  }

  /** The first run of a list that is to be followed: one with another before it is in a circle. */
  private long start(MemorySegment memory, Extents extents, int list) throws HeapDamagedException {
    long page = firsts[list];
    if (page != 0
        && (!extents.has(page) || PageTable.previous(memory, extents.descriptor(page)) != 0)) {
      throw PageTable.damaged(page, "the links of its run are damaged");
    }
    return page;
  }

  /** Pages of the largest run, or of one that is not much smaller where there are many. */
  long largest(MemorySegment memory, Extents extents) throws HeapDamagedException {
    long largest = 0;
    for (int half = 0; half < ALL_LISTS; half += LISTS) {
      int list = half + LISTS - 1;
      while (list > half && firsts[list] == 0) {
        list--;
      }
      long page = start(memory, extents, list);
      for (int i = 0; i < MOST_LOOKS && page != 0; i++) {
        largest = Math.max(largest, PageTable.pages(table.head(memory, extents, page)));
        page = PageTable.following(memory, extents, page);
      }
    }
    return largest;
  }

  /**
   * Takes a run out of the free ones. It is in {@link PageTable#TRANSIT} then, for the caller to
   * say what it is.
   *
   * @param pages at least 1
   * @param alignment of the first page plus the phase, in pages; a power of two
   * @return the first page, negated if its space is to be reserved first; 0 if there is no such run
   */
  long take(MemorySegment memory, Extents extents, long pages, long alignment, long phase)
      throws HeapDamagedException {
    PageTable.requireStores(memory);
    long page = 0;
    for (int half = 0; half < ALL_LISTS && page == 0; half += LISTS) {
      page = alignment == 1 && pages >= EXACT ? fitting(memory, extents, half, pages) : 0;
      page = page == 0 ? firstOfAtLeast(half, pages + alignment - 1) : page;
      page = page == 0 ? search(memory, extents, half, pages, alignment, phase) : page;
    }
    return page == 0 ? 0 : cut(memory, extents, page, pages, skip(page, alignment, phase));
  }

  /** Like {@link #take}, of runs alone that have their space. Looks at all that are long enough. */
  long takeWithSpace(MemorySegment memory, Extents extents, long pages, long alignment, long phase)
      throws HeapDamagedException {
    PageTable.requireStores(memory);
    for (int half = 0; half < ALL_LISTS; half += LISTS) {
      for (int list = Math.min(LISTS - 1, list(pages)); list < LISTS; list++) {
        for (long page = start(memory, extents, half + list); page != 0; ) {
          long word = requireFree(memory, extents, page);
          long before = skip(page, alignment, phase);
          if (PageTable.kind(word) == FREE && before + pages <= PageTable.pages(word)) {
            return cut(memory, extents, page, pages, before);
          }
          page = PageTable.following(memory, extents, page);
        }
      }
    }
    return 0;
  }

  /** Takes some pages of a free run, and says which as {@link #take} does. */
  private long cut(MemorySegment memory, Extents extents, long page, long pages, long before)
      throws HeapDamagedException {
    long word = requireFree(memory, extents, page);
    long all = PageTable.pages(word);
    if (before + pages > all) {
      throw PageTable.damaged(page, "a free run is in the list of larger ones");
    }
    int kind = PageTable.kind(word);
    long state = PageTable.state(memory, extents.descriptor(page));
    remove(memory, extents, page, word);
    long start = page + before;
    long after = all - before - pages;
    // The pieces are written before the run is cut: until then its head tells of all of it.
    if (after > 0) {
      insert(memory, extents, start + pages, after, kind, state);
    }
    table.setLast(memory, extents, start, pages, false);
    table.setHead(memory, extents, start, TRANSIT, 0, pages);
    if (before > 0) {
      insert(memory, extents, page, before, kind, state);
    }
    return kind == HOLES ? -start : start;
  }

  /** One of the first runs of the list that has runs of about that size, if it is large enough. */
  private long fitting(MemorySegment memory, Extents extents, int half, long pages)
      throws HeapDamagedException {
    long page = start(memory, extents, half + list(pages));
    for (int i = 0; i < LOOKS && page != 0; i++) {
      if (PageTable.pages(requireFree(memory, extents, page)) >= pages) {
        return page;
      }
      page = PageTable.following(memory, extents, page);
    }
    return 0;
  }

  private static long skip(long page, long alignment, long phase) {
    return -(page + phase) & (alignment - 1);
  }

  private long firstOfAtLeast(int half, long pages) {
    long rounded = pages;
    if (pages >= EXACT) {
      rounded += (1L << (60 - Long.numberOfLeadingZeros(pages))) - 1;
    }
    int list = list(rounded);
    if (list >= LISTS) {
      return 0;
    }
    long[] words = filled[half / LISTS];
    long bits = words[list >>> 6] & (-1L << list);
    for (int word = list >>> 6; ; bits = words[word]) {
      if (bits != 0) {
        return firsts[half + (word << 6) + Long.numberOfTrailingZeros(bits)];
      }
      if (++word == words.length) {
        return 0;
      }
    }
  }

  /** Looks through the lists whose runs may be large enough, or aligned well enough. */
  private long search(
      MemorySegment memory, Extents extents, int half, long pages, long alignment, long phase)
      throws HeapDamagedException {
    int last = Math.min(LISTS - 1, list(pages + alignment));
    for (int list = Math.min(LISTS - 1, list(pages)); list <= last; list++) {
      for (long page = start(memory, extents, half + list); page != 0; ) {
        long word = requireFree(memory, extents, page);
        if (skip(page, alignment, phase) + pages <= PageTable.pages(word)) {
          return page;
        }
        page = PageTable.following(memory, extents, page);
      }
    }
    return 0;
  }

  private long requireFree(MemorySegment memory, Extents extents, long page)
      throws HeapDamagedException {
    long word = table.head(memory, extents, page);
    if (!PageTable.isFree(word) || page + PageTable.pages(word) > extents.end(extents.find(page))) {
      throw PageTable.damaged(page, "a list of free runs leads to a page that is none");
    }
    return word;
  }

  /**
   * Gives back a run that is not in use. Its head says until then that it is something else, and
   * says at once that it is free.
   *
   * @param kind {@link PageTable#FREE} or {@link PageTable#HOLES}
   * @param state since when, and whether it takes no memory
   */
  void give(MemorySegment memory, Extents extents, long page, long pages, int kind, long state)
      throws HeapDamagedException {
    give(memory, extents, page, pages, kind, state, false);
  }

  /**
   * Joins runs that were used to neighbours that take no memory, so that there are larger ones;
   * else these are kept apart, as what is joined is given back as a whole.
   */
  void joinAll(MemorySegment memory, Extents extents) throws HeapDamagedException {
    PageTable.requireStores(memory);
    long[] used = new long[16];
    int count = 0;
    for (int list = 0; list < LISTS; list++) {
      for (long page = start(memory, extents, list); page != 0; ) {
        used = count == used.length ? Arrays.copyOf(used, 2 * count) : used;
        used[count++] = page;
        page = PageTable.following(memory, extents, page);
      }
    }
    Arrays.sort(used, 0, count);
    // From the last: what is joined to one lies behind all that are still to come, or next to it.
    for (int i = count - 1; i >= 0; i--) {
      long word = requireFree(memory, extents, used[i]);
      long state = PageTable.state(memory, extents.descriptor(used[i]));
      remove(memory, extents, used[i], word);
      give(memory, extents, used[i], PageTable.pages(word), PageTable.kind(word), state, true);
    }
    apart = false;
  }

  private static boolean isUntouched(MemorySegment memory, Extents extents, long page) {
    return PageTable.isUntouched(PageTable.state(memory, extents.descriptor(page)));
  }

  private void give(
      MemorySegment memory,
      Extents extents,
      long page,
      long pages,
      int kind,
      long state,
      boolean mixes)
      throws HeapDamagedException {
    PageTable.requireStores(memory);
    int extent = extents.find(page);
    long start = page;
    long all = pages;
    int merged = kind;
    boolean untouched = PageTable.isUntouched(state);
    long behind = page + pages;
    long before = before(memory, extents, extent, page);
    // Both neighbours are looked at before anything is changed: either may turn out to be damaged.
    long wordBefore = before == 0 ? 0 : requireFree(memory, extents, before);
    long wordBehind = 0;
    if (behind < extents.end(extent)) {
      wordBehind = memory.get(LONG, extents.descriptor(extent, behind));
      table.requireValid(behind, wordBehind);
    }
    boolean joinsBefore =
        before != 0 && (mixes || isUntouched(memory, extents, before) == untouched);
    boolean joinsBehind =
        PageTable.isFree(wordBehind)
            && (mixes || isUntouched(memory, extents, behind) == untouched);
    if ((before != 0 && !joinsBefore) || (PageTable.isFree(wordBehind) && !joinsBehind)) {
      apart = true;
    }
    if (joinsBefore) {
      untouched &= isUntouched(memory, extents, before);
      remove(memory, extents, before, wordBefore);
      start = before;
      all += PageTable.pages(wordBefore);
      merged = Math.max(merged, PageTable.kind(wordBefore));
    }
    if (joinsBehind) {
      untouched &= isUntouched(memory, extents, behind);
      remove(memory, extents, behind, wordBehind);
      all += PageTable.pages(wordBehind);
      merged = Math.max(merged, PageTable.kind(wordBehind));
    }
    long newState = PageTable.freeState(PageTable.freeSince(state), untouched);
    if (start != page) {
      // A later head of a run that is something else by then is never to be taken for one in use.
      table.setHead(memory, extents, page, kind, 0, pages);
    }
    insert(memory, extents, start, all, merged, newState);
  }

  /** The free run that ends before a page; 0 if there is none. */
  private long before(MemorySegment memory, Extents extents, int extent, long page)
      throws HeapDamagedException {
    if (page == extents.first(extent)) {
      return 0;
    }
    long last = page - 1;
    long word = memory.get(LONG, extents.descriptor(extent, last));
    if (!table.isValid(last, word)) {
      return 0; // a table's page
    }
    if (PageTable.kind(word) == PageTable.TAIL) {
      long head = page - PageTable.pages(word);
      if (head < extents.first(extent)) {
        throw PageTable.damaged(last, "a free run is said to begin before its extent");
      }
      long headWord = memory.get(LONG, extents.descriptor(extent, head));
      boolean agree =
          table.isValid(head, headWord)
              && PageTable.isFree(headWord)
              && PageTable.pages(headWord) == PageTable.pages(word);
      return agree ? head : 0;
    }
    return PageTable.isFree(word) && PageTable.pages(word) == 1 ? last : 0;
  }

  /** Puts a run into its list, and says in the region that it is free. */
  void insert(MemorySegment memory, Extents extents, long page, long pages, int kind, long state) {
    int list = list(pages, state);
    PageTable.link(memory, extents, page, firsts[list]);
    PageTable.setState(memory, extents.descriptor(page), state);
    table.setHead(memory, extents, page, kind, 0, pages);
    // Last: it may overwrite the head of a run of one page that is a part of this one now.
    VarHandle.storeStoreFence();
    table.setLast(memory, extents, page, pages, true);
    firsts[list] = page;
    setFilled(list);
    freePages += pages;
    holePages += kind == HOLES ? pages : 0;
  }

  /** Counts a run that is in no list, of a heap that is read-only. */
  void count(long pages, int kind) {
    freePages += pages;
    holePages += kind == HOLES ? pages : 0;
  }

  /** Takes a run out of its list; its head stays as it is. */
  void remove(MemorySegment memory, Extents extents, long page, long word)
      throws HeapDamagedException {
    long pages = PageTable.pages(word);
    int list = list(pages, PageTable.state(memory, extents.descriptor(page)));
    firsts[list] = PageTable.unlink(memory, extents, page, firsts[list]);
    if (firsts[list] == 0) {
      clearFilled(list);
    }
    freePages -= pages;
    holePages -= PageTable.kind(word) == HOLES ? pages : 0;
  }

  /**
   * Takes a run that was used, whose space is to be given back; it is in transit then.
   *
   * @param least pages that it must have
   * @param until since when it must have been free, in seconds; later ones are left
   * @return the first page, negated if a part of its space may have been given back; 0 if there is
   *     none
   */
  long takeUnpunched(MemorySegment memory, Extents extents, long least, long until)
      throws HeapDamagedException {
    PageTable.requireStores(memory);
    for (int list = LISTS - 1; list >= list(least); list--) {
      for (long page = start(memory, extents, list); page != 0; ) {
        long word = requireFree(memory, extents, page);
        long descriptor = extents.descriptor(page);
        long state = PageTable.state(memory, descriptor);
        if (PageTable.pages(word) >= least && PageTable.freeSince(state) <= until) {
          remove(memory, extents, page, word);
          table.setHead(memory, extents, page, TRANSIT, 0, PageTable.pages(word));
          table.setLast(memory, extents, page, PageTable.pages(word), false);
          return PageTable.kind(word) == HOLES ? -page : page;
        }
        page = PageTable.following(memory, extents, page);
      }
    }
    return 0;
  }

  /** Frees a block that has pages of its own, once its head is known to say so. */
  void giveUsed(MemorySegment memory, Extents extents, long page, long pages, long seconds)
      throws HeapDamagedException {
    give(memory, extents, page, pages, FREE, PageTable.freeState(seconds, false));
  }
}
