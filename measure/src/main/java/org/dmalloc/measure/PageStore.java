/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.util.Optional;
import org.dmalloc.api.MemoryRegion;

/**
 * The numbered pages of 4096 bytes that workloads use: of a region, a file, a cache or another
 * library.
 *
 * <p>The caller who opened a store owns it and closes it. Any number of threads may use it at once,
 * each by {@link #pages} of its own, unless it is {@link #confined}.
 */
public interface PageStore extends AutoCloseable {
  /** The store has no way to make stores durable. */
  long NOTHING_TO_FORCE = -1;

  long pageCount();

  Pages pages();

  /** Whether only the thread that opened it may use it, as some libraries require. */
  default boolean confined() {
    return false;
  }

  /** The region of these pages, for workloads that need a region. */
  default Optional<MemoryRegion> region() {
    return Optional.empty();
  }

  /** Whether filled pages can be changed. */
  default boolean writable() {
    return true;
  }

  /** Whether a fill may go on after {@link #force}. */
  default boolean fillsInParts() {
    return true;
  }

  /** Whether {@link #announce} has an effect. */
  default boolean announces() {
    return false;
  }

  /** Announces the pages that will be used next; does nothing by default. */
  default void announce(long[] pages) throws IOException {}

  /** Fills pages in order from {@code firstPage} to the end, untimed, in the fastest way. */
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
   * Leaves no page dirty where possible, and the pages filled last in RAM, up to about {@code
   * ramBytes}.
   */
  default void settle(long ramBytes) throws IOException {
    force();
  }

  /** Makes all stores durable; returns the nanoseconds it took, or {@link #NOTHING_TO_FORCE}. */
  long force() throws IOException;

  /**
   * Drops all cached pages, where that needs no new opening. After false, the caller closes the
   * store, drops its files from the page cache, and opens it again.
   */
  default boolean forget() throws IOException {
    return false;
  }

  /** Describes the store in a report; may be empty. */
  String note();

  @Override
  void close() throws IOException;
}
