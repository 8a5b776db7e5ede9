/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.BitSet;
import java.util.function.BiPredicate;
import org.dmalloc.api.MemoryException;

/**
 * Splits the large folios of one region once they are clean.
 *
 * <p>What the kernel reads ahead, or makes for a writer in order, it makes in large folios, and a
 * store to one page later writes all of one. Blocks that a window went over are remembered, and
 * their folios are split. In a region that is only read nothing is gained by that, and nothing is
 * split.
 *
 * <p>Not thread-safe: the caller holds a lock.
 */
final class FolioSplitter {
  private static final int BLOCK_PAGES = PatternLearner.BLOCK_PAGES;
  private static final int MOST_BLOCKS = 8;
  private static final int LOOKS = 64;

  private final PatternLearner.Memory memory;
  private final boolean reachesFile;
  private final BitSet largeBlocks = new BitSet();

  /** Gone over once: a folio that was in use for a moment, in a processor's list, was left. */
  private final BitSet splitOnce = new BitSet();

  private boolean written;
  private boolean dirtyUnknown;
  private boolean forced;
  private int splitAt;
  private boolean splitInRound;

  /**
   * For memory without large folios.
   *
   * @param reachesFile whether stores reach the file; nothing is split otherwise
   * @param written whether stores are expected
   */
  FolioSplitter(PatternLearner.Memory memory, boolean reachesFile, boolean written) {
    this.memory = memory;
    this.reachesFile = reachesFile;
    this.written = written;
  }

  /** Notes that pages came in in large folios, from {@code first} on, before {@code end}. */
  void cameInLarge(long first, long end) {
    if (reachesFile && end > first) {
      forced = false;
      int firstBlock = Math.toIntExact(first / BLOCK_PAGES);
      int endBlock = Math.toIntExact((end + BLOCK_PAGES - 1) / BLOCK_PAGES);
      largeBlocks.set(firstBlock, endBlock);
      splitOnce.clear(firstBlock, endBlock);
    }
  }

  /** Forgets what the memory does not have any more. */
  void resized() {
    largeBlocks.clear(Math.toIntExact(memory.pageCount() / BLOCK_PAGES) + 1, Integer.MAX_VALUE);
  }

  /** Whether there are blocks that may hold large folios. */
  boolean mayHoldLargeFolios() {
    return !largeBlocks.isEmpty();
  }

  /** Whether there will be something to split when changed pages have been written. */
  boolean awaitsWriteback() {
    return mayHoldLargeFolios() && written && !dirtyUnknown;
  }

  /** Notes that all changed pages have been written, just now. */
  void forced() {
    forced = true;
    splitAt = 0;
  }

  /** Whether all changed pages have been written since pages came in in large folios. */
  boolean isForced() {
    return forced;
  }

  /**
   * Splits the large folios of one stretch of clean blocks.
   *
   * @param spared tells for a range of pages whether to leave it for now
   * @return the pages that it went over; 0 if all that is left is in use, changed, or never written
   */
  long split(BiPredicate<Long, Long> spared) throws MemoryException {
    boolean wrapped = false;
    for (int look = 0; look < LOOKS && !largeBlocks.isEmpty(); look++) {
      int block = largeBlocks.nextSetBit(splitAt);
      if (block < 0) {
        splitAt = 0;
        if (wrapped || !splitInRound) {
          splitInRound = false;
          return 0; // what is left is looked at some time later
        }
        wrapped = true;
        splitInRound = false;
        continue;
      }
      int end = Math.min(largeBlocks.nextClearBit(block), block + MOST_BLOCKS);
      splitAt = end;
      long first = (long) block * BLOCK_PAGES;
      long count = Math.min((long) end * BLOCK_PAGES, memory.pageCount()) - first;
      if (count <= 0) {
        largeBlocks.clear(block, end);
        continue;
      }
      if (spared.test(first, first + count)) {
        continue;
      }
      long dirty = memory.dirtyPages(first, count);
      written |= dirty > 0;
      dirtyUnknown = dirty < 0;
      boolean clean = dirty == 0 || (dirty < 0 && forced);
      if (!clean || !written) {
        continue;
      }
      memory.split(first, count);
      splitInRound = true;
      if (splitOnce.nextClearBit(block) >= end) {
        largeBlocks.clear(block, end);
        splitOnce.clear(block, end);
      } else {
        splitOnce.set(block, end);
      }
      return count;
    }
    return 0;
  }
}
