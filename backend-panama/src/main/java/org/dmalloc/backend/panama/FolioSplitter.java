/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.BitSet;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.CacheCounts;

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
   * Looks at one stretch of blocks, and splits its large folios if it is clean.
   *
   * @param spared tells for a range of pages whether to leave it for now
   * @return the pages that it looked at; 0 if all that is left is in use, changed, or never written
   */
  long split(BiPredicate<Long, Long> spared) throws MemoryException {
    boolean wrapped = false;
    while (!largeBlocks.isEmpty()) {
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
        forget(block, end);
      } else if (!spared.test(first, first + count)) {
        splitIfClean(block, end, first, count);
        return count;
      }
    }
    return 0;
  }

  private void splitIfClean(int block, int end, long first, long count) throws MemoryException {
    Optional<CacheCounts> counts = memory.cacheCounts(first, count);
    if (counts.isPresent() && counts.get().cached() == 0) {
      forget(block, end); // dropped: what comes in again is small, or in a window
      return;
    }
    boolean dirty = counts.isPresent() && counts.get().dirty() > 0;
    written |= dirty;
    dirtyUnknown = counts.isEmpty();
    boolean clean = dirtyUnknown ? forced : !dirty;
    if (!clean || !written) {
      return;
    }
    memory.split(first, count);
    splitInRound = true;
    if (splitOnce.nextClearBit(block) >= end) {
      forget(block, end);
    } else {
      splitOnce.set(block, end);
    }
  }

  private void forget(int block, int end) {
    largeBlocks.clear(block, end);
    splitOnce.clear(block, end);
  }
}
