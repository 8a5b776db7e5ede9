/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.HeapTables.CUT;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import java.util.stream.LongStream;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.HeapDamagedException;

/** Gives back what nobody uses: spans without blocks to the free runs, and the space of these. */
final class Reclaim {
  /** The shortest run that is given back before the others are written: that of a large folio. */
  private static final long LONG_BYTES = 4 << 20;

  private final Allocator heap;
  private final SpaceOfRegion space;
  private final FreeRuns runs;

  Reclaim(Allocator heap, SpaceOfRegion space) {
    this.heap = heap;
    this.space = space;
    this.runs = heap.runs;
  }

  /**
   * Gives back the spans without blocks that caches keep, and joins free runs. Takes the locks of
   * those alone that have some: each allocation in a full heap comes here.
   */
  void all() throws MemoryException {
    heap.section(
        memory -> {
          heap.requireRunning();
          for (BlockCache cache : heap.caches) {
            if (cache.mayHaveEmpty()) {
              heap.locked(
                  cache,
                  () -> {
                    heap.requireRunning();
                    return !heap.isOld(memory) && spans(memory, cache, false);
                  });
            }
          }
          return runs.mayJoin() && heap.locked(runs, this::joinRuns);
        });
  }

  private boolean joinRuns() throws MemoryException {
    try (Access access = heap.region.acquire()) { // at once: the caller has one open
      runs.joinAll(access.segment(), heap.extents);
      return true;
    }
  }

  /**
   * The spans of a cache that nobody has used for a while, unless it is in use now, or the heap has
   * ended.
   */
  void idle(BlockCache cache) throws MemoryException {
    heap.section(
        memory -> {
          if (!cache.tryLock()) {
            return false;
          }
          try {
            return !heap.isStopped() && !heap.isOld(memory) && spans(memory, cache, true);
          } catch (Throwable t) {
            if (t instanceof Error) {
              heap.stopped = CUT;
            }
            heap.failed(t);
            throw t;
          } finally {
            cache.unlock();
          }
        });
  }

  /**
   * Gives back the spans without blocks of a cache whose lock the caller holds.
   *
   * @param cools whether no span is to stay warm, so that other caches may take all over
   */
  private boolean spans(MemorySegment memory, BlockCache cache, boolean cools)
      throws MemoryException {
    PageTable.requireStores(memory);
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      ClassSpans spans = cache.of(c);
      if (spans.isIdle() || (cools && spans.hasWarm())) {
        long page = spans.retire(memory, heap.extents);
        if (page != 0) {
          give(c, page);
        }
      }
      for (long page; (page = spans.takeEmpty(memory, heap.extents)) != 0; ) {
        give(c, page);
      }
    }
    return true;
  }

  private void give(int c, long page) throws HeapDamagedException {
    heap.giveRun(page, SizeClasses.spanPages(c), PageTable.FREE);
  }

  /** Puts all spans of all caches into their lists. With all locks held. */
  void retireAll(MemorySegment memory) throws HeapDamagedException {
    long state = PageTable.freeState(SpaceOfRegion.seconds(), false);
    for (BlockCache cache : heap.caches) {
      for (int c = 0; c < SizeClasses.COUNT; c++) {
        int pages = SizeClasses.spanPages(c);
        ClassSpans spans = cache.of(c);
        long page = spans.retire(memory, heap.extents);
        if (page != 0) {
          runs.give(memory, heap.extents, page, pages, PageTable.FREE, state);
        }
        while ((page = spans.takeEmpty(memory, heap.extents)) != 0) {
          runs.give(memory, heap.extents, page, pages, PageTable.FREE, state);
        }
      }
    }
  }

  /**
   * Gives back all that is free, at once. Long runs first: what is changed in them need not be
   * written. Last what was never used, and what the kernel kept of runs that were given back.
   *
   * @return bytes of space given back
   */
  long trim() throws MemoryException {
    all();
    long punched = punch(LONG_BYTES, Long.MAX_VALUE);
    if (space.punches()) {
      long[] kept = keptInMemory();
      if (kept.length > 0 || heap.locked(runs, runs::hasUsed)) {
        space.write();
        punched += punch(SizeClasses.PAGE, Long.MAX_VALUE);
      }
      long again = heap.section(old -> heap.locked(runs, () -> offer(kept)));
      punched += Math.max(0, punch(SizeClasses.PAGE, Long.MAX_VALUE) - (again << PAGE_SHIFT));
    }
    return punched;
  }

  /**
   * The first pages of runs whose space was given back while the kernel kept some of their pages in
   * RAM: large folios of theirs had other pages, too, that were not written.
   */
  private long[] keptInMemory() throws MemoryException {
    long[] punched = heap.section(old -> heap.locked(runs, this::punched));
    LongStream.Builder kept = LongStream.builder();
    for (int i = 0; i < punched.length; i += 2) {
      if (space.isResident(punched[i], punched[i + 1])) {
        kept.add(punched[i]);
      }
    }
    return kept.build().sorted().toArray();
  }

  private long[] punched() throws MemoryException {
    try (Access access = heap.region.acquire()) {
      return runs.punched(access.segment(), heap.extents);
    }
  }

  private long offer(long[] again) throws MemoryException {
    heap.requireRunning();
    try (Access access = heap.region.acquire()) {
      return runs.offer(access.segment(), heap.extents, again, space::released);
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
    long least = Math.max(1, leastBytes >>> PAGE_SHIFT);
    long punched = 0;
    long released = 0;
    while (released >= 0 && !heap.readOnly && space.punches()) {
      punched += released << PAGE_SHIFT;
      released = heap.section(memory -> punchOne(memory, least, sinceSeconds));
    }
    return punched + (Math.max(0, released) << PAGE_SHIFT);
  }

  /** Returns how many pages gave their space back; -1 if there is no run, or none gives any. */
  private long punchOne(MemorySegment memory, long least, long sinceSeconds)
      throws MemoryException {
    heap.punching.lock(); // so that whoever is alone sees no run that is in transit
    try {
      long taken = heap.locked(runs, () -> take(memory, least, sinceSeconds));
      if (taken == 0) {
        return -1;
      }
      long page = Math.abs(taken);
      long pages = PageTable.pages(heap.table.head(memory, heap.extents, page));
      SpaceOfRegion.Punched punched = SpaceOfRegion.Punched.IN_PART; // unless it returns
      try {
        punched = space.punch(page, pages);
      } finally {
        boolean refused = punched == SpaceOfRegion.Punched.REFUSED;
        int kind = refused && taken > 0 ? PageTable.FREE : PageTable.HOLES;
        boolean untouched = punched == SpaceOfRegion.Punched.ALL;
        long state = PageTable.freeState(SpaceOfRegion.seconds(), untouched);
        heap.locked(runs, () -> putBack(page, pages, kind, state));
      }
      return punched == SpaceOfRegion.Punched.ALL ? space.released(page, pages) : -1;
    } finally {
      heap.punching.unlock();
    }
  }

  private long take(MemorySegment memory, long least, long sinceSeconds) throws MemoryException {
    heap.requireRunning();
    return heap.isOld(memory) ? 0 : runs.takeUnpunched(memory, heap.extents, least, sinceSeconds);
  }

  private boolean putBack(long page, long pages, int kind, long state) throws MemoryException {
    try (Access access = heap.region.acquire()) {
      runs.give(access.segment(), heap.extents, page, pages, kind, state);
      return true;
    }
  }
}
