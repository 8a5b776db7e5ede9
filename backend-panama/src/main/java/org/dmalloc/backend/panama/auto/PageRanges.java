/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.AdvisedRange;

/** The patterns that ranges of pages were advised with; a later one wins. */
public final class PageRanges {
  /** By their first page; they do not overlap. */
  private final NavigableMap<Long, Advised> ranges = new TreeMap<>();

  /** Pages {@code first} to {@code end}, without {@code end}, and their pattern. */
  public record Advised(long first, long end, AccessPattern pattern) {
    /** The same with who advised it; offset and length are in pages. */
    AdvisedRange by(AdvisedRange.Origin origin) {
      return new AdvisedRange(first, end - first, pattern, origin);
    }
  }

  /** Sets the pattern of a range; ranges that touch and agree become one. */
  public void set(long first, long end, AccessPattern pattern) {
    if (first >= end) {
      return;
    }
    clear(first, end);
    long from = first;
    long to = end;
    Map.Entry<Long, Advised> before = ranges.lowerEntry(first);
    if (before != null && before.getValue().end == first && before.getValue().pattern == pattern) {
      from = before.getValue().first;
      ranges.remove(before.getKey());
    }
    Advised after = ranges.get(end);
    if (after != null && after.pattern == pattern) {
      to = after.end;
      ranges.remove(end);
    }
    ranges.put(from, new Advised(from, to, pattern));
  }

  /** Forgets what was set for a range. */
  public void clear(long first, long end) {
    for (Advised old : touching(first, end)) {
      ranges.remove(old.first);
      if (old.first < first) {
        ranges.put(old.first, new Advised(old.first, first, old.pattern));
      }
      if (old.end > end) {
        ranges.put(end, new Advised(end, old.end, old.pattern));
      }
    }
  }

  /** The ranges that share a page with the given one, in ascending order, uncut. */
  public List<Advised> touching(long first, long end) {
    Long start = ranges.floorKey(first);
    List<Advised> found = new ArrayList<>();
    for (Advised range : ranges.tailMap(start == null ? first : start, true).values()) {
      if (range.first >= end) {
        break;
      }
      if (range.end > first) {
        found.add(range);
      }
    }
    return found;
  }

  /** The parts of a range for which nothing was set, in ascending order. */
  public List<PageRange> gaps(long first, long end) {
    List<PageRange> gaps = new ArrayList<>();
    long at = first;
    for (Advised range : touching(first, end)) {
      if (range.first > at) {
        gaps.add(new PageRange(at, range.first));
      }
      at = Math.max(at, range.end);
    }
    if (at < end) {
      gaps.add(new PageRange(at, end));
    }
    return gaps;
  }
}
