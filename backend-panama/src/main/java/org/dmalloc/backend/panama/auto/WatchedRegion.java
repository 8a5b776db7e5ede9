/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.linux.CheckedPaging;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.PageScanner;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.jspecify.annotations.Nullable;

/**
 * A region under AUTO: its mapping, what was learned about it, and whether it is in use.
 *
 * <p><b>Threads.</b> The lock keeps the observer's passes apart from what changes the mapping. The
 * observer only tries it, so that a long populate does not delay other regions.
 */
public final class WatchedRegion {
  private static final long FIRST_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long MAX_RETRY_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final ReentrantLock lock = new ReentrantLock();
  private final Mapping mapping;
  private final CheckedPaging paging;
  private final PagingObserver observer;
  private final MappingPages pages;
  private final PatternLearner learner;
  private final BackedRegion region;
  private boolean ended;
  private boolean filled;
  private volatile boolean resting;
  private volatile String failure = "";
  private long splitRetryAt;
  private long splitRetryNanos = FIRST_RETRY_NANOS;

  /** A region to watch. */
  public WatchedRegion(
      PagingObserver observer,
      Mapping mapping,
      CheckedPaging paging,
      BackedRegion region,
      Stores stores) {
    this.observer = observer;
    this.mapping = mapping;
    this.paging = paging;
    this.region = region;
    this.pages = new MappingPages(mapping, observer::countSplit);
    this.learner =
        new PatternLearner(pages, new Reporter(), stores != Stores.NONE, stores == Stores.EXPECTED);
  }

  /** Whether stores reach the file. */
  public enum Stores {
    /** Private or read-only. */
    NONE,
    /** It has been opened for writing. */
    POSSIBLE,
    /** It is fresh. */
    EXPECTED
  }

