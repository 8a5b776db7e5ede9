/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;

/**
 * What of a sparse region was reserved by its owner, so that memory that it moves to can reserve it
 * too: where a store could not lack space before the move, it cannot after it.
 */
final class ReservedRanges {
  /** Ends by starts; no two touch. */
  private final TreeMap<Long, Long> ends = new TreeMap<>();

  private long changes;

  synchronized void add(long offset, long length) {
    if (length == 0) {
      return;
    }
    long start = offset;
    long end = offset + length;
    Map.Entry<Long, Long> near = ends.floorEntry(end);
    while (near != null && near.getValue() >= start) {
      start = Math.min(start, near.getKey());
      end = Math.max(end, near.getValue());
      ends.remove(near.getKey());
      near = ends.floorEntry(end);
    }
    ends.put(start, end);
    changes++;
  }

  synchronized void remove(long offset, long length) {
    if (length == 0) {
      return;
    }
    long end = offset + length;
    Map.Entry<Long, Long> near = ends.lowerEntry(end);
    while (near != null && near.getValue() > offset) {
      ends.remove(near.getKey());
      if (near.getKey() < offset) {
        ends.put(near.getKey(), offset);
      }
      if (near.getValue() > end) {
        ends.put(end, near.getValue());
      }
      near = ends.lowerEntry(end);
    }
    changes++;
  }

  /** Forgets what lies behind a new end. */
  void cut(long byteSize) {
    remove(byteSize, Long.MAX_VALUE - byteSize);
  }

  synchronized boolean isEmpty() {
    return ends.isEmpty();
  }

  /** A number that is another one after each change. */
  synchronized long changes() {
    return changes;
  }

  /** Reserves them in memory that has none of them yet, or some. */
  void reserveIn(MemoryRegion region) throws MemoryException {
    List<Map.Entry<Long, Long>> ranges;
    synchronized (this) {
      ranges = new ArrayList<>(ends.entrySet());
    }
    for (Map.Entry<Long, Long> range : ranges) {
      region.reserve(range.getKey(), range.getValue() - range.getKey());
    }
  }
}
