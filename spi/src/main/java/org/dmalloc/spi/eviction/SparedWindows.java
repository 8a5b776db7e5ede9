/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.eviction;

import java.util.Arrays;

/** The windows that are left alone for some rounds of the hand, because they were found in use. */
final class SparedWindows {
  private static final int MOST_ROUNDS = 16;

  /** For how many rounds of the hand each window is spared, and for how many it was last. */
  private byte[] left = new byte[0];

  private byte[] last = new byte[0];

  /** Makes room for so many windows; at the begin of each round. */
  void resize(long windowCount) {
    if (windowCount > left.length) {
      left = Arrays.copyOf(left, Math.toIntExact(windowCount));
      last = Arrays.copyOf(last, left.length);
    }
  }

  /** Whether a window has grown into the mapping since the round began. */
  boolean isBeyond(int window) {
    return window >= left.length;
  }

  /** Whether the hand has to pass by, which it does once for each round. */
  boolean passBy(int window) {
    if (left[window] == 0) {
      return false;
    }
    left[window]--;
    return true;
  }

  /** Spares a window that is in use: for one round, and twice as many each time after. */
  void spare(int window) {
    last[window] = (byte) Math.min(MOST_ROUNDS, Math.max(1, 2 * last[window]));
    left[window] = last[window];
  }

  void forget(int window) {
    last[window] = 0;
  }
}
