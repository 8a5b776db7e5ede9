/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import org.dmalloc.api.MemoryException;

/**
 * Takes pages of one mapping out of RAM, those first that were not used since the hand of the clock
 * last came by. Works in rounds of short steps; made for one thread.
 *
 * <p>Where a mapping is shared and has a file on a disk, the page table serves as the mark of use,
 * page by page: a round unmaps some windows (MADV_DONTNEED, which changes nothing), and one that
 * comes 100 ms later, or as soon as it is urgent, drops those of their cached pages that nobody has
 * mapped again (posix_fadvise DONTNEED, which skips mapped pages and starts to write changed ones).
 * A page in use costs its user a minor fault each time the hand comes by.
 *
 * <p>Memory that swap backs has no such call. There a round pages windows out (MADV_PAGEOUT); used
 * pages come back from the swap cache without a read as long as there is RAM, and a window of which
 * half came back is left alone for some rounds, each time for more.
 */
public abstract sealed class ResidentClock permits FileClock, SwapClock {
  /** What one step looks at: 4 MiB take 0.2 to 2 ms. */
  static final long WINDOW_BYTES = 4L << 20;

  final Mapping mapping;
  private long hand;

  ResidentClock(Mapping mapping) {
    this.mapping = mapping;
  }

  /** The bytes that count: in the page cache for files, in page frames for other memory. */
  public abstract long residentBytes() throws MemoryException;

  /**
   * Plans a round.
   *
   * @param excessBytes how much is to leave RAM
   * @param urgent whether used pages may go too
   */
  public abstract void begin(long excessBytes, boolean urgent) throws MemoryException;

  /**
   * Works on one window.
   *
   * @return false once the round is at its end
   */
  public abstract boolean step() throws MemoryException;

  /** The window under the hand, which moves on. The mapping may have another size than before. */
  final Window next() {
    long byteSize = mapping.byteSize();
    long offset = hand < byteSize ? hand : 0;
    long length = Math.min(WINDOW_BYTES, byteSize - offset);
    hand = offset + length;
    return new Window(offset, length);
  }

  final long windowCount() {
    return (mapping.byteSize() + WINDOW_BYTES - 1) / WINDOW_BYTES;
  }

  /** A part of the mapping. */
  record Window(long offset, long length) {
    /** The part of it that is left in a mapping of this size; nothing of a length below 1. */
    Window in(long byteSize) {
      return new Window(offset, Math.min(length, byteSize - offset));
    }
  }
}
