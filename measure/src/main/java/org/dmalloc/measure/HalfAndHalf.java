/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.AccessPattern;

/**
 * Reads the first half of its pages in order and the second at random, in turns: 64 pages in order
 * for each random one, so that both take time. No fixed advice suits both halves.
 */
public final class HalfAndHalf implements Workload {
  private static final int PAGES_IN_ORDER = 64;

  @Override
  public String name() {
    return "half-and-half";
  }

  @Override
  public String operation() {
    return "load 8 bytes of a page: 64 in order, 1 random elsewhere";
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
    long inOrder = (pages + 1) / 2;
    return new Worker() {
      private long next;
      private int turn;

      @Override
      public int work(MemorySegment segment, int count) {
        int done = 0;
        while (done < count && hasNext()) {
          if (turn == PAGES_IN_ORDER && pages > inOrder) {
            turn = 0;
            content.checkStamp(segment, first + inOrder + random.below(pages - inOrder));
          } else {
            turn++;
            content.checkStamp(segment, first + next++);
          }
          done++;
        }
        return done;
      }

      private boolean hasNext() {
        if (next == inOrder && context.start() == Start.WARM) {
          next = 0;
        }
        return next < inOrder;
      }
    };
  }
}