  /** Gives the mapping its first advice; false if that is refused, and it is NORMAL for good. */
  public boolean begin() {
    lock.lock();
    try {
      try {
        learner.begin(!filled, System.nanoTime());
        return true;
      } catch (MemoryException e) {
        giveUp(String.valueOf(e.getMessage()));
        return false;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Notes that all pages were brought in before the first advice. */
  public void filled() {
    lock.lock();
    try {
      filled = true;
      learner.folios().cameInLarge(new PageRange(0, pages.pageCount()));
    } finally {
      lock.unlock();
    }
  }

  /** Changes the size of the mapping between two passes. */
  public void resize(Action work) throws MemoryException {
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

  /** Grows the mapping in place between two passes. */
  public void grow(Action work) throws MemoryException {
    lock.lock();
    try {
      long oldPageCount = pages.pageCount();
      work.run();
      if (failure.isEmpty() && !ended) {
        try {
          learner.grown(oldPageCount);
        } catch (MemoryException e) {
          giveUp(String.valueOf(e.getMessage())); // it has grown all the same
        }
      }
    } finally {
      lock.unlock();
    }
    observer.wake();
  }

  /** Unmaps between two passes; afterwards the region is watched no more. */
  public void close(Runnable unmap) {
    lock.lock();
    try {
      unmap.run();
      ended = true;
    } finally {
      lock.unlock();
    }
    observer.forget(this);
  }

  /** Is watched no more; waits for a pass in progress. */
  public void end() {
    close(() -> {});
  }

  /** Passes on what the owner advises; a pattern is pinned. */
  public void advise(Advice advice, long offset, long length) throws MemoryException {
    PageRange range = pages.holding(offset, length);
    lock.lock();
    try {
      switch (advice) {
        case NORMAL, RANDOM, SEQUENTIAL -> {
          mapping.advise(advice, offset, length);
          learner.pin(range, AccessPattern.valueOf(advice.name()), System.nanoTime());
        }
        case POPULATE_READ, POPULATE_WRITE -> populate(advice, range);
        default -> mapping.advise(advice, offset, length);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Brings pages in by large reads, whatever is advised for them otherwise. */
  private void populate(Advice advice, PageRange range) throws MemoryException {
    learner.endStreams("brought in by hand", System.nanoTime());
    advise(AccessPattern.NORMAL, range);
    try {
      paging.populate(
          advice == Advice.POPULATE_READ ? AccessMode.READ_ONLY : AccessMode.READ_WRITE,
          range.first() * pages.pageSize(),
          pages.bytes(range.first(), range.count()),
          ProgressListener.NONE,
          "the content is as it was");
    } finally {
      advise(AccessPattern.RANDOM, range);
      learner.folios().cameInLarge(range);
    }
    observer.wake();
  }

  private void advise(AccessPattern pattern, PageRange range) throws MemoryException {
    for (PageRange gap : learner.unpinned(range)) {
      pages.advise(pattern, gap.first(), gap.count());
    }
  }

  /** Notes that all changes have been written. */
  public void forced() {
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
  public List<AdvisedRange> map() {
    lock.lock();
    try {
      if (!failure.isEmpty()) {
        return List.of(
            new AdvisedRange(
                0, mapping.byteSize(), AccessPattern.NORMAL, AdvisedRange.Origin.LEARNED));
      }
      return learner.map().stream()
          .map(
              range ->
                  new AdvisedRange(
                      range.offset() * pages.pageSize(),
                      pages.bytes(range.offset(), range.length()),
                      range.pattern(),
                      range.origin()))
          .toList();
    } finally {
      lock.unlock();
    }
  }

  // --- what the observer calls ---

  boolean resting() {
    return resting;
  }

  /** Called at the next use of the region. */
  private void used() {
    resting = false;
    observer.wakeForUse();
  }

  /** Rests until the region is used; false if it is in use. */
  boolean rest() {
    resting = true;
    if (region.notifyNextUse(this::used)) {
      return true;
    }
    resting = false;
    return false;
  }

  /**
   * What a pass has found.
   *
   * @param dueNanos how long until the next pass over this region
   * @param sampled whether all was sampled that there is; false if the region was not free
   * @param streams whether streams go on
   */
  record Observation(long dueNanos, long freshPages, boolean sampled, boolean streams) {
    static final Observation NOTHING = new Observation(PatternLearner.NEVER, 0, true, false);
    static final Observation BUSY =
        new Observation(TimeUnit.MILLISECONDS.toNanos(1), 0, false, true);
  }

  /**
   * Makes a pass over the region's pages.
   *
   * @param width how wide a sample to take; null to follow known streams alone
   * @param faults the process's major faults so far
   * @param thrifty whether to ask for as few passes as will do
   */
  Observation observe(
      PageScanner scanner, @Nullable SamplingWidth width, long now, long faults, boolean thrifty) {
    if (!lock.tryLock()) {
      return Observation.BUSY;
    }
    try {
      if (ended || !failure.isEmpty()) {
        return Observation.NOTHING;
      }
      pages.readBy(scanner);
      if (width != null) {
        learner.sample(width, now, faults);
      }
      long due = learner.follow(now, faults, thrifty);
      return new Observation(
          due, width == null ? 0 : learner.freshPages(), width != null, learner.hasStreams());
    } catch (MemoryException | RuntimeException e) {
      giveUp(String.valueOf(e.getMessage()));
      return Observation.NOTHING;
    } finally {
      pages.readBy(null);
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
    region.patternBecame(AccessPattern.NORMAL);
    observer.gaveUp(region + ": " + failure);
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
          || region.suspect() // RAM alone has some of it: no page may leave
          || !learner.maySplit(now)) {
        return false;
      }
      if (learner.split() > 0) {
        splitRetryNanos = FIRST_RETRY_NANOS;
        return true;
      }
      splitRetryAt = now + splitRetryNanos;
      splitRetryNanos = Math.min(2 * splitRetryNanos, MAX_RETRY_NANOS);
      return false;
    } catch (MemoryException | RuntimeException e) {
      giveUp(String.valueOf(e.getMessage()));
      return false;
    } finally {
      lock.unlock();
    }
  }

  /**
   * When to read the state of changed folios again; {@link PatternLearner#NEVER} if there are none.
   */
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

  @Override
  public String toString() {
    return region.toString();
  }

  /** Passes on what the learner decides. */
  private final class Reporter implements PatternLearner.Listener {
    @Override
    public void changed(
        long firstPage, long pageCount, AccessPattern from, AccessPattern to, String evidence) {
      observer.countChange();
      AdviceChange.post(
          region.id(),
          firstPage * pages.pageSize(),
          pageCount * pages.pageSize(),
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
