/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/**
 * Streams that are expected: each has its readahead window before it begins.
 *
 * <p>Most scans and fills begin at the start of a region, and a stream that comes to its end is
 * taken to begin anew where it had begun. Such a window is closed when pages are needed elsewhere
 * instead: random accesses pay for it at most a few times, with one readahead each.
 */
final class ExpectedStreams {
  /** The window of an expected stream: what a fill takes some milliseconds for. */
  static final long WINDOW_PAGES = 4096;

  private static final int MAX_EXPECTED = 4;

  private final MappedRuns runs;
  private final AdviceMap advice;
  private final FolioSplitter folios;
  private final List<Expected> all = new ArrayList<>();

  private static final class Expected {
    private final SequentialStream stream;

    /** The stream that goes on meanwhile, and may begin anew; null if it has ended, or none. */
    private @Nullable SequentialStream after;

    /** The process's major faults when {@code after} had ended; negative before. */
    private long faults = -1;

    private long lastPassAt;

    Expected(SequentialStream stream, @Nullable SequentialStream after, long now) {
      this.stream = stream;
      this.after = after;
      this.lastPassAt = now;
    }
  }

  ExpectedStreams(MappedRuns runs, AdviceMap advice, FolioSplitter folios) {
    this.runs = runs;
    this.advice = advice;
    this.folios = folios;
  }

  /** Expects a stream where no page is mapped, unless there are enough of them. */
  void add(SequentialStream stream, @Nullable SequentialStream after, long now)
      throws MemoryException {
    if (all.size() < MAX_EXPECTED) {
      all.add(new Expected(stream, after, now));
      advice.openWindow(
          stream.window(),
          after == null ? "where a stream may begin" : "where the stream may begin anew");
    }
  }

  /** Takes out the streams that have come, and gives up those that will not. */
  List<SequentialStream> arrivals(long now, long faults, Collection<SequentialStream> active)
      throws MemoryException {
    List<SequentialStream> arrived = new ArrayList<>();
    for (Iterator<Expected> each = all.iterator(); each.hasNext(); ) {
      Expected expected = each.next();
      SequentialStream stream = expected.stream;
      long most = Math.min(StreamDetector.RUN_PAGES, stream.window().count());
      if (runs.reach(stream.place(), most) == most) {
        each.remove();
        stream.hasCome(expected.lastPassAt, faults);
        folios.cameInLarge(stream.window());
        arrived.add(stream);
      } else if (expected.after != null) {
        expected.after = active.contains(expected.after) ? expected.after : null;
      } else if (expected.faults < 0) {
        expected.faults = faults;
      } else if (faults - expected.faults >= SequentialStream.FAULTS_ELSEWHERE) {
        each.remove();
        giveUp(stream, "pages are needed elsewhere");
      }
      expected.lastPassAt = now;
    }
    return arrived;
  }

  /** Gives up the streams whose windows meet a range of pages. */
  void giveUp(PageRange range, String why) throws MemoryException {
    for (Iterator<Expected> each = all.iterator(); each.hasNext(); ) {
      SequentialStream stream = each.next().stream;
      if (stream.window().meets(range)) {
        each.remove();
        giveUp(stream, why);
      }
    }
  }

  private void giveUp(SequentialStream stream, String why) throws MemoryException {
    folios.cameInLarge(stream.window()); // what was read there nevertheless
    advice.closeWindow(stream.window(), why);
  }

  /** Forgets all of them, and leaves the advice as it is. */
  void clear() {
    all.clear();
  }

  List<PageRange> windows() {
    return all.stream().map(expected -> expected.stream.window()).toList();
  }
}
