/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.DirtyTracking;

/**
 * The ranges that a punch emptied while written pages are tracked. The kernel's tracking sees
 * stores alone: a page that is gone counts as one that nobody has written.
 *
 * <p><b>Why it is right.</b> A range is added after it was emptied, inside the section of the
 * punch. A collector that comes before finds the range at its next call, and the last one runs when
 * all sections have ended. What it copies then are the zeros.
 */
final class EmptiedRanges {
  private static final long PAGE = 4096;

  /** Guarded by this. */
  private List<RegionRange> ranges = List.of();

  /** Guarded by this. */
  private boolean tracked;

  /**
   * Notes the pages that hold a range; nothing where nobody tracks.
   *
   * @param byteSize the region's, where the last page ends
   */
  synchronized void add(long offset, long length, long byteSize) {
    if (tracked) {
      long start = offset - offset % PAGE;
      long end = offset + length;
      end = Math.min(end + (PAGE - end % PAGE) % PAGE, byteSize);
      ranges.add(new RegionRange(start, end - start));
    }
  }

  /** Adds the ranges to what a tracking finds, until it is closed. */
  synchronized DirtyTracking noting(DirtyTracking tracking) {
    ranges = new ArrayList<>();
    tracked = true;
    return new Noting(tracking);
  }

  private synchronized List<RegionRange> take() {
    List<RegionRange> taken = ranges;
    ranges = new ArrayList<>();
    return taken;
  }

  private synchronized void end() {
    tracked = false;
    ranges = List.of();
  }

  /** How a tracking collects: with the next call to come, or for the last time. */
  @FunctionalInterface
  private interface Collecting {
    void into(DirtyTracking.Visitor visitor) throws MemoryException;
  }

  private final class Noting implements DirtyTracking {
    private final DirtyTracking tracking;

    Noting(DirtyTracking tracking) {
      this.tracking = tracking;
    }

    @Override
    public void collect(Visitor visitor) throws MemoryException {
      collect(tracking::collect, visitor);
    }

    @Override
    public void collectLast(Visitor visitor) throws MemoryException {
      collect(tracking::collectLast, visitor);
    }

    private void collect(Collecting collecting, Visitor visitor) throws MemoryException {
      List<RegionRange> found = take();
      if (found.isEmpty()) {
        collecting.into(visitor);
        return;
      }
      collecting.into((offset, length) -> found.add(new RegionRange(offset, length)));
      found.sort(Comparator.comparingLong(RegionRange::offset));
      long start = found.getFirst().offset();
      long end = start;
      for (RegionRange range : found) {
        if (range.offset() > end) {
          visitor.written(start, end - start);
          start = range.offset();
        }
        end = Math.max(end, range.offset() + range.length());
      }
      visitor.written(start, end - start);
    }

    @Override
    public String method() {
      return tracking.method();
    }

    @Override
    public void close() {
      end();
      tracking.close();
    }
  }
}
