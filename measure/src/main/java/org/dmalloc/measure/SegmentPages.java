/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Pages in a segment: all in one piece, or each where a cache keeps it. */
public abstract class SegmentPages implements Pages {
  /** What is done to a page. */
  public enum Use {
    LOAD,
    /** Loads and stores. */
    STORE,
    /** Stores to all of the page; its old content does not matter. */
    REPLACE
  }

  /** Pages in order in one segment, valid as long as that is. */
  public static SegmentPages over(MemorySegment whole) {
    return new Whole() {
      @Override
      public MemorySegment segment() {
        return whole;
      }
    };
  }

  /**
   * Pages in order in one segment. Short loops keep the segment in a local variable: reading a
   * field for each page costs more than a fifth of their time.
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

  /** Makes a page accessible until {@link #leave}; returns its offset in {@link #segment()}. */
  public long enter(long page, Use use) throws IOException {
    return page * PageContent.PAGE_BYTES;
  }

  /** The segment that holds the page entered last. */
  public abstract MemorySegment segment();

  public void leave() {}

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
