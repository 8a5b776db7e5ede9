/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

/** Pages {@code first} to {@code end}, without {@code end}. */
public record PageRange(long first, long end) {
  /** The pages from one on, in a direction (1 is up, −1 is down), before another. */
  static PageRange between(int sign, long from, long to) {
    return sign > 0 ? new PageRange(from, to) : new PageRange(to + 1, from + 1);
  }

  long count() {
    return end - first;
  }

  boolean contains(long page) {
    return first <= page && page < end;
  }

  /** Whether the ranges share a page. */
  boolean meets(PageRange other) {
    return first < other.end && end > other.first;
  }
}
