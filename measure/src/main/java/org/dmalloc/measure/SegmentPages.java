/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Pages that lie in a segment: all in one piece, or each at the place where a cache has it. */
public abstract class SegmentPages implements Pages {
  /** What will be done to a page. */
  public enum Use {
    /** Loads. */
    LOAD,
    /** Loads and stores. */
    STORE,
    /** Stores to all of it: what it held does not matter. */
    REPLACE
  }

  /** Pages that lie in one segment, in order, for as long as that is valid. */
  public static SegmentPages over(MemorySegment whole) {
    return new Whole() {
      @Override
      public MemorySegment segment() {
        return whole;
      }
    };
  }

  /**
   * Pages that lie in one segment, in order. Loops that take about as long as a load use the
   * segment itself: a field that is read again for each page costs more than a fifth of them.
   */
  abstract static class Whole extends SegmentPages {
    @Override
    public final void checkStamps(long[] pages, int count, PageContent content) {
      MemorySegment whole = segment();
      for (int i = 0; i < count; i++) {
        content.checkStampAt(whole, pages[i] * PageContent.PAGE_BYTES, pages[i]);
      }
    }

    @Override
    public final void setMarks(long[] pages, int count, PageContent content) {
      MemorySegment whole = segment();
      for (int i = 0; i < count; i++) {
        content.setMarkAt(whole, pages[i] * PageContent.PAGE_BYTES, pages[i]);
      }
    }
  }

  /**
   * Makes a page accessible until {@link #leave}.
   *
   * @return where it begins in {@link #segment()}
   */
  public long enter(long page, Use use) throws IOException {
    return page * PageContent.PAGE_BYTES;
  }

  /** The segment that holds the page entered last. */
  public abstract MemorySegment segment();

  /** Ends the use of the page entered last. */
  public void leave() {}

  /** What is done to a page where it lies. */
  private interface Operation {
    void on(MemorySegment segment, long offset, long page);
  }

  private void use(long page, Use use, Operation operation) throws IOException {
    long at = enter(page, use);
    try {
      operation.on(segment(), at, page);
    } finally {
      leave();
    }
  }

  @Override
  public final void fill(long page, PageContent content) throws IOException {
    use(page, Use.REPLACE, content::fillAt);
  }

  @Override
  public final long checkStamp(long page, PageContent content) throws IOException {
    long at = enter(page, Use.LOAD);
    try {
      return content.checkStampAt(segment(), at, page);
    } finally {
      leave();
    }
  }

  @Override
  public final void checkAll(long page, PageContent content) throws IOException {
    use(page, Use.LOAD, content::checkAllAt);
  }

  @Override
  public final void setMark(long page, PageContent content) throws IOException {
    use(page, Use.STORE, content::setMarkAt);
  }

  @Override
  public final void checkMark(long page, PageContent content) throws IOException {
    use(page, Use.LOAD, content::checkMarkAt);
  }
}
