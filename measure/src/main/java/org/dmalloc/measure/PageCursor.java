/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

/** Walks one worker's pages in order: once from a cold start, round and round from a warm one. */
final class PageCursor {
  private final long first;
  private final long end;
  private final boolean repeats;
  private long next;
  private boolean wrapped;

  private PageCursor(long first, long end, boolean repeats) {
    this.first = first;
    this.end = end;
    this.repeats = repeats;
    next = first;
  }

  static PageCursor of(WorkerContext context) {
    return new PageCursor(
        context.firstPage(),
        context.endPage(),
        context.start() == Start.WARM && context.endPage() > context.firstPage());
  }

  boolean hasNext() {
    return repeats || next < end;
  }

  long next() {
    if (next == end) {
      next = first;
      wrapped = true;
    }
    return next++;
  }

  /** How many pages from the first one on were visited. */
  long visitedFromStart() {
    return (wrapped ? end : next) - first;
  }
}
