/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.linux.CacheCounts;
import org.dmalloc.linux.CheckedPaging;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.PageScanner;
import org.dmalloc.linux.Platform;
import org.jspecify.annotations.Nullable;

/**
 * A region under AUTO, as its observer sees it: its mapping, what was learned, and whether anybody
 * uses it.
 *
 * <p><b>Threads.</b> The lock keeps the observer's looks apart from what changes the mapping. The
 * observer only tries it: a long populate holds up nobody else's looks.
 */
final class WatchedRegion {
  private static final long FIRST_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long MAX_RETRY_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final ReentrantLock lock = new ReentrantLock();
  private final Mapping mapping;
  private final CheckedPaging paging;
  private final PagingObserver observer;
  private final PatternLearner learner;
  private final String name;
  private final Predicate<Runnable> doze;
  private final BooleanSupplier suspect;
  private final Runnable onFailure;
  private @Nullable PageScanner scanner;
  private boolean ended;
  private boolean filled;
  private volatile boolean resting;
  private volatile String failure = "";
  private long splitRetryAt;
  private long splitRetryNanos = FIRST_RETRY_NANOS;

  /**
   * A region to watch.
   *
   * @param name the region in words
   * @param regionId for the events
   * @param doze makes the region tell of its next use; false if it is in use
   * @param suspect whether RAM alone is known to have some of it, so that no page may leave
   * @param onFailure called when the region is watched no more, and is NORMAL for good
   * @param stores whether its stores reach the file
   */
  WatchedRegion(
      PagingObserver observer,
      Mapping mapping,
      CheckedPaging paging,
      String name,
      long regionId,
      Predicate<Runnable> doze,
      BooleanSupplier suspect,
      Runnable onFailure,
      Stores stores) {
    this.observer = observer;
    this.mapping = mapping;
    this.paging = paging;
    this.name = name;
    this.doze = doze;
    this.suspect = suspect;
    this.onFailure = onFailure;
    this.learner =
        new PatternLearner(
            new Pages(), new Told(regionId), stores != Stores.NONE, stores == Stores.EXPECTED);
  }

  /** Whether stores reach the file. */
  enum Stores {
    /** Private or read-only. */
    NONE,
    /** It has been opened for writing. */
    POSSIBLE,
    /** It is fresh. */
    EXPECTED
  }

