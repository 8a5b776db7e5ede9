/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.AccessPattern;

/**
 * Reads in three phases: a sixteenth of the pages in random order, then all in order, then as many
 * in random order again. From a warm start it begins anew. No fixed advice suits all of it.
 */
public final class PhaseChange implements Workload {
  private static final int RANDOM_SHARE = 16;

  @Override
  public String name() {
    return "phase-change";
  }

  @Override
  public String operation() {
    return "load 8 bytes of a page: random, in order, random";
  }

  @Override
  public Kind kind() {
    return Kind.READ;
  }

  @Override
  public AccessPattern pattern() {
    return AccessPattern.NORMAL;
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
    RandomStream random = context.random();
    long first = context.firstPage();
    long pages = context.endPage() - first;
    long scattered = Math.max(1, pages / RANDOM_SHARE);
    return new Worker() {
      private long step;

      @Override
      public int work(MemorySegment segment, int count) {
        int done = 0;
        while (done < count && hasNext()) {
          boolean inOrder = step >= scattered && step < scattered + pages;
          content.checkStamp(segment, first + (inOrder ? step - scattered : random.below(pages)));
          step++;
          done++;
        }
        return done;
      }

      private boolean hasNext() {
        if (pages < 1) {
          return false;
        }
        if (step == 2 * scattered + pages && context.start() == Start.WARM) {
          step = 0;
        }
        return step < 2 * scattered + pages;
      }
    };
  }
}
