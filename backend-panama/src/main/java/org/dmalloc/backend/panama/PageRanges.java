/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.dmalloc.api.AccessPattern;

/** Ranges of pages and the pattern that somebody gave each by hand; a later one wins. */
final class PageRanges {
  /** Where a range starts, and what holds from there; null ends the range before. */
  private final NavigableMap<Long, Range> ranges = new TreeMap<>();

  /**
   * Pages {@code first} to {@code end}, without {@code end}.
   *
   * @param pattern what holds for them
   */
  record Range(long first, long end, AccessPattern pattern) {}

  /** Sets the pattern of a range; ranges that touch and agree become one. */
  void set(long first, long end, AccessPattern pattern) {
    if (first >= end) {
      return;
    }
    clear(first, end);
    long from = first;
    long to = end;
    Map.Entry<Long, Range> before = ranges.lowerEntry(first);
    if (before != null && before.getValue().end == first && before.getValue().pattern == pattern) {
      from = before.getValue().first;
      ranges.remove(before.getKey());
    }
    Range after = ranges.get(end);
    if (after != null && after.pattern == pattern) {
      to = after.end;
      ranges.remove(end);
    }
    ranges.put(from, new Range(from, to, pattern));
  }

  /** Forgets what was set for a range. */
  void clear(long first, long end) {
    for (Range old : touching(first, end)) {
      ranges.remove(old.first);
      if (old.first < first) {
        ranges.put(old.first, new Range(old.first, first, old.pattern));
      }
      if (old.end > end) {
        ranges.put(end, new Range(end, old.end, old.pattern));
      }
    }
  }

  boolean isEmpty() {
    return ranges.isEmpty();
  }

  /** The ranges that share a page with the given one, in ascending order, uncut. */
  List<Range> touching(long first, long end) {
    Long start = ranges.floorKey(first);
    List<Range> found = new ArrayList<>();
    for (Range range : ranges.tailMap(start == null ? first : start, true).values()) {
      if (range.first >= end) {
        break;
      }
      if (range.end > first) {
        found.add(range);
      }
    }
    return found;
  }

  /** The parts of a range for which nothing was set, as {first, end}. */
  List<long[]> gaps(long first, long end) {
    List<long[]> gaps = new ArrayList<>();
    long at = first;
    for (Range range : touching(first, end)) {
      if (range.first > at) {
        gaps.add(new long[] {at, range.first});
      }
      at = Math.max(at, range.end);
    }
    if (at < end) {
      gaps.add(new long[] {at, end});
    }
    return gaps;
  }
}
