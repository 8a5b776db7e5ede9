/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import org.dmalloc.api.AccessPattern;

/** Reads all words of all pages in order, once from a cold start, repeatedly from a warm one. */
public final class SequentialRead implements Workload {
  private static final int GROUP_PAGES = 16;

  @Override
  public String name() {
    return "read";
  }

  @Override
  public String operation() {
    return "load all 4 KiB of the next page";
  }

  @Override
  public Kind kind() {
    return Kind.READ;
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
    return (segment, count) -> {
      int done = 0;
      while (done < count && cursor.hasNext()) {
        content.checkAll(segment, cursor.next());
        done++;
      }
      return done;
    };
  }
}
