/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Memory as a comparison sees it: numbered pages of 4096 bytes, in one piece or not. */
public interface PagedMemory extends AutoCloseable {
  /** Stands for "nothing to make durable". */
  long OWES_NOTHING = -1;

  /** How many pages there are. */
  long pageCount();

  /** A way to the pages, for one thread. */
  Cursor cursor();

  /** Says which pages will be used next; what cannot use that ignores it. */
  void announce(long[] pages) throws IOException;

  /** Prepares for writing all pages in order, whatever it was made for. */
  default void beginBulkLoad() throws IOException {}

  /**
   * Ends that, with nothing dirty left where that can be had, and in RAM what came last.
   *
   * @param ramBytes how much RAM can hold, about
   */
  default void endBulkLoad(long ramBytes) throws IOException {}

  /**
   * Makes all stores durable.
   *
   * @return how long it took, in nanoseconds; {@link #OWES_NOTHING} if nothing could
   */
  long force() throws IOException;

  /** What else should be known about it; may be empty. */
  String note();

  @Override
  void close() throws IOException;

  /** What will be done to a page. */
  enum Use {
    /** Loads. */
    LOAD,
    /** Loads and stores. */
    STORE,
    /** Stores to all of it: what it held does not matter. */
    REPLACE
  }

  /** One thread's way to the pages, one at a time. */
  interface Cursor {
    /**
     * Makes a page accessible until {@link #leave}.
     *
     * @return where it begins in {@link #segment()}
     */
    long enter(long page, Use use) throws IOException;

    /** The segment that holds the page entered last. */
    MemorySegment segment();

    /** Ends the use of the page entered last. */
    void leave();
  }
}
