/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One thread's way to the pages of a {@link PageStore}. Each operation goes the way that a careful
 * user of the store goes: in place where it maps, through a copy where it copies. Whatever is
 * loaded is checked, and a {@link WrongContentException} thrown if it is not what was stored.
 *
 * <p>All operations come between {@link #begin} and {@link #end}.
 */
public interface Pages {
  /** Begins a group of operations: an access section of a region; nothing for most others. */
  default void begin() throws IOException {}

  /** Ends a group of operations. */
  default void end() {}

  /**
   * The segment in which all pages lie in order, until {@link #end}: loops that take about as long
   * as a load use it in place of the calls below, because a field that is read again for each page
   * costs more than a fifth of them. Null where pages lie elsewhere.
   */
  default @Nullable MemorySegment whole() {
    return null;
  }

  /** Stores to all of a page; a new store is filled in order. */
  void fill(long page, PageContent content) throws IOException;

  /**
   * Loads 8 bytes of a page.
   *
   * @return the page's stamp
   */
  long checkStamp(long page, PageContent content) throws IOException;

  /** Loads all of a page. */
  void checkAll(long page, PageContent content) throws IOException;

  /** Stores 8 bytes to a page. */
  void setMark(long page, PageContent content) throws IOException;

  /** Loads the 8 bytes that {@link #setMark} stored. */
  void checkMark(long page, PageContent content) throws IOException;
}
