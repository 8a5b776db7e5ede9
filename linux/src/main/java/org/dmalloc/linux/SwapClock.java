/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.util.Arrays;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;

/** For memory that swap backs. */
final class SwapClock extends ResidentClock {
  private static final int MOST_ROUNDS_SPARED = 16;

  /** What the hand took out of each window when it last did, in pages. */
  private int[] taken = new int[0];

  /** For how many rounds of the hand each window is spared, and for how many it was last. */
  private byte[] spared = new byte[0];

  private byte[] lastSpared = new byte[0];

  private long excess;
  private long windowsLeft;
  private boolean urgent;

  SwapClock(Mapping mapping) {
    super(mapping);
  }

  @Override
  public long residentBytes() throws MemoryException {
    return mapping.residency(0, mapping.byteSize()).residentBytes();
  }

  @Override
  public void begin(long excessBytes, boolean nowUrgent) {
    excess = excessBytes;
    urgent = nowUrgent;
    windowsLeft = windowCount();
    int count = Math.toIntExact(windowCount());
    if (count > taken.length) {
      taken = Arrays.copyOf(taken, count);
      spared = Arrays.copyOf(spared, count);
      lastSpared = Arrays.copyOf(lastSpared, count);
    }
  }

  @Override
  public boolean step() throws MemoryException {
    if (excess <= 0 || windowsLeft-- <= 0) {
      return false;
    }
    Window window = next();
    int index = (int) (window.offset() / WINDOW_BYTES);
    if (index >= taken.length) { // grown since the round began
      return true;
    }
    if (spared[index] > 0 && !urgent) {
      spared[index]--;
      return true;
    }
    long present = mapping.presentBytes(window.offset(), window.length());
    if (present == 0) {
      return true;
    }
    long presentPages = present / Platform.pageSize();
    boolean cameBack = taken[index] > 0 && presentPages * 2 >= taken[index];
    taken[index] = 0;
    if (cameBack && !urgent) {
      lastSpared[index] = (byte) Math.min(MOST_ROUNDS_SPARED, Math.max(1, 2 * lastSpared[index]));
      spared[index] = lastSpared[index];
      return true;
    }
    lastSpared[index] = cameBack ? lastSpared[index] : 0;
    mapping.advise(Advice.PAGE_OUT, window.offset(), window.length());
    long left = mapping.presentBytes(window.offset(), window.length());
    taken[index] = (int) Math.max(0, presentPages - left / Platform.pageSize());
    excess -= present - left;
    return true;
  }
}
