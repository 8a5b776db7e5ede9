/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.AccessPattern;

/** Writes 8 bytes to pages in random order; from a cold start no page twice. */
public final class RandomWrite implements Workload {
  private static final int VERIFIED_PAGES = 10_000;

  @Override
  public String name() {
    return "random-write";
  }

  @Override
  public String operation() {
    return "store 8 bytes to a random page";
  }

  @Override
  public Kind kind() {
    return Kind.WRITE;
  }

  @Override
  public AccessPattern pattern() {
    return AccessPattern.RANDOM;
  }

  @Override
  public long bytesPerOperation(Start start) {
    return start == Start.COLD ? PageContent.PAGE_BYTES : Long.BYTES;
  }

  @Override
  public int warmGroupSize() {
    return RandomRead.GROUP_LOADS;
  }

  @Override
  public Worker worker(WorkerContext context) {
    PageContent content = new PageContent(context.seed());
    PageChoice pages = new PageChoice(context);
    return new Worker() {
      private long stores;

      @Override
      public int work(MemorySegment segment, int count) {
        int done = 0;
        while (done < count && pages.hasNext()) {
          content.setMark(segment, pages.next());
          done++;
        }
        stores += done;
        return done;
      }

      @Override
      public void verify(MemorySegment segment) {
        PageChoice again = new PageChoice(context);
        for (long i = 0; i < Math.min(stores, VERIFIED_PAGES); i++) {
          content.checkMark(segment, again.next());
        }
      }
    };
  }
}
