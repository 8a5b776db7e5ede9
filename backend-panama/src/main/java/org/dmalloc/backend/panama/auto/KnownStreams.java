/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backend.panama.auto.SequentialStream.Place;
import org.jspecify.annotations.Nullable;

/**
 * The sequential streams of one region: those that go on, whose readahead windows move with them;
 * those that have paused, and are known at once when they go on; and those that are expected.
 */
final class KnownStreams {
  /** Each has a window, which is an area of the kernel's, of which a process has 65,530. */
  private static final int MAX_ACTIVE = 32;

  private static final int MAX_PAUSED = 16;
  private static final int WINDOW_PARTS = 8;

  private final RegionPages pages;
  private final MappedRuns runs;
  private final AdviceMap advice;
  private final FolioSplitter folios;
  private final StreamDetector detector;
  private final Runnable onFound;
  private final ExpectedStreams expected;
  private final List<SequentialStream> active = new ArrayList<>();

  /** The latest first. */
  private final Deque<Paused> paused = new ArrayDeque<>();

  private long endedAt;

  private record Paused(Place origin, Place place) {}

  KnownStreams(
      RegionPages pages,
      MappedRuns runs,
      AdviceMap advice,
      FolioSplitter folios,
      StreamDetector detector,
      Runnable onFound) {
    this.pages = pages;
    this.runs = runs;
    this.advice = advice;
    this.folios = folios;
    this.detector = detector;
    this.onFound = onFound;
    this.expected = new ExpectedStreams(runs, advice, folios);
  }

  boolean hasActive() {
    return !active.isEmpty();
  }

  long endedAt() {
    return endedAt;
  }

  List<PageRange> windows() {
    List<PageRange> windows = new ArrayList<>(expected.windows());
    active.forEach(stream -> windows.add(stream.window()));
    return windows;
  }

  boolean inWindow(PageRange range) {
    return windows().stream().anyMatch(range::meets);
  }

  /** Whether a run of mapped pages may be the trace of a stream that is known to go on. */
  boolean explain(PageRange run) {
    return active.stream().anyMatch(stream -> stream.explains(run));
  }

  /** Forgets all of them, and leaves the advice as it is. */
  void clear() {
    expected.clear();
    active.clear();
    paused.clear();
  }

  /**
   * Expects a stream where no page is mapped.
   *
   * @param after the stream that may begin anew; null if it would be another
   */
  void expect(Place origin, @Nullable SequentialStream after, long now) throws MemoryException {
    SequentialStream stream =
        SequentialStream.expected(origin, ExpectedStreams.WINDOW_PAGES, pages.pageCount(), now);
    if (!inWindow(stream.window())) {
      expected.add(stream, after, now);
    }
  }

  /** Takes the expected streams that have come for active ones. */
  void welcome(long now, long faults) throws MemoryException {
    for (SequentialStream stream : expected.arrivals(now, faults, active)) {
      active.add(stream);
      onFound.run();
    }
  }

  void open(Place origin, long position, long now, long faults, String evidence)
      throws MemoryException {
    if (active.size() >= MAX_ACTIVE) {
      SequentialStream oldest =
          active.stream().min(Comparator.comparingLong(SequentialStream::progressAt)).orElseThrow();
      active.remove(oldest);
      end(oldest, "too many streams", now);
    }
    SequentialStream stream = new SequentialStream(origin, position, now, faults);
    detector.remember(origin);
    detector.passed(
        new PageRange(Math.min(origin.page(), position), Math.max(origin.page(), position)));
    if (stream.isBeyond(pages.pageCount())) {
      return; // it has just come to the end
    }
    expected.giveUp(new PageRange(position, position + 1), "a stream goes on there");
    if (active.stream().noneMatch(other -> other.window().contains(position))) {
      onFound.run();
      active.add(stream);
      extend(stream, evidence);
    }
  }

  /** Notes that the sampled blocks were read. */
  void sampled() {
    active.forEach(SequentialStream::sampled);
  }

  /** Opens windows again before paused streams that go on. */
  void resume(long now, long faults) throws MemoryException {
    for (Iterator<Paused> all = paused.iterator(); all.hasNext(); ) {
      Paused old = all.next();
      if (runs.reach(old.place, StreamDetector.RUN_PAGES) == StreamDetector.RUN_PAGES) {
        all.remove();
        open(old.origin, old.place.page(), now, faults, "goes on where it had paused");
      }
    }
  }

