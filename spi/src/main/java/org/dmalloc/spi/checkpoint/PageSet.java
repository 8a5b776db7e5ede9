/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.util.BitSet;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.SealedCheckpoint;

/** A set of pages of one region: a bit for each, 32 KiB for a GiB. Not safe for use by threads. */
final class PageSet {
  private static final int PAGE = SealedCheckpoint.PAGE_BYTES;

  private final BitSet pages;

  PageSet() {
    this(new BitSet());
  }

  private PageSet(BitSet pages) {
    this.pages = pages;
  }

  /** Takes runs of pages, in bytes. */
  @FunctionalInterface
  interface RunVisitor {
    void run(long offset, long length) throws MemoryException;
  }

  PageSet copy() {
    return new PageSet((BitSet) pages.clone());
  }

  /** Adds the pages that hold a range of bytes. */
  void add(long offset, long length) {
    pages.set(Math.toIntExact(offset / PAGE), Math.toIntExact((offset + length + PAGE - 1) / PAGE));
  }

  void addAll(PageSet others) {
    pages.or(others.pages);
  }

  void removeAll(PageSet others) {
    pages.andNot(others.pages);
  }

  /** Removes the pages from an offset on; one in the middle of a page keeps that page. */
  void removeFrom(long offset) {
    int first = Math.toIntExact((offset + PAGE - 1) / PAGE);
    pages.clear(first, Math.max(first, pages.length()));
  }

  void clear() {
    pages.clear();
  }

  boolean isEmpty() {
    return pages.isEmpty();
  }

  long byteSize() {
    return (long) pages.cardinality() * PAGE;
  }

  void forEachRun(RunVisitor visitor) throws MemoryException {
    for (int from = pages.nextSetBit(0); from >= 0; ) {
      int end = pages.nextClearBit(from);
      visitor.run((long) from * PAGE, (long) (end - from) * PAGE);
      from = pages.nextSetBit(end);
    }
  }

  /**
   * Takes the first pages out: no more than so many, in no wider a range.
   *
   * @return those pages; empty if there are none
   */
  PageSet takeFirst(int most, long rangeBytes) {
    BitSet taken = new BitSet();
    int first = pages.nextSetBit(0);
    long end = first + rangeBytes / PAGE;
    int page = first;
    for (int count = 0; page >= 0 && page < end && count < most; count++) {
      taken.set(page);
      page = pages.nextSetBit(page + 1);
    }
    pages.andNot(taken);
    return new PageSet(taken);
  }

  /** Where the first page begins, in bytes. */
  long start() {
    return (long) pages.nextSetBit(0) * PAGE;
  }

  /** Where the last page ends, in bytes. */
  long end() {
    return (long) pages.length() * PAGE;
  }
}
