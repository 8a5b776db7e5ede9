/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.util.Optional;
import org.dmalloc.api.MemoryRegion;

/**
 * What workloads run over: numbered pages of 4096 bytes, in memory or in a file, as a region, a
 * cache or another library gives them.
 *
 * <p>The caller who opened a store owns it and closes it. Any number of threads may use it at once,
 * each by {@link #pages} of its own, unless it is {@link #confined}.
 */
public interface PageStore extends AutoCloseable {
  /** Stands for a time until durable where nothing can make anything durable. */
  long NOTHING_TO_FORCE = -1;

  long pageCount();

  /** A way to the pages, for one thread. */
  Pages pages();

  /** Whether only the thread that opened it may use it, as some libraries have it. */
  default boolean confined() {
    return false;
  }

  /** The region whose pages these are, for workloads that need what only a region has. */
  default Optional<MemoryRegion> region() {
    return Optional.empty();
  }

  /** Whether a page that is there can be changed. */
  default boolean writable() {
    return true;
  }

  /** Whether a fill may be interrupted by {@link #force} and then go on. */
  default boolean fillsInParts() {
    return true;
  }

  /** Whether {@link #announce} does something. */
  default boolean announces() {
    return false;
  }

  /** Says which pages will be used next; what cannot use that ignores it. */
  default void announce(long[] pages) throws IOException {}

  /**
   * Fills pages in order to the end, untimed and by the fastest way there is.
   *
   * @param firstPage where to begin
   */
  default void bulkLoad(long firstPage, PageContent content) throws IOException {
    Pages pages = pages();
    for (long page = firstPage; page < pageCount(); page++) {
      long next = page;
      pages.group(
          count -> {
            pages.fill(next, content);
            return count;
          },
          1);
    }
  }

  /**
   * Leaves the store as one that has been in use: with nothing dirty where that can be had, and in
   * RAM what was filled last.
   *
   * @param ramBytes how much RAM can hold, about
   */
  default void settle(long ramBytes) throws IOException {
    force();
  }

  /**
   * Makes all stores durable.
   *
   * @return how long it took, in nanoseconds; {@link #NOTHING_TO_FORCE} if nothing could
   */
  long force() throws IOException;

  /**
   * Forgets all that is cached, where that needs no new opening.
   *
   * @return whether it did; if not, the store is to be closed, its files dropped from the page
   *     cache, and opened again
   */
  default boolean forget() throws IOException {
    return false;
  }

  /** What it is, in words, for a report; may be empty. */
  String note();

  @Override
  void close() throws IOException;
}
