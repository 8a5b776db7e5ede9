/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.AccessPattern;

/** Writes all pages in order. Cold: the first writes to a new region. Warm: over and over. */
public final class SequentialFill implements Workload {
  private static final int GROUP_PAGES = 16;
  private static final int VERIFIED_PAGES = 1_000;

  @Override
  public String name() {
    return "fill";
  }

  @Override
  public String operation() {
    return "store all 4 KiB of the next page";
  }

  @Override
  public Kind kind() {
    return Kind.FILL;
  }

  @Override
  public AccessPattern pattern() {
    return AccessPattern.SEQUENTIAL;
  }

  @Override
  public long bytesPerOperation(Start start) {
    return PageContent.PAGE_BYTES;
  }

  @Override
  public int warmGroupSize() {
    return GROUP_PAGES;
  }

  @Override
  public Worker worker(WorkerContext context) {
    PageContent content = new PageContent(context.seed());
    PageCursor cursor = PageCursor.of(context);
    return new Worker() {
      @Override
      public int work(MemorySegment segment, int count) {
        int done = 0;
        while (done < count && cursor.hasNext()) {
          content.fill(segment, cursor.next());
          done++;
        }
        return done;
      }

      @Override
      public void verify(MemorySegment segment) {
        // A sample, because reading all would bring back what did not fit into memory.
        long pages = cursor.visitedFromStart();
        long step = Math.max(1, pages / VERIFIED_PAGES);
        for (long i = 0; i < pages; i += step) {
          content.checkStamp(segment, context.firstPage() + i);
        }
      }
    };
  }
}
