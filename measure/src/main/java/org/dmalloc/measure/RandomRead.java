/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import org.dmalloc.api.AccessPattern;

/** Reads 8 bytes of pages in random order; from a cold start no page twice. */
public final class RandomRead implements Workload {
  /** A load from RAM takes 10 to 100 ns, reading the clock 20 to 40. */
  static final int GROUP_LOADS = 64;

  @Override
  public String name() {
    return "random-read";
  }

  @Override
  public String operation() {
    return "load 8 bytes of a random page";
  }

  @Override
  public Kind kind() {
    return Kind.READ;
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
    return GROUP_LOADS;
  }

  @Override
  public Worker worker(WorkerContext context) {
    PageContent content = new PageContent(context.seed());
    PageChoice pages = new PageChoice(context);
    return (segment, count) -> {
      int done = 0;
      while (done < count && pages.hasNext()) {
        content.checkStamp(segment, pages.next());
        done++;
      }
      return done;
    };
  }
}
