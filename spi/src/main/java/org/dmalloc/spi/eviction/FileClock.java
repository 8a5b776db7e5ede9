/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.eviction;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.dmalloc.api.MemoryException;

/**
 * The clock for shared mappings of files on a disk.
 *
 * <p>Unmapped windows wait in a queue until their users had their time. A first check, 10 ms after
 * a window was unmapped, tells how much of it will go: so the hand passes windows in use at once,
 * and does not wait for them to find out that there is nothing to drop.
 */
public final class FileClock extends ResidentClock {
  /** When a window is first checked: what is used all the time has been mapped again by then. */
  private static final long FIRST_CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /** The hand goes round once in this time at most, unless used pages may go too. */
  private static final long LAP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** How often a window is tried whose pages had changed and are being written. */
  private static final int MOST_TRIES = 3;

  private final CachedPages pages;
  private final LongSupplier nanoTime;

  /** Windows that were checked once, in the order in which they may be dropped. */
  private final Deque<Unmapped> queue = new ArrayDeque<>();

  /** Windows that were not, oldest first. */
  private final Deque<Unmapped> unchecked = new ArrayDeque<>();

  /** What those in both queues hold that nobody has mapped again, as far as it is known. */
  private long readyBytes;

  private long toDrop;
  private long ahead;
  private long graceNanos;
  private long windowsLeft;
  private long lapBegan;

  /** An unmapped window, of which {@code unusedBytes} were cached and unused at the last check. */
  private record Unmapped(Window window, long unusedBytes, long atNanos, int tries) {}

  public FileClock(CachedPages pages, LongSupplier nanoTime) {
    super(pages::byteSize);
    this.pages = pages;
    this.nanoTime = nanoTime;
  }

  @Override
  public long residentBytes() throws MemoryException {
    return pages.cachedBytes(0, pages.byteSize());
  }

  @Override
  public void begin(long excessBytes, long aheadBytes, long newGraceNanos) {
    toDrop = excessBytes;
    ahead = aheadBytes;
    graceNanos = newGraceNanos;
    spared.resize(windowCount());
    long now = nanoTime.getAsLong();
    if (lapBegan == 0 || now - lapBegan >= Math.min(LAP_NANOS, newGraceNanos)) {
      lapBegan = now;
      windowsLeft = windowCount();
    }
  }

  @Override
  public long step() throws MemoryException {
    Unmapped fresh = unchecked.peek();
    if (fresh != null && age(fresh) >= Math.min(FIRST_CHECK_NANOS, graceNanos)) {
      check(unchecked.remove());
      return 0;
    }
    Unmapped oldest = queue.peek();
    if (toDrop > 0 && oldest != null && age(oldest) >= graceNanos) {
      return drop(queue.remove());
    }
    if (readyBytes >= toDrop + ahead || windowsLeft <= 0) {
      return DONE;
    }
    windowsLeft--;
    unmap(next());
    return 0;
  }

  private void unmap(Window window) throws MemoryException {
    boolean usedToo = graceNanos == 0;
    if (spared.isBeyond(window.index()) || (spared.passBy(window.index()) && !usedToo)) {
      return;
    }
    long cached = pages.cachedBytes(window.offset(), window.length());
    if (cached > 0) {
      pages.unmap(window.offset(), window.length());
      unchecked.add(new Unmapped(window, cached, nanoTime.getAsLong(), 0));
      readyBytes += cached;
    }
  }

  private void check(Unmapped fresh) throws MemoryException {
    readyBytes -= fresh.unusedBytes;
    Window window = fresh.window.in(pages.byteSize());
    if (window.length() <= 0) {
      return;
    }
    long mapped = pages.mappedBytes(window.offset(), window.length());
    if (isInUse(window, fresh.unusedBytes, mapped)) {
      return;
    }
    long unused = Math.max(0, fresh.unusedBytes - mapped);
    queue.add(new Unmapped(fresh.window, unused, fresh.atNanos, 0));
    readyBytes += unused;
  }

  /** Whether half of what was unmapped is mapped again; spares the window then. */
  private boolean isInUse(Window window, long unmapped, long mapped) {
    if (graceNanos > 0 && mapped * 2 >= unmapped) {
      spared.spare(window.index());
      return true;
    }
    return false;
  }

  private long drop(Unmapped oldest) throws MemoryException {
    readyBytes -= oldest.unusedBytes;
    Window window = oldest.window.in(pages.byteSize());
    if (window.length() <= 0) {
      return 0;
    }
    long mapped = pages.mappedBytes(window.offset(), window.length());
    long before = pages.cachedBytes(window.offset(), window.length());
    if (isInUse(window, before, mapped)) {
      return 0;
    }
    spared.forget(window.index());
    pages.drop(window.offset(), window.length());
    long after = pages.cachedBytes(window.offset(), window.length());
    long freed = before - after;
    toDrop -= freed;
    long unused = after - mapped;
    if (unused > before / 4 && oldest.tries < MOST_TRIES) {
      queue.add(new Unmapped(oldest.window, unused, nanoTime.getAsLong(), oldest.tries + 1));
      readyBytes += unused;
    }
    return Math.max(0, freed);
  }

  private long age(Unmapped each) {
    return nanoTime.getAsLong() - each.atNanos;
  }
}
