/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.eviction;

import java.util.function.LongSupplier;
import org.dmalloc.spi.region.ResidentTrimmer;

/**
 * Evicts pages of one mapping, those first that were not used since the hand of the clock last came
 * by. Works in rounds of short steps; made for one thread.
 *
 * <p>Where a mapping is shared and has a file on a disk, the page table serves as the mark of use,
 * page by page: a round unmaps some windows (MADV_DONTNEED, which changes nothing), and a later one
 * drops those of their cached pages that nobody has mapped again (posix_fadvise DONTNEED, which
 * skips mapped pages and starts to write changed ones). A page in use costs its user a minor fault
 * when the hand comes by, and a window of which half was mapped again is left alone for some rounds
 * of the hand, each time for more.
 *
 * <p>Memory that swap backs has no such call. There a round pages windows out (MADV_PAGEOUT); used
 * pages come back from the swap cache without a read as long as there is RAM, and windows that came
 * back are left alone in the same way.
 */
abstract sealed class ResidentClock implements ResidentTrimmer permits FileClock, SwapClock {
  /** The range of one step: 4 MiB take 0.2 to 2 ms. */
  static final long WINDOW_BYTES = 4L << 20;

  final SparedWindows spared = new SparedWindows();
  private final LongSupplier byteSize;
  private long hand;

  ResidentClock(LongSupplier byteSize) {
    this.byteSize = byteSize;
  }

  /** The window under the hand, which moves on. The mapping may have another size than before. */
  final Window next() {
    long size = byteSize.getAsLong();
    long offset = hand < size ? hand : 0;
    long length = Math.min(WINDOW_BYTES, size - offset);
    hand = offset + length;
    return new Window(offset, length);
  }

  final long windowCount() {
    return (byteSize.getAsLong() + WINDOW_BYTES - 1) / WINDOW_BYTES;
  }

  record Window(long offset, long length) {
    /** The part of it that is left in a mapping of this size; nothing of a length below 1. */
    Window in(long byteSize) {
      return new Window(offset, Math.min(length, byteSize - offset));
    }

    int index() {
      return Math.toIntExact(offset / WINDOW_BYTES);
    }
  }
}
