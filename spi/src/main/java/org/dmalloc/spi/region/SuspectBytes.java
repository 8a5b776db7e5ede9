/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The bytes of a region that are not proven to be in its file since a write-back failed.
 *
 * @param path the file; empty if it has no name
 * @param error the first failure, in words
 * @param ranges the bytes, in ascending order and apart from each other
 */
record SuspectBytes(String path, String error, List<Range> ranges) {
  /** Some bytes, from the first to before the end. */
  record Range(long offset, long end) {
    /** What both have; of no length or less if they have nothing in common. */
    Range and(Range other) {
      return new Range(Math.max(offset, other.offset), Math.min(end, other.end));
    }

    long length() {
      return end - offset;
    }
  }

  SuspectBytes {
    ranges = List.copyOf(ranges);
  }

  List<Range> in(Range range) {
    return ranges.stream().map(range::and).filter(each -> each.length() > 0).toList();
  }

  SuspectBytes without(Range range) {
    List<Range> rest = new ArrayList<>();
    for (Range each : ranges) {
      rest.add(each.and(new Range(0, range.offset)));
      rest.add(each.and(new Range(range.end, Long.MAX_VALUE)));
    }
    rest.removeIf(each -> each.length() <= 0);
    return new SuspectBytes(path, error, rest);
  }

  long byteSize() {
    return ranges.stream().mapToLong(Range::length).sum();
  }

  String inWords() {
    return byteSize() + " bytes are not proven to be in the file since: " + error;
  }

  /** For other class loaders; {@link #parse} reads it. */
  String text() {
    String bounds =
        ranges.stream().map(r -> r.offset + "-" + r.end).collect(Collectors.joining(","));
    return String.join("\n", bounds, path, error);
  }

  static SuspectBytes parse(String text) {
    String[] lines = text.split("\n", 3);
    List<Range> ranges =
        Arrays.stream(lines[0].split(","))
            .map(bounds -> bounds.split("-"))
            .map(bounds -> new Range(Long.parseLong(bounds[0]), Long.parseLong(bounds[1])))
            .toList();
    return new SuspectBytes(lines[1], lines[2], ranges);
  }
}
