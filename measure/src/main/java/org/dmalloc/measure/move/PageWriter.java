/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.move;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.measure.WrongContentException;
import org.jspecify.annotations.Nullable;

/**
 * Stores to random pages of a region at a given rate, on a thread of its own, and knows what every
 * word must be. Each store has an access section of its own, so that the region may move meanwhile.
 *
 * <p><b>Threads.</b> All methods may be called from any thread.
 */
public final class PageWriter implements AutoCloseable {
  /** What it counts in, whatever the machine's pages are. */
  public static final int PAGE_BYTES = 4096;

  private static final int WORDS = PAGE_BYTES / Long.BYTES;
  private static final long MIX = 0x9E3779B97F4A7C15L;
  private static final long TICK_NANOS = 1_000_000;
  private static final int PAGES_PER_SECTION = 64;
  private static final long FOREVER_NANOS = Long.MAX_VALUE / 2;

  private final MemoryRegion region;
  private final int pages;
  private final boolean filled;

  /** The first word of each page that was written, 0 for those that were not. */
  private final long[] written;

  private final AtomicLong writes = new AtomicLong();
  private final AtomicLong longestNanos = new AtomicLong();
  private final RandomGenerator random;
  private final Thread thread;
  private volatile double pagesPerSecond;
  private volatile boolean stop;
  private volatile long endNanos;
  private volatile @Nullable Throwable failure;

  private PageWriter(MemoryRegion region, String threadName, long seed, boolean filled) {
    this.region = region;
    this.filled = filled;
    this.pages = Math.toIntExact(region.byteSize() / PAGE_BYTES);
    if (pages == 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "writer on a region of %d bytes; give one of a page of 4 KiB or more",
              region.byteSize()));
    }
    this.written = new long[pages];
    this.random = new java.util.SplittableRandom(seed);
    this.endNanos = System.nanoTime() + FOREVER_NANOS;
    this.thread = Thread.ofPlatform().daemon().name(threadName).unstarted(this::run);
  }

  /**
   * Starts to write at rate 0: to the first 8 bytes of pages, whose other bytes stay.
   *
   * @param threadName its thread, as messages about held sections name it
   * @throws IllegalArgumentException if the region is smaller than a page
   * @throws ArithmeticException if it has more than 2³¹ − 1 pages
   */
  public static PageWriter start(MemoryRegion region, String threadName, long seed) {
    PageWriter writer = new PageWriter(region, threadName, seed, false);
    writer.thread.start();
    return writer;
  }

  /**
   * Fills all pages with words that tell their places, so that {@link #check()} can compare whole
   * pages; then like {@link #start}.
   */
  public static PageWriter startFilled(MemoryRegion region, String threadName, long seed) {
    PageWriter writer = new PageWriter(region, threadName, seed, true);
    fill(region);
    writer.thread.start();
    return writer;
  }

  /** Fills the whole pages of a region with words that tell their places. */
  static void fill(MemoryRegion region) {
    int pages = Math.toIntExact(region.byteSize() / PAGE_BYTES);
    for (int first = 0; first < pages; first += PAGES_PER_SECTION) {
      int end = Math.min(pages, first + PAGES_PER_SECTION);
      try (Access access = region.acquire()) {
        MemorySegment memory = access.segment();
        for (long at = (long) first * PAGE_BYTES; at < (long) end * PAGE_BYTES; at += Long.BYTES) {
          memory.set(JAVA_LONG_UNALIGNED, at, at * MIX);
        }
      }
    }
  }

  private void run() {
    try {
      while (!stop) {
        pace();
      }
    } catch (RuntimeException | Error e) {
      failure = e;
    }
  }

  /** Writes what is due at the present rate until the rate changes. */
  private void pace() {
    double rate = pagesPerSecond;
    long start = System.nanoTime();
    for (long done = 0; !stop && rate == pagesPerSecond; ) {
      long due = (long) ((System.nanoTime() - start) / 1e9 * rate);
      for (; done < due && !stop; done++) {
        write();
      }
      if (System.nanoTime() - endNanos >= 0) {
        stop = true;
      } else {
        LockSupport.parkNanos(this, TICK_NANOS);
      }
    }
  }

  /** One store; a check waits for its end, and it for the check's. */
  private synchronized void write() {
    int page = random.nextInt(pages);
    long value = writes.get() + 1;
    long began = System.nanoTime();
    try (Access access = region.acquire()) {
      access.segment().set(JAVA_LONG_UNALIGNED, (long) page * PAGE_BYTES, value);
    }
    long took = System.nanoTime() - began;
    written[page] = value;
    writes.set(value);
    if (took > longestNanos.get()) {
      longestNanos.set(took);
    }
  }

  /** Changes the rate, in pages per second; 0 pauses. */
  public void rate(double newPagesPerSecond) {
    pagesPerSecond = newPagesPerSecond;
  }

  /** Ends it by itself, so long after now. */
  public void endAfter(Duration time) {
    endNanos = System.nanoTime() + time.toNanos();
  }

  /** How many stores were made so far. */
  public long writes() {
    return writes.get();
  }

  /** Like {@link #takeLongestNanos()}, which begins anew at the next store; this does not. */
  public long longestNanos() {
    return longestNanos.get();
  }

  /**
   * The longest time that one store took since this was last asked, opening and closing its section
   * included: what a user notices of a move.
   */
  public long takeLongestNanos() {
    return longestNanos.getAndSet(0);
  }

  /** Why it stopped by itself; null while it runs, and after {@link #close()}. */
  public @Nullable Throwable failure() {
    return failure;
  }

  /** Whether it still writes. */
  public boolean running() {
    return thread.isAlive();
  }

  /**
   * Compares what was stored with what is there: every word of every page if it filled them, else
   * the words that it wrote. Writing waits meanwhile.
   *
   * @throws WrongContentException if one differs; the message tells page and word
   * @throws IllegalStateException if the writer failed before
   */
  public synchronized void check() {
    Throwable failed = failure;
    if (failed != null) {
      throw new IllegalStateException("the writer failed: " + failed.getMessage(), failed);
    }
    for (int first = 0; first < pages; first += PAGES_PER_SECTION) {
      int end = Math.min(pages, first + PAGES_PER_SECTION);
      try (Access access = region.acquire()) {
        for (int page = first; page < end; page++) {
          check(access.segment(), page);
        }
      }
    }
  }

  private void check(MemorySegment memory, int page) {
    long base = (long) page * PAGE_BYTES;
    if (filled || written[page] != 0) {
      compare(
          page,
          memory.get(JAVA_LONG_UNALIGNED, base),
          written[page] != 0 ? written[page] : base * MIX);
    }
    if (filled) {
      long difference = 0;
      for (int word = 1; word < WORDS; word++) {
        long at = base + (long) word * Long.BYTES;
        difference |= memory.get(JAVA_LONG_UNALIGNED, at) ^ (at * MIX);
      }
      for (int word = 1; word < WORDS && difference != 0; word++) {
        long at = base + (long) word * Long.BYTES;
        compare(page, memory.get(JAVA_LONG_UNALIGNED, at), at * MIX);
      }
    }
  }

  private static void compare(int page, long found, long expected) {
    if (found != expected) {
      throw new WrongContentException(page, found, expected);
    }
  }

  /** Stops and waits for the last store; closing again does nothing. */
  @Override
  public void close() {
    stop = true;
    LockSupport.unpark(thread);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true; // the writer ends within one store
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
