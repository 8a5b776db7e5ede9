/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;

/**
 * One thread's way to the pages of a {@link PageStore}. Each operation goes the way that a careful
 * user of the store goes: in place where it maps, through a copy where it copies. Whatever is
 * loaded is checked, and a {@link WrongContentException} thrown if it is not what was stored.
 *
 * <p>All operations come inside a {@link #group}.
 */
public interface Pages {
  /**
   * Does a group of operations: inside an access section of a region, as it is for most others.
   *
   * @return what the worker returned
   */
  default int group(Worker worker, int count) throws IOException {
    return worker.work(count);
  }

  /** Stores to all of a page; a new store is filled in order. */
  void fill(long page, PageContent content) throws IOException;

  /**
   * Loads 8 bytes of a page.
   *
   * @return the page's stamp
   */
  long checkStamp(long page, PageContent content) throws IOException;

  /** Loads 8 bytes of each of the first {@code count} pages of a list. */
  default void checkStamps(long[] pages, int count, PageContent content) throws IOException {
    for (int i = 0; i < count; i++) {
      checkStamp(pages[i], content);
    }
  }

  /** Loads all of a page. */
  void checkAll(long page, PageContent content) throws IOException;

  /** Stores 8 bytes to a page. */
  void setMark(long page, PageContent content) throws IOException;

  /** Stores 8 bytes to each of the first {@code count} pages of a list. */
  default void setMarks(long[] pages, int count, PageContent content) throws IOException {
    for (int i = 0; i < count; i++) {
      setMark(pages[i], content);
    }
  }

  /** Loads the 8 bytes that {@link #setMark} stored. */
  void checkMark(long page, PageContent content) throws IOException;
}
