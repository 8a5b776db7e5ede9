/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;

/** For shared mappings of files on a disk. */
final class FileClock extends ResidentClock {
  /** Some of what is unmapped is in use and will stay. */
  private static final long UNMAPPED_PER_EXCESS = 2;

  /** How long users have to show that they use an unmapped window, unless it is urgent. */
  private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Deque<Unmapped> unmapped = new ArrayDeque<>();
  private long unmappedBytes;
  private long toDrop;
  private int windowsToDrop;
  private long toUnmap;
  private long windowsLeft;
  private boolean urgent;

  private record Unmapped(Window window, long cachedBytes, long atNanos) {}

  FileClock(Mapping mapping) {
    super(mapping);
  }

  @Override
  public long residentBytes() throws MemoryException {
    return mapping.cachedBytes(0, mapping.byteSize());
  }

  @Override
  public void begin(long excessBytes, boolean nowUrgent) {
    toDrop = excessBytes;
    windowsToDrop = unmapped.size();
    toUnmap = -1;
    windowsLeft = windowCount();
    urgent = nowUrgent;
  }

  @Override
  public boolean step() throws MemoryException {
    if (toDrop > 0 && windowsToDrop > 0 && (urgent || isGraceOver(unmapped.getFirst()))) {
      windowsToDrop--;
      Unmapped oldest = unmapped.removeFirst();
      unmappedBytes -= oldest.cachedBytes;
      toDrop -= drop(oldest.window.in(mapping.byteSize()));
      return true;
    }
    if (toUnmap < 0) {
      toUnmap = urgent ? toDrop : Math.max(0, toDrop * UNMAPPED_PER_EXCESS - unmappedBytes);
    }
    if (toDrop <= 0 || toUnmap <= 0 || windowsLeft <= 0) {
      return false;
    }
    windowsLeft--;
    Window window = next();
    long cached = mapping.cachedBytes(window.offset(), window.length());
    if (cached > 0) {
      mapping.advise(Advice.DONT_NEED, window.offset(), window.length());
      if (urgent) {
        toDrop -= drop(window);
      } else {
        toUnmap -= cached;
        unmapped.addLast(new Unmapped(window, cached, System.nanoTime()));
        unmappedBytes += cached;
      }
    }
    return true;
  }

  private static boolean isGraceOver(Unmapped each) {
    return System.nanoTime() - each.atNanos >= GRACE_NANOS;
  }

  private long drop(Window window) throws MemoryException {
    if (window.length() <= 0) {
      return 0;
    }
    long before = mapping.cachedBytes(window.offset(), window.length());
    mapping.dropCached(window.offset(), window.length());
    return before - mapping.cachedBytes(window.offset(), window.length());
  }
}
