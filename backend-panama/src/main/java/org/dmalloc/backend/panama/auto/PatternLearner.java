/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backend.panama.auto.SequentialStream.Place;

/**
 * Learns the order in which one region's pages come in, and advises the kernel.
 *
 * <p>Everything is RANDOM, but for a readahead window before each sequential stream. The window is
 * NORMAL, moves with the stream and ends with it. So a random access is right from the first one
 * on, wherever it goes, and a stream pays for the pages before it is detected.
 *
 * <p>{@link StreamDetector} finds the streams, {@link KnownStreams} moves their windows, {@link
 * ExpectedStreams} has windows ready where a stream is likely to begin, {@link AdviceMap} tells the
 * kernel, and {@link FolioSplitter} splits the large folios that readahead leaves behind.
 *
 * <p>Not thread-safe: the caller holds a lock.
 */
final class PatternLearner {
  /** Nothing to do until something happens. */
  static final long NEVER = Long.MAX_VALUE;

  private static final long CALM_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final RegionPages pages;
  private final AdviceMap advice;
  private final FolioSplitter folios;
  private final StreamDetector detector;
  private final KnownStreams streams;

  /** Is told what is decided. */
  interface Listener {
    /** A change of advice, with the evidence for it. */
    void changed(
        long firstPage, long pageCount, AccessPattern from, AccessPattern to, String evidence);

    /** A stream was found. */
    void streamFound();
  }

  /**
   * A learner for memory that has its advice still to get; see {@link #begin}.
   *
   * @param splits whether to split large folios: stores reach the file
   * @param written whether stores are expected: it is fresh
   */
  PatternLearner(RegionPages pages, Listener listener, boolean splits, boolean written) {
    MappedRuns runs = new MappedRuns(pages);
    this.pages = pages;
    this.advice = new AdviceMap(pages, listener);
    this.folios = new FolioSplitter(pages, splits, written);
    this.detector = new StreamDetector(pages, runs);
    this.streams = new KnownStreams(pages, runs, advice, folios, detector, listener::streamFound);
  }

  /**
   * Gives all of the memory its first advice.
   *
   * @param empty whether it may be gone through from the start, and no page is mapped
   */
  void begin(boolean empty, long now) throws MemoryException {
    advice.reset();
    detector.resized();
    if (empty) {
      streams.expect(new Place(1, 0), null, now);
    }
  }

  FolioSplitter folios() {
    return folios;
  }

  /** Adapts to another size; what is not pinned is RANDOM then. */
  void resized() throws MemoryException {
    streams.clear();
    detector.resized();
    advice.reset();
    folios.resized();
  }

  /** Adapts to pages that have been added behind the others: streams go on. */
  void grown(long oldPageCount) throws MemoryException {
    detector.grown();
    advice.grown(oldPageCount);
  }

  /** Gives up: what is not pinned becomes NORMAL, the kernel's own heuristics. */
  void giveUp() throws MemoryException {
    streams.clear();
    advice.withdraw();
  }

  /**
   * Notes a pattern that the owner chose; the kernel has been told. It is never overridden. Streams
   * that it meets are let go.
   */
  void pin(PageRange range, AccessPattern pattern, long now) throws MemoryException {
    advice.pin(range, pattern);
    streams.end(range, "advised by hand", now);
  }

  List<PageRange> unpinned(PageRange range) {
    return advice.unpinned(range);
  }

  void endStreams(String why, long now) throws MemoryException {
    streams.end(new PageRange(0, pages.pageCount()), why, now);
  }

  /**
   * Follows what streams and candidates have done since the last pass.
   *
   * @param faults the process's major faults so far: pages that had to be read
   * @param thrifty whether to ask for as few passes as will do
   * @return nanoseconds until the next pass is due, {@link #NEVER} if there are none
   */
  long follow(long now, long faults, boolean thrifty) throws MemoryException {
    streams.welcome(now, faults);
    detector.proveCandidates(
        (origin, position, evidence) -> streams.open(origin, position, now, faults, evidence));
    long due = detector.hasCandidates() ? SequentialStream.MIN_DUE_NANOS : NEVER;
    return Math.min(due, streams.follow(now, faults, thrifty));
  }

  /** Samples the page table; {@link #follow} proves or drops the candidates that this finds. */
  void sample(SamplingWidth width, long now, long faults) throws MemoryException {
    detector.sample(width, run -> advice.unpinned(run).isEmpty() || streams.explain(run));
    if (width.pages > 0) {
      streams.sampled();
    }
    streams.resume(now, faults);
  }

  long freshPages() {
    return detector.freshPages();
  }

  int sampledBlocks() {
    return detector.blockCount();
  }

  boolean hasStreams() {
    return streams.hasActive() || detector.hasCandidates();
  }

  /**
   * Whether to split large folios now: not while streams go on, which may drop the pages anyway.
   */
  boolean maySplit(long now) {
    return folios.mayHoldLargeFolios()
        && !hasStreams()
        && (folios.isForced() || now - streams.endedAt() > CALM_NANOS);
  }

  /** Splits as {@link FolioSplitter#split} does, outside the windows of streams. */
  long split() throws MemoryException {
    return folios.split(streams::inWindow);
  }

  List<AdvisedRange> map() {
    return advice.ranges(streams.windows());
  }
}
