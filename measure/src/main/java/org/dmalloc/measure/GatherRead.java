/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.dmalloc.api.BatchedAccess;

/**
 * Copies records of 256 bytes out of pages in random order into one segment, {@value
 * AnnouncedPages#LIST_RECORDS} at a time, by {@link BatchedAccess#gather}, and checks each copy.
 * The time of a list counts to its first record.
 */
public final class GatherRead extends AnnouncedPages {
  private static final int RECORD_BYTES = 256;

  /** The workload. */
  public GatherRead() {
    super(LIST_RECORDS, RECORD_BYTES);
  }

  @Override
  public String name() {
    return "gather-read";
  }

  @Override
  public String operation() {
    return String.format(
        Locale.ROOT,
        "copy %d bytes out of a random page, %d pages to a call of gather",
        RECORD_BYTES,
        LIST_RECORDS);
  }

  @Override
  public Kind kind() {
    return Kind.READ;
  }

  @Override
  public Worker worker(WorkerContext context) {
    return new Gatherer(context);
  }

  private static final class Gatherer extends ListWorker {
    private final PageContent content;
    private final BatchedAccess access;
    private final MemorySegment packed =
        Arena.ofAuto().allocate((long) LIST_RECORDS * RECORD_BYTES, PageContent.PAGE_BYTES);

    Gatherer(WorkerContext context) {
      super(context, 0);
      content = new PageContent(context.seed());
      access = BatchedAccess.of(context.requireRegion(), RECORD_BYTES);
    }

    @Override
    void use(long[] offsets) throws IOException {
      access.gather(offsets, packed, RECORD_BYTES);
      for (int i = 0; i < offsets.length; i++) {
        content.checkStampAt(packed, (long) i * RECORD_BYTES, offsets[i] / PageContent.PAGE_BYTES);
      }
    }
  }
}
