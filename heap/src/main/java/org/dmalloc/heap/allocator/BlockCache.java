/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.lang.foreign.MemorySegment;
import org.dmalloc.heap.HeapDamagedException;

/**
 * The spans of one cache, by their size classes. A span belongs to one cache from the time it is
 * made, or taken over from another cache, and all changes to its bitmap are made with the lock of
 * that cache held, whichever thread frees.
 *
 * <p>This object is the lock. It knows nothing that could not be found in the region.
 */
final class BlockCache extends SpinLock {
  /** How many there are; threads use as many of them as the heap's size is worth. */
  static final int COUNT = 32;

  /** No block, and no span to take one from. */
  static final long NO_BLOCK = 0;

  final int number;
  private final ClassSpans[] classes = new ClassSpans[SizeClasses.COUNT];

  /** The spans that blocks of each class come from. */
  private final WarmSpan[] currents = new WarmSpan[SizeClasses.COUNT];

  BlockCache(int number, PageTable table, WarmSpan.Places places, WaitCheck check) {
    super(check);
    this.number = number;
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      classes[c] = new ClassSpans(c, this, table, places);
      currents[c] = WarmSpan.NONE;
    }
  }

  /** The span that blocks of a class come from; {@link WarmSpan#NONE} if there is none yet. */
  WarmSpan current(int c) {
    return currents[c];
  }

  void setCurrent(int c, WarmSpan span) {
    currents[c] = span;
  }

  /**
   * Allocates a block, if there is a span with one.
   *
   * @param note where the region keeps the block that was handed out last
   * @return {@link #NO_BLOCK} if there is none
   */
  long allocate(MemorySegment memory, Extents extents, int c, long byteSize, long note)
      throws HeapDamagedException {
    WarmSpan span = currents[c];
    if (!span.isReady()) {
      span = classes[c].refill(memory, extents);
      if (span == WarmSpan.NONE) {
        return NO_BLOCK;
      }
    }
    return span.take(memory, byteSize, note);
  }

  /** What it has of a size class. */
  ClassSpans of(int c) {
    return classes[c];
  }

  /**
   * Grows with each allocation and free, by which an idle cache is known. Without the lock: a value
   * that is out of date makes it busy, or idle, a second later.
   */
  long calls() {
    long sum = 0;
    for (ClassSpans each : classes) {
      sum += 2 * each.allocations() - each.blocks();
    }
    return sum;
  }

  /** Whether a look for empty spans is worth while; without the lock. */
  boolean mayHaveEmpty() {
    for (ClassSpans each : classes) {
      if (each.hasEmpty()) {
        return true;
      }
    }
    return false;
  }

  /** Whether an allocation of a class is worth a try; without the lock, as above. */
  boolean mayHaveFree(int c) {
    return classes[c].hasFree();
  }

  /** Whether it has spans that no other cache can take over; without the lock. */
  boolean hasWarm() {
    for (ClassSpans each : classes) {
      if (each.hasWarm()) {
        return true;
      }
    }
    return false;
  }

  /** Forgets all spans. */
  void clear() {
    for (ClassSpans each : classes) {
      each.clear();
    }
  }
}
