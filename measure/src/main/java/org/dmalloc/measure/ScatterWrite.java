/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.dmalloc.api.BatchedAccess;

/**
 * Stores what {@link RandomWrite} does, 8 bytes to pages in random order, but out of one segment,
 * {@value AnnouncedPages#LIST_RECORDS} at a time, by {@link BatchedAccess#scatter}. The time of a
 * list counts to its first record.
 */
public final class ScatterWrite extends AnnouncedPages {
  private static final int VERIFIED_PAGES = 10_000;

  /** The workload. */
  public ScatterWrite() {
    super(LIST_RECORDS, Long.BYTES);
  }

  @Override
  public String name() {
    return "scatter-write";
  }

  @Override
  public String operation() {
    return String.format(
        Locale.ROOT, "store 8 bytes to a random page, %d pages to a call of scatter", LIST_RECORDS);
  }

  @Override
  public Kind kind() {
    return Kind.WRITE;
  }

  @Override
  public Worker worker(WorkerContext context) {
    return new Scatterer(context);
  }

  private static final class Scatterer extends ListWorker {
    private final WorkerContext context;
    private final PageContent content;
    private final BatchedAccess access;
    private final MemorySegment packed = Arena.ofAuto().allocate(JAVA_LONG, LIST_RECORDS);
    private long stores;

    Scatterer(WorkerContext context) {
      super(context, PageContent.MARK_OFFSET);
      this.context = context;
      content = new PageContent(context.seed());
      access = BatchedAccess.of(context.requireRegion(), Long.BYTES);
    }

    @Override
    void use(long[] offsets) throws IOException {
      for (int i = 0; i < offsets.length; i++) {
        packed.setAtIndex(JAVA_LONG, i, content.mark(offsets[i] / PageContent.PAGE_BYTES));
      }
      access.scatter(offsets, packed, Long.BYTES);
      stores += offsets.length;
    }

    @Override
    public void verify(MemorySegment segment) {
      PageChoice again = new PageChoice(context);
      for (long i = 0; i < Math.min(stores, VERIFIED_PAGES); i++) {
        content.checkMark(segment, again.next());
      }
    }
  }
}