  /** Gives the mapping its first advice; false if that is refused, and it is NORMAL for good. */
  boolean begin() {
    lock.lock();
    try {
      learner.begin(!filled, System.nanoTime());
      return true;
    } catch (MemoryException e) {
      giveUp(String.valueOf(e.getMessage()));
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Notes that all pages were brought in before the first advice. */
  void filled() {
    lock.lock();
    try {
      filled = true;
      learner.folios().cameInLarge(0, pageCount());
    } finally {
      lock.unlock();
    }
  }

  /** Work that changes the mapping. */
  @FunctionalInterface
  interface Work {
    void run() throws MemoryException;
  }

  /** Changes the size of the mapping with nobody looking. */
  void resize(Work work) throws MemoryException {
    lock.lock();
    try {
      try {
        work.run();
      } finally {
        if (failure.isEmpty() && !ended) {
          learner.resized();
        }
      }
    } finally {
      lock.unlock();
    }
    observer.wake();
  }

  /** Unmaps with nobody looking; afterwards it is watched no more. */
  void close(Runnable unmap) {
    lock.lock();
    try {
      unmap.run();
      ended = true;
    } finally {
      lock.unlock();
    }
    observer.forget(this);
  }

  /** Is watched no more; waits for a look in progress. */
  void end() {
    lock.lock();
    try {
      ended = true;
    } finally {
      lock.unlock();
    }
    observer.forget(this);
  }

  /** Passes on what the owner advises; a pattern is pinned. */
  void advise(Advice advice, long offset, long length) throws MemoryException {
    long first = offset / Platform.pageSize();
    long end = (offset + length + Platform.pageSize() - 1) / Platform.pageSize();
    lock.lock();
    try {
      switch (advice) {
        case NORMAL, RANDOM, SEQUENTIAL -> {
          mapping.advise(advice, offset, length);
          learner.pin(first, end - first, AccessPattern.valueOf(advice.name()), System.nanoTime());
        }
        case POPULATE_READ, POPULATE_WRITE -> populate(advice, first, end);
        default -> mapping.advise(advice, offset, length);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Brings pages in by large reads, whatever is advised for them otherwise. */
  private void populate(Advice advice, long first, long end) throws MemoryException {
    long page = Platform.pageSize();
    learner.endStreams("brought in by hand", System.nanoTime());
    for (long[] gap : learner.unpinned(first, end)) {
      mapping.advise(Advice.NORMAL, gap[0] * page, length(gap));
    }
    try {
      paging.populate(
          advice == Advice.POPULATE_READ ? AccessMode.READ_ONLY : AccessMode.READ_WRITE,
          first * page,
          length(new long[] {first, end}),
          ProgressListener.NONE,
          "the content is as it was");
    } finally {
      for (long[] gap : learner.unpinned(first, end)) {
        mapping.advise(Advice.RANDOM, gap[0] * page, length(gap));
      }
      learner.folios().cameInLarge(first, end);
    }
    observer.wake();
  }

  /** What of a range of pages belongs to the region, in bytes. */
  private long length(long[] range) {
    long page = Platform.pageSize();
    return Math.min(range[1] * page, mapping.byteSize()) - range[0] * page;
  }

  /** Notes that all changes have been written. */
  void forced() {
    boolean interested;
    lock.lock();
    try {
      interested = learner.folios().mayHoldLargeFolios();
      if (interested) {
        learner.folios().forced();
        splitRetryAt = 0;
        splitRetryNanos = FIRST_RETRY_NANOS;
      }
    } finally {
      lock.unlock();
    }
    if (interested) {
      observer.wake();
    }
  }

  /** The advice by range; in bytes. */
  List<AdvisedRange> map() {
    long page = Platform.pageSize();
    lock.lock();
    try {
      if (!failure.isEmpty()) {
        return List.of(
            new AdvisedRange(
                0, mapping.byteSize(), AccessPattern.NORMAL, AdvisedRange.Origin.LEARNED));
      }
      long byteSize = mapping.byteSize();
      return learner.map().stream()
          .map(
              range ->
                  new AdvisedRange(
                      range.offset() * page,
                      Math.min((range.offset() + range.length()) * page, byteSize)
                          - range.offset() * page,
                      range.pattern(),
                      range.origin()))
          .toList();
    } finally {
      lock.unlock();
    }
  }

  /** Why the observer gave it up; empty if it has not. */
  String failure() {
    return failure;
  }

  // --- what the observer calls ---

  boolean resting() {
    return resting;
  }

  /** Called by whoever uses the region next. */
  private void used() {
    resting = false;
    observer.wakeForUse();
  }

  /** Rests until the region is used; false if it is in use. */
  boolean rest() {
    resting = true;
    if (doze.test(this::used)) {
      return true;
    }
    resting = false;
    return false;
  }

  /**
   * What a look found.
   *
   * @param sensed whether all was looked at that there is; false if the region was not free
   */
  record Look(long dueNanos, long freshPages, boolean sensed, boolean streams) {
    static final Look NOTHING = new Look(PatternLearner.NEVER, 0, true, false);
    static final Look BUSY = new Look(TimeUnit.MILLISECONDS.toNanos(1), 0, false, true);
  }

  /**
   * Looks at the region's pages.
   *
   * @param sight how much of the sensors to read; null to follow what is known
   * @param faults the process's major faults so far
   * @param thrifty whether to ask for as few further looks as will do
   */
  Look look(
      PageScanner pages,
      PatternLearner.@Nullable Sight sight,
      long now,
      long faults,
      boolean thrifty) {
    if (!lock.tryLock()) {
      return Look.BUSY;
    }
    try {
      if (ended || !failure.isEmpty()) {
        return Look.NOTHING;
      }
      scanner = pages;
      boolean sense = sight != null;
      if (sight != null) {
        learner.sense(sight, now, faults);
      }
      long due = learner.follow(now, faults, thrifty);
      return new Look(due, sense ? learner.freshPages() : 0, sense, learner.hasStreams());
    } catch (MemoryException | RuntimeException e) {
      giveUp(String.valueOf(e.getMessage()));
      return Look.NOTHING;
    } finally {
      scanner = null;
      lock.unlock();
    }
  }

  /** Falls back to the kernel's own heuristics, for good. Called by the observer. */
  void giveUp(String why) {
    lock.lock();
    try {
      if (ended || !failure.isEmpty()) {
        return;
      }
      failure = why;
      try {
        learner.giveUp();
      } catch (MemoryException e) {
        failure = why + "; " + e.getMessage();
      }
    } finally {
      lock.unlock();
    }
    onFailure.run();
    observer.gaveUp(String.format(Locale.ROOT, "%s: %s", name, failure));
  }

  /** Splits large folios of one stretch; false if there is nothing to do now. */
  boolean split(long now) {
    if (!lock.tryLock()) {
      return false;
    }
    try {
      if (ended
          || !failure.isEmpty()
          || now < splitRetryAt
          || suspect.getAsBoolean()
          || !learner.maySplit(now)) {
        return false;
      }
      boolean looked = learner.split() > 0;
      if (!looked) {
        splitRetryAt = now + splitRetryNanos;
        splitRetryNanos = Math.min(2 * splitRetryNanos, MAX_RETRY_NANOS);
      } else {
        splitRetryNanos = FIRST_RETRY_NANOS;
      }
      return looked;
    } catch (MemoryException | RuntimeException e) {
      giveUp(String.valueOf(e.getMessage()));
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** When to look for changed folios again; {@link PatternLearner#NEVER} if there are none. */
  long splitDueNanos(long now) {
    if (!lock.tryLock()) {
      return FIRST_RETRY_NANOS;
    }
    try {
      return ended || !failure.isEmpty() || !learner.folios().awaitsWriteback()
          ? PatternLearner.NEVER
          : Math.max(FIRST_RETRY_NANOS / 2, splitRetryAt - now);
    } finally {
      lock.unlock();
    }
  }

  private long pageCount() {
    return (mapping.byteSize() + Platform.pageSize() - 1) / Platform.pageSize();
  }

  @Override
  public String toString() {
    return name;
  }

  /** The mapping in pages. */
  private final class Pages implements PatternLearner.Memory {
    private final long page = Platform.pageSize();

    @Override
    public long pageCount() {
      return WatchedRegion.this.pageCount();
    }

    @Override
    public void mapped(long first, int count, long[] bits) throws MemoryException {
      PageScanner open = scanner;
      if (open == null) {
        throw new IllegalStateException("not in a look");
      }
      open.mapped(mapping, first, count, bits);
    }

    @Override
    public void advise(AccessPattern pattern, long first, long count) throws MemoryException {
      mapping.advise(Advice.valueOf(pattern.name()), first * page, bytes(first, count));
    }

    @Override
    public Optional<CacheCounts> cacheCounts(long first, long count) {
      return mapping.cacheCounts(first * page, bytes(first, count));
    }

    @Override
    public void split(long first, long count) throws MemoryException {
      mapping.splitFolios(first * page, bytes(first, count));
      observer.countSplit(bytes(first, count));
    }

    @Override
    public void leave(long first, long count) throws MemoryException {
      mapping.withdrawAdvice(first * page, bytes(first, count));
    }

    private long bytes(long first, long count) {
      return length(new long[] {first, first + count});
    }
  }

  /** Passes on what the learner decides. */
  private final class Told implements PatternLearner.Listener {
    private final long regionId;

    Told(long regionId) {
      this.regionId = regionId;
    }

    @Override
    public void changed(
        long firstPage, long pageCount, AccessPattern from, AccessPattern to, String evidence) {
      observer.countChange();
      AdviceChange.post(
          regionId,
          firstPage * Platform.pageSize(),
          pageCount * Platform.pageSize(),
          from,
          to,
          evidence);
    }

    @Override
    public void streamFound() {
      observer.countStream();
    }
  }
}
