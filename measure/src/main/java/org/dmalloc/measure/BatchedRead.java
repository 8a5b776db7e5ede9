/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryRegion;

/**
 * Reads 8 bytes of pages in random order, but announces them in batches through {@link
 * MemoryRegion#prefetch}: one batch is announced while the one before it is read, so that the disk
 * always has work. One thread so gets what the disk gives at depth. The time of an announcement
 * counts to the first read of the batch in hand.
 */
public final class BatchedRead extends AnnouncedPages {
  /** Pages per announcement, unless the constructor is given another number. */
  public static final int DEFAULT_BATCH_PAGES = 512;

  private final int batchPages;

  /** Batches of {@value #DEFAULT_BATCH_PAGES} pages. */
  public BatchedRead() {
    this(DEFAULT_BATCH_PAGES);
  }

  /**
   * Batches of a size of one's own.
   *
   * @param batchPages pages per announcement, at least 1
   */
  public BatchedRead(int batchPages) {
    super(batchPages, Long.BYTES);
    if (batchPages < 1) {
      throw new IllegalArgumentException("batch of " + batchPages + " pages; give at least 1");
    }
    this.batchPages = batchPages;
  }

  @Override
  public String name() {
    return batchPages == DEFAULT_BATCH_PAGES ? "batch-read" : "batch-read-" + batchPages;
  }

  @Override
  public String operation() {
    return "load 8 bytes of a random page, announced in batches of " + batchPages;
  }

  @Override
  public Kind kind() {
    return Kind.READ;
  }

  @Override
  public Worker worker(WorkerContext context) {
    return new BatchWorker(context, batchPages);
  }

  private static final class BatchWorker implements Worker {
    private final MemoryRegion region;
    private final PageContent content;
    private final PageChoice pages;
    private final int batchPages;
    private long[] current = new long[0];
    private long[] announced;
    private int place;

    BatchWorker(WorkerContext context, int batchPages) {
      region = context.requireRegion();
      content = new PageContent(context.seed());
      pages = new PageChoice(context);
      this.batchPages = batchPages;
      announced = new long[0];
    }

    @Override
    public int work(MemorySegment segment, int count) throws IOException {
      int done = 0;
      while (done < count) {
        if (place == current.length && !advance()) {
          return done;
        }
        content.checkStamp(segment, current[place++] / PageContent.PAGE_BYTES);
        done++;
      }
      return done;
    }

    /** Makes the announced batch the current one and announces the next; false at the end. */
    private boolean advance() throws IOException {
      if (announced.length == 0) {
        announced = announce();
      }
      current = announced;
      place = 0;
      announced = announce();
      return current.length > 0;
    }

    private long[] announce() throws IOException {
      long[] offsets = pages.offsets(batchPages, 0);
      if (offsets.length > 0) {
        region.prefetch(offsets, PageContent.PAGE_BYTES);
      }
      return offsets;
    }
  }
}
