/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.concurrent.TimeUnit;

/**
 * A sequential stream: a thread that goes through pages one after the other, up or down, and the
 * readahead window before it. It has for the advice what {@code struct file_ra_state} has for the
 * kernel's own readahead, but one for each stream, so that interleaved streams do not disturb each
 * other.
 *
 * <p>The window grows with the speed. It is 8 MiB at first and doubles up to what the stream goes
 * through in 200 ms, 256 MiB at most; some of it stays behind the stream, and is dropped in large
 * pieces.
 */
final class SequentialStream {
  /** Pages that had to be read elsewhere, after which a stream that does nothing has ended. */
  static final long FAULTS_ELSEWHERE = 48;

  static final long MAX_WINDOW_PAGES = 65536;
  static final long MIN_DUE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  static final long MAX_DUE_NANOS = TimeUnit.MILLISECONDS.toNanos(30);

  /** Streams whose origins are nearer than this began at the same place. */
  private static final long FIRST_WINDOW_PAGES = 2048;

  private static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long BEHIND_PAGES = 16384;
  private static final long KEPT_BEHIND_PAGES = 256;

  /** Fewer, which take a while longer to say the same of a stream. */
  private static final long SOME_FAULTS_ELSEWHERE = 8;

  private static final long STALL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long MIN_STALL_NANOS = TimeUnit.MILLISECONDS.toNanos(8);

  /** What a stream would have come through if it went on; by then it is over. */
  private static final long STALL_PAGES = 4096;

  private static final int STALL_PASSES = 2;
  private static final long THRIFTY_DUE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Place origin;

  /** The first page in its direction that was not mapped in the last pass. */
  private long position;

  /** The position when the sampled blocks were read the last time. */
  private long sampledPosition;

  /** The window: from its first page in the stream's direction to the first behind it. */
  private long tail;

  private long head;
  private long windowPages = FIRST_WINDOW_PAGES;
  private long progressAt;
  private int passesWithout;

  /** The process's major faults when a page came in the last time. */
  private long faultsAtProgress;

  private double pagesPerNano;
  private long dueAt;
  private boolean repeats;

  /**
   * A page and a direction from it.
   *
   * @param sign 1 for up, −1 for down
   */
  record Place(int sign, long page) {
    /** The place so many pages further on. */
    Place plus(long pageCount) {
      return new Place(sign, page + sign * pageCount);
    }

    /** How many pages further on another page is; negative if it is behind. */
    long distanceTo(long other) {
      return sign * (other - page);
    }
  }

  /** A stream without a window, at the process's major faults so far. */
  SequentialStream(Place origin, long position, long now, long faults) {
    this.origin = origin;
    this.position = position;
    this.sampledPosition = position;
    this.tail = position;
    this.head = position;
    this.progressAt = now;
    this.dueAt = now;
    this.faultsAtProgress = faults;
  }

  /** One that is expected to begin, with a window of some pages. */
  static SequentialStream expected(Place origin, long pages, long pageCount, long now) {
    SequentialStream stream = new SequentialStream(origin, origin.page, now, 0);
    stream.windowPages = pages;
    stream.head = stream.headWithin(pageCount);
    return stream;
  }

  Place origin() {
    return origin;
  }

  Place place() {
    return new Place(origin.sign, position);
  }

  PageRange window() {
    return PageRange.between(origin.sign, tail, head);
  }

  long windowPages() {
    return windowPages;
  }

  /** What of the window is before it. */
  long ahead() {
    return place().distanceTo(head);
  }

  long progressAt() {
    return progressAt;
  }

  double mibPerSecond() {
    return pagesPerNano * 1e9 / 256;
  }

  boolean isBeyond(long pageCount) {
    return position < 0 || position >= pageCount;
  }

  /** Whether pages are its own, or so near that the sample that shows them may be its own. */
  boolean explains(PageRange run) {
    long low = Math.min(Math.min(tail, head), sampledPosition) - StreamDetector.BLOCK_PAGES;
    long high = Math.max(Math.max(tail, head), sampledPosition) + StreamDetector.BLOCK_PAGES;
    return run.first() >= low && run.end() <= high;
  }

  /** Notes that the sampled blocks were read. */
  void sampled() {
    sampledPosition = position;
  }

  /** Notes that an expected stream has come, at some time since a pass. */
  void hasCome(long lastPassAt, long faults) {
    progressAt = lastPassAt;
    faultsAtProgress = faults;
  }

  /** How far it may have come. */
  long expectedPages(long now) {
    return Math.min(windowPages, Math.round(pagesPerNano * (now - progressAt)));
  }

  /** Moves on; returns the pages that it has come through. */
  PageRange moveBy(long pages) {
    long from = position;
    position = place().plus(pages).page;
    return new PageRange(Math.min(from, position), Math.max(from, position));
  }

