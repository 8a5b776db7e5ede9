/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.move;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ObjIntConsumer;
import org.HdrHistogram.Histogram;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.Pace;
import org.dmalloc.measure.RandomStream;
import org.dmalloc.measure.RegionPages;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.SegmentPages;
import org.dmalloc.measure.SegmentPages.Use;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Worker;
import org.dmalloc.measure.WorkerContext;
import org.dmalloc.measure.WorkloadRun;
import org.dmalloc.measure.Workloads;
import org.dmalloc.measure.WrongContentException;
import org.dmalloc.measure.machine.KernelCounter;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.region.Uninterrupted;
import org.jspecify.annotations.Nullable;

/**
 * Stores to random pages of a region at a given rate, on a thread of its own, and can check every
 * word. Each store has an access section of its own, so that the region can move meanwhile.
 *
 * <p><b>Threads.</b> All methods may be called from any thread.
 */
public final class PageWriter implements AutoCloseable {
  /** Independent of the machine's page size. */
  public static final int PAGE_BYTES = 4096;

  private static final int WORDS = PAGE_BYTES / Long.BYTES;
  private static final long MIX = 0x9E3779B97F4A7C15L;
  private static final int PAGES_PER_SECTION = 64;

  private final MemoryRegion region;
  private final int pages;
  private final boolean filled;

  /** The first word of each page that was written, 0 for other pages. */
  private final long[] written;

  private final Pace pace = new Pace();
  private final WorkloadRun run;
  private final Thread thread;
  private volatile @Nullable Throwable failure;
  private @Nullable Measurement measurement;

  private PageWriter(MemoryRegion region, String threadName, long seed, boolean filled) {
    this.region = region;
    this.filled = filled;
    this.pages = Math.toIntExact(region.byteSize() / PAGE_BYTES);
    if (pages == 0) {
      throw new IllegalArgumentException(
          "writer on a region of "
              + region.byteSize()
              + " bytes; give one of a page of 4 KiB or more");
    }
    this.written = new long[pages];
    run =
        new WorkloadRun(
                Workloads.RANDOM_WRITE.withMaker(this::worker),
                RegionPages.withoutProvider(region),
                null,
                new RunOptions(
                    Start.WARM,
                    RunOptions.Timing.EACH,
                    1,
                    0,
                    false,
                    RunOptions.UNLIMITED,
                    RunOptions.UNLIMITED,
                    0,
                    seed,
                    0),
                new KernelCounter(KernelFiles.ofThisMachine(), List.of()))
            .paced(pace);
    this.thread = Thread.ofPlatform().daemon().name(threadName).unstarted(this::run);
  }

  /**
   * Starts to write at rate 0: to the first 8 bytes of pages, whose other bytes stay.
   *
   * @param threadName its thread, which messages about held sections name
   * @throws IllegalArgumentException if the region is smaller than a page
   * @throws ArithmeticException if it has more than 2³¹ − 1 pages
   */
  public static PageWriter start(MemoryRegion region, String threadName, long seed) {
    return new PageWriter(region, threadName, seed, false).started();
  }

  /**
   * Like {@link #start}, but first fills each word with a value of its place, so that {@link
   * #check()} compares whole pages.
   */
  public static PageWriter startFilled(MemoryRegion region, String threadName, long seed) {
    PageWriter writer = new PageWriter(region, threadName, seed, true);
    fill(region);
    return writer.started();
  }

  private PageWriter started() {
    thread.start();
    return this;
  }

  static void fill(MemoryRegion region) {
    forEachPage(
        region,
        (memory, page) -> {
          long base = (long) page * PAGE_BYTES;
          for (long at = base; at < base + PAGE_BYTES; at += Long.BYTES) {
            memory.set(JAVA_LONG_UNALIGNED, at, at * MIX);
          }
        });
  }

  private static void forEachPage(MemoryRegion region, ObjIntConsumer<MemorySegment> use) {
    int pages = Math.toIntExact(region.byteSize() / PAGE_BYTES);
    for (int first = 0; first < pages; first += PAGES_PER_SECTION) {
      int end = Math.min(pages, first + PAGES_PER_SECTION);
      try (Access access = region.acquire()) {
        for (int page = first; page < end; page++) {
          use.accept(access.segment(), page);
        }
      }
    }
  }

  private void run() {
    try {
      measurement = run.runHere();
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      failure = e;
    }
  }

  /** Stores a different value each time, so that a lost store is detected. */
  private Worker worker(WorkerContext context) {
    SegmentPages memory = (SegmentPages) context.requirePages();
    RandomStream random = context.random();
    return new Worker() {
      private long value;

      @Override
      public int work(int count) throws IOException {
        for (int i = 0; i < count; i++) {
          int page = (int) random.below(pages);
          value++;
          memory.segment().set(JAVA_LONG_UNALIGNED, memory.enter(page, Use.STORE), value);
          written[page] = value;
        }
        return count;
      }

      @Override
      public long changedPages(long operations) {
        return Arrays.stream(written).filter(word -> word != 0).count();
      }
    };
  }

  /** Changes the rate, in pages per second; 0 pauses. */
  public void rate(double newPagesPerSecond) {
    pace.change(newPagesPerSecond);
  }

  /** Stops writing this long from now. */
  public void endAfter(Duration time) {
    pace.endAfter(time.toNanos());
  }

  public long writes() {
    return pace.operations();
  }

  /** The longest store, with opening and closing its section: what a user notices of a move. */
  public long longestNanos() {
    return pace.longestNanos();
  }

  /** Moves the times of the stores since the last call into a histogram. */
  void drainLatencies(Histogram target) {
    run.drainLatencies(pace, target);
  }

  /** The result; empty before the writer is closed, and if it failed. */
  public Optional<Measurement> measurement() {
    return thread.isAlive() ? Optional.empty() : Optional.ofNullable(measurement);
  }

  /** Why it stopped by itself; null while it runs, and after {@link #close()}. */
  public @Nullable Throwable failure() {
    return failure;
  }

  public boolean running() {
    return thread.isAlive();
  }

  /**
   * Compares the region with the stores: every word of every page if it filled them, else the words
   * that it wrote. Writing waits meanwhile.
   *
   * @throws WrongContentException if a word differs
   * @throws IllegalStateException if the writer failed before
   */
  public void check() {
    throwFailure();
    synchronized (pace) {
      forEachPage(region, this::check);
    }
  }

  /** Throws {@link IllegalStateException} if the writer failed. */
  void throwFailure() {
    Throwable failed = failure;
    if (failed != null) {
      throw new IllegalStateException("the writer failed: " + failed.getMessage(), failed);
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
    pace.end();
    LockSupport.unpark(thread);
    // It ends within one store.
    Uninterrupted.join(thread, Long.MAX_VALUE);
  }
}