  /**
   * Moves the windows on with their streams, and ends those of streams that have ended.
   *
   * @param thrifty whether to ask for as few passes as will do
   * @return nanoseconds until the next pass is due, {@link PatternLearner#NEVER} without streams
   */
  long follow(long now, long faults, boolean thrifty) throws MemoryException {
    long due = PatternLearner.NEVER;
    for (Iterator<SequentialStream> all = active.iterator(); all.hasNext(); ) {
      SequentialStream stream = all.next();
      if (!thrifty || !stream.canWait(now, faults)) {
        if (!advance(stream, now, faults)) {
          all.remove();
          continue;
        }
        stream.plan(now, thrifty);
      }
      due = Math.min(due, stream.untilDue(now));
    }
    return due;
  }

  /** False if the stream has ended. */
  private boolean advance(SequentialStream stream, long now, long faults) throws MemoryException {
    long grown =
        runs.reach(
            stream.place(),
            8 * SequentialStream.MAX_WINDOW_PAGES,
            stream.expectedPages(now),
            stream.windowPages() / 32);
    if (grown == 0) {
      grown = beyondWhatWasDropped(stream);
    }
    if (grown == 0) {
      if (!stream.hasStalled(now, faults)) {
        return true;
      }
      // Exactly: when pages behind it are mapped later, it goes on.
      detector.passed(stream.moveBy(runs.reach(stream.place(), pages.pageCount())));
      long millis = (now - stream.progressAt()) / 1_000_000;
      end(stream, "no page for " + millis + " ms", now);
      return false;
    }
    detector.passed(stream.moveBy(grown));
    stream.progressed(grown, now, faults);
    if (stream.isBeyond(pages.pageCount())) {
      end(stream, "the end of the region", now);
      return false;
    }
    if (stream.resizesWindow()) {
      extend(stream, String.format(Locale.ROOT, "a stream of %.0f MiB/s", stream.mibPerSecond()));
    }
    PageRange behind = stream.moveTail();
    if (behind.count() > 0) {
      advice.closeWindow(behind, "left behind");
    }
    if (stream.isNear(expectedEnd(stream)) && runs.reach(stream.origin(), 1) == 0) {
      stream.repeats();
      expect(stream.origin(), stream, now);
    }
    return true;
  }

  /**
   * What a stream has grown by when the pages at its position have been dropped already: it was
   * fast, and memory is short. In its window, random accesses make no run as long as this.
   */
  private long beyondWhatWasDropped(SequentialStream stream) throws MemoryException {
    long ahead = stream.ahead();
    for (int part = 1; part <= WINDOW_PARTS; part++) {
      long skipped = part * ahead / WINDOW_PARTS;
      Place from = stream.place().plus(skipped);
      if (runs.reach(from, StreamDetector.RUN_PAGES) == StreamDetector.RUN_PAGES) {
        return skipped + runs.reach(from, ahead);
      }
    }
    return 0;
  }

  /** Where another ended that began at the same place; else the end of the memory. */
  private long expectedEnd(SequentialStream stream) {
    for (Paused old : paused) {
      if (stream.isOutrunBy(old.origin, old.place.page())) {
        return old.place.page();
      }
    }
    return stream.origin().sign() > 0 ? pages.pageCount() : -1;
  }

  private void extend(SequentialStream stream, String evidence) throws MemoryException {
    PageRange gained = stream.moveHead(pages.pageCount());
    if (gained.count() > 0) {
      advice.openWindow(gained, evidence);
      folios.cameInLarge(gained);
    }
  }

  private void end(SequentialStream stream, String evidence, long now) throws MemoryException {
    endedAt = now;
    advice.closeWindow(stream.window(), evidence);
    if (!stream.isBeyond(pages.pageCount())) {
      paused.addFirst(new Paused(stream.origin(), stream.place()));
      if (paused.size() > MAX_PAUSED) {
        paused.removeLast();
      }
    }
  }

  /** Ends the streams whose windows meet a range, and makes these windows RANDOM. */
  void end(PageRange range, String why, long now) throws MemoryException {
    expected.giveUp(range, why);
    for (Iterator<SequentialStream> all = active.iterator(); all.hasNext(); ) {
      SequentialStream stream = all.next();
      if (stream.window().meets(range)) {
        all.remove();
        end(stream, why, now);
      }
    }
  }
}