  /** Notes that it has moved on in this pass. */
  void progressed(long pages, long now, long faults) {
    if (now - progressAt >= MIN_DUE_NANOS / 2) { // else it was found just now
      double speed = (double) pages / (now - progressAt);
      pagesPerNano = pagesPerNano == 0 ? speed : 0.5 * pagesPerNano + 0.5 * speed;
    }
    progressAt = now;
    passesWithout = 0;
    faultsAtProgress = faults;
  }

  /** Notes a pass without a new page; true if the stream has ended. */
  boolean hasStalled(long now, long faults) {
    passesWithout++;
    return passesWithout >= STALL_PASSES && now - progressAt > stallNanos(faults);
  }

  /** Sizes the window by the speed; false if it is long enough as it is. */
  boolean resizesWindow() {
    long ahead = ahead();
    if (ahead >= windowPages / 2) {
      return false;
    }
    // One that has come through all of it went on page by page: that speed says nothing.
    long least = ahead <= 0 ? 4 * windowPages : windowPages;
    long most = Math.max(least, 2 * windowPages);
    long wanted = Math.round(pagesPerNano * WINDOW_NANOS);
    windowPages = Math.min(MAX_WINDOW_PAGES, Math.clamp(wanted, least, most));
    return true;
  }

  /** Moves the window's head on as far as its size allows; returns the pages that it gains. */
  PageRange moveHead(long pageCount) {
    long from = ahead() > 0 ? head : position;
    long wanted = headWithin(pageCount);
    if (origin.sign * (wanted - from) <= 0) {
      return new PageRange(from, from);
    }
    head = wanted;
    return PageRange.between(origin.sign, from, head);
  }

  private long headWithin(long pageCount) {
    long wanted = place().plus(windowPages).page;
    return origin.sign > 0 ? Math.min(wanted, pageCount) : Math.max(wanted, -1);
  }

  /** Moves the window's tail on if much of it is behind; returns the pages that it loses. */
  PageRange moveTail() {
    if (-place().distanceTo(tail) <= BEHIND_PAGES) {
      return new PageRange(tail, tail);
    }
    long from = tail;
    tail = place().plus(-KEPT_BEHIND_PAGES).page;
    return PageRange.between(origin.sign, from, tail);
  }

  /** Whether it is about to come to an end, and has not been asked that since it began. */
  boolean isNear(long end) {
    return !repeats && place().distanceTo(end) < windowPages;
  }

  /** Notes that it is expected to begin anew. */
  void repeats() {
    repeats = true;
  }

  /** Whether another began at the same place, and went further the same way. */
  boolean isOutrunBy(Place otherOrigin, long otherEnd) {
    return otherOrigin.sign == origin.sign
        && Math.abs(otherOrigin.page - origin.page) < FIRST_WINDOW_PAGES
        && place().distanceTo(otherEnd) > 0;
  }

  /** Whether it can be left alone until {@link #untilDue} is over. */
  boolean canWait(long now, long faults) {
    return faults - faultsAtProgress < SOME_FAULTS_ELSEWHERE && now - dueAt < 0;
  }

  long untilDue(long now) {
    return Math.min(MAX_DUE_NANOS, dueAt - now);
  }

  /** Plans the next pass over it. */
  void plan(long now, boolean thrifty) {
    dueAt = now + pause(now, thrifty);
  }

  private long pause(long now, boolean thrifty) {
    if (pagesPerNano <= 0 || passesWithout > 0) {
      long rarer = Math.min(MAX_DUE_NANOS, MIN_DUE_NANOS << Math.min(passesWithout, 10));
      // When it is known whether it has ended.
      long stalled = progressAt + stallNanos() - now;
      return stalled > 0 ? Math.clamp(stalled, MIN_DUE_NANOS, rarer) : rarer;
    }
    // Early while the window grows, and to see soon that it has ended; half of it is time enough.
    double share = thrifty ? 0.5 : 0.25;
    return Math.clamp(
        Math.round(share * ahead() / pagesPerNano),
        MIN_DUE_NANOS,
        thrifty ? THRIFTY_DUE_NANOS : MAX_DUE_NANOS);
  }

  /** How long it may do nothing: less when it was fast, and pages are needed elsewhere. */
  private long stallNanos(long faults) {
    long elsewhere = faults - faultsAtProgress;
    if (elsewhere < SOME_FAULTS_ELSEWHERE) {
      return STALL_NANOS;
    }
    return elsewhere < FAULTS_ELSEWHERE ? Math.min(STALL_NANOS, 2 * stallNanos()) : stallNanos();
  }

  private long stallNanos() {
    if (pagesPerNano <= 0) {
      return STALL_NANOS;
    }
    return Math.clamp(Math.round(STALL_PAGES / pagesPerNano), MIN_STALL_NANOS, STALL_NANOS);
  }
}
