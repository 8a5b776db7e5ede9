/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;

/**
 * A writer and a reader of one region, who check every store. One of them is a platform thread, the
 * other a virtual one. As users do, they work in short sections and have other things to do between
 * them.
 *
 * <p>A cell is two words on different pages, so that half of a store would show: a count, and its
 * complement in the other half of the region.
 */
final class RegionUsers {
  private static final long CELL = 64;
  private static final int BATCH = 100;
  private static final long PAUSE_NANOS = 500_000;

  private final MemoryRegion region;
  private final boolean stored;
  private final RandomGenerator random;
  private final long half;
  private final long[] expected;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private final AtomicLong sections = new AtomicLong();
  private final List<Thread> threads;
  private volatile boolean stop;

  /**
   * Users of a region whose bytes are all zero; not started.
   *
   * @param random where the writer writes; nobody else may use it
   * @param number tells the threads' names, and which of the two is a virtual thread
   */
  RegionUsers(MemoryRegion region, RandomGenerator random, int number) {
    this.region = region;
    this.stored = region.info().name() != null;
    this.random = random;
    this.half = region.byteSize() / 2 / CELL * CELL;
    this.expected = new long[(int) (half / CELL)];
    Thread.Builder platform = Thread.ofPlatform().daemon();
    Thread.Builder virtual = Thread.ofVirtual();
    boolean even = number % 2 == 0;
    this.threads =
        List.of(
            (even ? platform : virtual)
                .name("writer " + number)
                .unstarted(() -> guard(this::write)),
            (even ? virtual : platform)
                .name("reader " + number)
                .unstarted(() -> guard(this::read)));
  }

  void start() {
    threads.forEach(Thread::start);
  }

  /** What either of them saw that it should not; null if all is well. */
  Throwable failure() {
    return failure.get();
  }

  long sections() {
    return sections.get();
  }

  MemoryRegion region() {
    return region;
  }

  /** Tells both to end. */
  void stop() {
    stop = true;
  }

  /** Ends both, and looks at every cell once more. */
  void finish() throws InterruptedException {
    stop = true;
    for (Thread thread : threads) {
      thread.join();
    }
    guard(
        () -> {
          for (int cell = 0; cell < expected.length; cell++) {
            try (Access access = region.acquire()) {
              check(access.segment(), cell);
            }
          }
        });
  }

  private void guard(Runnable work) {
    try {
      work.run();
    } catch (Throwable t) {
      failure.compareAndSet(null, t);
    }
  }

  private void check(MemorySegment segment, int cell) {
    long count = segment.get(JAVA_LONG, cell * CELL);
    long complement = segment.get(JAVA_LONG, half + cell * CELL);
    long should = expected[cell];
    if (count != should || complement != (should == 0 ? 0 : ~should)) {
      throw new AssertionError(
          String.format(
              Locale.ROOT,
              "%s lost a store in cell %d: %d and ~%d, not %d",
              region,
              cell,
              count,
              ~complement,
              should));
    }
  }

  /** The only writer counts cells up, and so knows what each must hold. */
  private void write() {
    while (!stop) {
      for (int i = 0; i < BATCH; i++) {
        int cell = random.nextInt(expected.length);
        try (Access access = region.acquire()) {
          check(access.segment(), cell);
          if (i % 10 == 0) {
            store(cell); // in a section inside this one
          } else {
            store(access.segment(), cell);
          }
        }
      }
      sections.addAndGet(BATCH);
      if (stored && random.nextInt(50) == 0) {
        force();
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private void store(int cell) {
    try (Access access = region.acquire()) {
      store(access.segment(), cell);
    }
  }

  private void store(MemorySegment segment, int cell) {
    long next = expected[cell] + 1;
    segment.set(JAVA_LONG, cell * CELL, next);
    segment.set(JAVA_LONG, half + cell * CELL, ~next);
    expected[cell] = next;
  }

  private void force() {
    try {
      region.force();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Counts never go back: a reader that sees one do so reads memory that was left. */
  private void read() {
    long[] last = new long[expected.length];
    int cell = 0;
    while (!stop) {
      for (int i = 0; i < BATCH; i++) {
        cell = (cell + 7) % expected.length;
        try (Access access = region.acquire()) {
          long now = access.segment().get(JAVA_LONG, cell * CELL);
          if (now < last[cell]) {
            throw new AssertionError(
                String.format(
                    Locale.ROOT,
                    "%s went back in cell %d: %d after %d",
                    region,
                    cell,
                    now,
                    last[cell]));
          }
          last[cell] = now;
        }
      }
      sections.addAndGet(BATCH);
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }
}
