/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.eviction;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;

/** The clock for memory that swap backs. */
public final class SwapClock extends ResidentClock {
  /** Such a short grace is for regions that are far over: used pages may go too. */
  private static final long SHORT_GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final SwappablePages pages;

  /** What the hand took out of each window when it last did, in bytes. */
  private int[] taken = new int[0];

  private long excess;
  private long windowsLeft;
  private boolean urgent;

  public SwapClock(SwappablePages pages) {
    super(pages::byteSize);
    this.pages = pages;
  }

  @Override
  public long residentBytes() throws MemoryException {
    return pages.residentBytes();
  }

  @Override
  public void begin(long excessBytes, long aheadBytes, long graceNanos) {
    excess = excessBytes;
    urgent = graceNanos <= SHORT_GRACE_NANOS;
    windowsLeft = windowCount();
    spared.resize(windowsLeft);
    if (windowsLeft > taken.length) {
      taken = Arrays.copyOf(taken, Math.toIntExact(windowsLeft));
    }
  }

  @Override
  public long step() throws MemoryException {
    if (excess <= 0 || windowsLeft-- <= 0) {
      return DONE;
    }
    Window window = next();
    int index = window.index();
    if (spared.isBeyond(index) || (!urgent && spared.passBy(index))) {
      return 0;
    }
    long present = pages.mappedBytes(window.offset(), window.length());
    if (present == 0) {
      return 0;
    }
    boolean cameBack = taken[index] > 0 && present * 2 >= taken[index];
    taken[index] = 0;
    if (cameBack && !urgent) {
      spared.spare(index);
      return 0;
    }
    if (!cameBack) {
      spared.forget(index);
    }
    pages.pageOut(window.offset(), window.length());
    long left = pages.mappedBytes(window.offset(), window.length());
    taken[index] = (int) Math.max(0, present - left);
    excess -= present - left;
    return Math.max(0, present - left);
  }
}
