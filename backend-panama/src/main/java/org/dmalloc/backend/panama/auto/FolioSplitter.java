/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.BitSet;
import java.util.Optional;
import java.util.function.Predicate;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.CacheCounts;

/**
 * Splits the large folios of one region once they are clean.
 *
 * <p>What the kernel reads ahead, or makes for a writer in order, it makes in large folios, and a
 * store to one page later writes all of one. The blocks of readahead windows are remembered, and
 * their folios are split. In a region that is only read nothing is gained by that, and nothing is
 * split.
 *
 * <p>Not thread-safe: the caller holds a lock.
 */
final class FolioSplitter {
  private static final int BLOCK_PAGES = StreamDetector.BLOCK_PAGES;
  private static final int MOST_BLOCKS = 8;

  private final RegionPages pages;
  private final boolean reachesFile;
  private final BitSet largeBlocks = new BitSet();

  /** Split once: a folio that was in use for a moment, in a processor's list, stayed large. */
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
  FolioSplitter(RegionPages pages, boolean reachesFile, boolean written) {
    this.pages = pages;
    this.reachesFile = reachesFile;
    this.written = written;
  }

  /** Notes that pages came in in large folios. */
  void cameInLarge(PageRange range) {
    if (reachesFile && range.count() > 0) {
      forced = false;
      int firstBlock = Math.toIntExact(range.first() / BLOCK_PAGES);
      int endBlock = Math.toIntExact((range.end() + BLOCK_PAGES - 1) / BLOCK_PAGES);
      largeBlocks.set(firstBlock, endBlock);
      splitOnce.clear(firstBlock, endBlock);
    }
  }

  /** Forgets what the memory does not have any more. */
  void resized() {
    largeBlocks.clear(Math.toIntExact(pages.pageCount() / BLOCK_PAGES) + 1, Integer.MAX_VALUE);
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
   * Reads the state of one stretch of blocks, and splits its large folios if it is clean.
   *
   * @param spared whether to leave a range for now
   * @return how many pages were read; 0 if all that is left is in use, changed, or never written
   */
  long split(Predicate<PageRange> spared) throws MemoryException {
    boolean wrapped = false;
    while (!largeBlocks.isEmpty()) {
      int block = largeBlocks.nextSetBit(splitAt);
      if (block < 0) {
        splitAt = 0;
        if (wrapped || !splitInRound) {
          splitInRound = false;
          return 0; // what is left is read again later
        }
        wrapped = true;
        splitInRound = false;
        continue;
      }
      int end = Math.min(largeBlocks.nextClearBit(block), block + MOST_BLOCKS);
      splitAt = end;
      long first = (long) block * BLOCK_PAGES;
      long count = Math.min((long) end * BLOCK_PAGES, pages.pageCount()) - first;
      if (count <= 0) {
        forget(block, end);
      } else if (!spared.test(new PageRange(first, first + count))) {
        splitIfClean(block, end, first, count);
        return count;
      }
    }
    return 0;
  }

  private void splitIfClean(int block, int end, long first, long count) throws MemoryException {
    Optional<CacheCounts> counts = pages.cacheCounts(first, count);
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
    pages.split(first, count);
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
