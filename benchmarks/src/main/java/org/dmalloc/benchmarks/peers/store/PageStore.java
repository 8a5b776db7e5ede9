/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.io.IOException;
import java.util.PrimitiveIterator;
import org.dmalloc.measure.PageContent;

/**
 * Numbered pages of 4096 bytes in a file, as a contender gives them. Each operation goes the way
 * that the contender's users go: in place where it maps, through a copy where it copies. Whatever
 * is loaded is checked. One thread uses it.
 */
public interface PageStore extends AutoCloseable {
  /** Writes all of a page; a fresh store is filled in order. */
  void fill(long page, PageContent content) throws IOException;

  /**
   * Fills what a measured fill had no time for, by the fastest way there is.
   *
   * @param firstPage the first page not filled yet
   * @param pageCount how many pages there are
   */
  default void fillRest(long firstPage, long pageCount, PageContent content) throws IOException {
    for (long page = firstPage; page < pageCount; page++) {
      fill(page, content);
    }
  }

  /** Whether a fill may be interrupted by {@link #force} and then go on. */
  default boolean fillsInParts() {
    return true;
  }

  /** Loads 8 bytes of a page and checks them. */
  void checkStamp(long page, PageContent content) throws IOException;

  /** Loads all of a page and checks it. */
  void checkAll(long page, PageContent content) throws IOException;

  /** Whether a page that is there can be changed. */
  default boolean writable() {
    return true;
  }

  /** Stores 8 bytes into a page. */
  void setMark(long page, PageContent content) throws IOException;

  /** Loads the 8 bytes that {@link #setMark} stored, and checks them. */
  void checkMark(long page, PageContent content) throws IOException;

  /** Whether there is a call for pages that are known beforehand. */
  default boolean announces() {
    return false;
  }

  /**
   * Loads 8 bytes of each of many pages that are known beforehand, and checks them, by the
   * contender's call for that.
   *
   * @param pages pulled as they are wanted, a few batches ahead; ends when the time is over
   * @return how many pages were loaded: all that were pulled
   */
  default long checkAnnounced(PrimitiveIterator.OfLong pages, PageContent content)
      throws IOException {
    throw new UnsupportedOperationException("there is no call to announce pages");
  }

  /** Makes all that was stored durable, by the contender's own call. */
  void force() throws IOException;

  /**
   * Forgets all that is cached, where that needs no new opening.
   *
   * @return whether it did; if not, the store is to be closed, its files dropped from the page
   *     cache, and opened again
   */
  default boolean forget() throws IOException {
    return false;
  }

  /** What it is, in words, for the report. */
  String note();

  @Override
  void close() throws IOException;
}
