/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.util.Locale;
import org.dmalloc.api.BatchedAccess;

/**
 * Reads what {@link RandomRead} does, 8 bytes of pages in random order, but in lists of {@value
 * AnnouncedPages#LIST_RECORDS} by {@link BatchedAccess#visit}. The time of a list counts to its
 * first record.
 */
public final class VisitRead extends AnnouncedPages {
  /** The workload. */
  public VisitRead() {
    super(LIST_RECORDS, Long.BYTES);
  }

  @Override
  public String name() {
    return "visit-read";
  }

  @Override
  public String operation() {
    return String.format(
        Locale.ROOT, "load 8 bytes of a random page, %d pages to a call of visit", LIST_RECORDS);
  }

  @Override
  public Kind kind() {
    return Kind.READ;
  }

  @Override
  public Worker worker(WorkerContext context) {
    return new Visitor(context);
  }

  private static final class Visitor extends ListWorker {
    private final PageContent content;
    private final BatchedAccess access;

    Visitor(WorkerContext context) {
      super(context, 0);
      content = new PageContent(context.seed());
      access = BatchedAccess.of(context.requireRegion(), Long.BYTES);
    }

    @Override
    void use(long[] offsets) throws IOException {
      access.visit(
          offsets,
          (segment, offset, index) ->
              content.checkStampAt(segment, offset, offset / PageContent.PAGE_BYTES));
    }
  }
}
