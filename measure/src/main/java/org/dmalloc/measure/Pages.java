/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;

/**
 * One thread's access to the pages of a {@link PageStore}, as a careful user of the store has it:
 * in place where it maps, through a copy where it copies. Each load is checked; a {@link
 * WrongContentException} is thrown if it is not what was stored.
 *
 * <p>The caller puts all operations inside a {@link #group}.
 */
public interface Pages {
  /** Runs a group of operations, on a region in one access section; returns the worker's count. */
  default int group(Worker worker, int count) throws IOException {
    return worker.work(count);
  }

  /** Stores to all of a page; a new store is filled in order. */
  void fill(long page, PageContent content) throws IOException;

  /** Loads 8 bytes of a page, its stamp, and returns them. */
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
