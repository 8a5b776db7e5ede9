/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.Histogram;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.measure.machine.ProcessCounters;
import org.dmalloc.spi.machine.KernelFiles;
import org.jspecify.annotations.Nullable;

/**
 * Runs one workload over one region with a number of threads, and measures it.
 *
 * <p>Each group of operations runs inside an access section of its own, as a careful user would do
 * it; the sections are part of what is timed. The clock is read once per group.
 *
 * <p>{@link #run()} may be called once, and belongs to the calling thread: when that is
 * interrupted, all workers stop after the group in hand and have ended when it throws. It changes
 * nothing about the region but its content, and closes nothing.
 */
public final class WorkloadRun {
  /** Forced in pieces, so that an interrupt need not wait for all of a large region. */
  private static final long FORCE_BYTES = 64L << 20;

  private static final long MAX_NANOS = Duration.ofHours(1).toNanos();
  private static final int SIGNIFICANT_DIGITS = 3;

  private final Workload workload;
  private final MemoryProvider provider;
  private final @Nullable MemoryRegion region;
  private final Options options;
  private final KernelFiles files;
  private final CountDownLatch ready;
  private final CountDownLatch go = new CountDownLatch(1);
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean stopped;
  private volatile long deadline;

  /**
   * Prepares a run.
   *
   * @param workload what to run
   * @param provider the provider under test
   * @param region the region, filled unless the workload fills it; null for workloads that take
   *     regions of their own
   * @param options how to run it
   * @param files where to read what the kernel counts
   */
  public WorkloadRun(
      Workload workload,
      MemoryProvider provider,
      @Nullable MemoryRegion region,
      Options options,
      KernelFiles files) {
    this.workload = workload;
    this.provider = provider;
    this.region = region;
    this.options = options;
    this.files = files;
    ready = new CountDownLatch(options.threads());
  }

  /**
   * How to run a workload.
   *
   * @param start the state of the caches, which the caller has seen to
   * @param threads how many threads share the work, at least 1
   * @param limit when to stop; a cold fill goes on to its end, because all others need what it
   *     writes
   * @param seed decides the content and all random choices
   */
  public record Options(Start start, int threads, Duration limit, long seed) {
    /** Checks the numbers. */
    public Options {
      if (threads < 1) {
        throw new IllegalArgumentException("threads " + threads + "; give at least 1");
      }
      if (limit.isNegative() || limit.isZero()) {
        throw new IllegalArgumentException("time limit " + limit + "; give more than 0");
      }
    }
  }

  /**
   * Runs it.
   *
   * @throws IOException if the provider refused something
   * @throws WrongContentException if the region held what was not written to it
   * @throws InterruptedException if the calling thread is interrupted; all workers have ended then
   */
  public Measurement run() throws IOException, InterruptedException {
    List<Share> shares = new ArrayList<>();
    for (int i = 0; i < options.threads(); i++) {
      shares.add(new Share(i));
    }
    ProcessCounters before;
    long begin;
    long end;
    try {
      shares.forEach(share -> share.thread.start());
      ready.await();
      before = ProcessCounters.read(files);
      begin = System.nanoTime();
      deadline = begin + (runsToItsEnd() ? MAX_NANOS : options.limit().toNanos());
      go.countDown();
      for (Share share : shares) {
        share.thread.join();
      }
      end = System.nanoTime();
    } finally {
      stopped = true;
      go.countDown();
      joinAll(shares);
    }
    rethrowFailure();
    long forceNanos = force();
    ProcessCounters counters = ProcessCounters.read(files).since(before);
    verify(shares);

    Histogram all = new Histogram(SIGNIFICANT_DIGITS);
    long operations = 0;
    boolean finished = true;
    for (Share share : shares) {
      all.add(share.histogram);
      operations += share.operations;
      finished &= share.finished;
    }
    return new Measurement(
        operations,
        end - begin,
        forceNanos,
        workload.bytesPerOperation(options.start()),
        LatencyProfile.of(all, groupSize()),
        counters,
        finished);
  }

  private boolean runsToItsEnd() {
    return workload.kind() == Workload.Kind.FILL && options.start() == Start.COLD;
  }

  private int groupSize() {
    return options.start() == Start.COLD ? 1 : workload.warmGroupSize();
  }

  /** Waits for the workers whatever happens to this thread, and keeps its interrupt for later. */
  private static void joinAll(List<Share> shares) {
    boolean interrupted = false;
    for (Share share : shares) {
      while (share.thread.isAlive()) {
        try {
          share.thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void rethrowFailure() throws IOException, InterruptedException {
    Throwable thrown = failure.get();
    switch (thrown) {
      case null -> {}
      case IOException e -> throw e;
      case InterruptedException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(thrown);
    }
    if (Thread.interrupted()) {
      throw new InterruptedException(workload.name() + " was interrupted");
    }
  }

  private long force() throws MemoryException, InterruptedException {
    if (region == null
        || !workload.kind().changesContent()
        || !provider.capabilities().contains(Capability.FORCE)) {
      return 0;
    }
    long begin = System.nanoTime();
    for (long offset = 0; offset < region.byteSize(); offset += FORCE_BYTES) {
      region.force(offset, Math.min(FORCE_BYTES, region.byteSize() - offset));
      if (Thread.interrupted()) {
        throw new InterruptedException(workload.name() + " was interrupted");
      }
    }
    return System.nanoTime() - begin;
  }

  private void verify(List<Share> shares) {
    for (Share share : shares) {
      Worker worker = share.worker;
      if (region != null && worker != null) {
        try (Access access = region.acquire()) {
          worker.verify(access.segment());
        }
      }
    }
  }

  /** One thread with its worker and what it measured. */
  private final class Share {
    private final Histogram histogram = new Histogram(SIGNIFICANT_DIGITS);
    private final Thread thread;
    private final int index;
    private @Nullable Worker worker;
    private long operations;
    private boolean finished;

    Share(int index) {
      this.index = index;
      thread =
          Thread.ofPlatform()
              .name("dmalloc-" + workload.name() + "-" + index)
              .daemon(true)
              .unstarted(this::measure);
    }

    private void measure() {
      try {
        long pageCount = region == null ? 0 : region.byteSize() / PageContent.PAGE_BYTES;
        Worker made =
            workload.worker(
                new WorkerContext(
                    provider,
                    region,
                    pageCount,
                    options.start(),
                    index,
                    options.threads(),
                    options.seed()));
        worker = made;
        ready.countDown();
        go.await();
        MemoryRegion target = region;
        if (target == null) {
          loop(count -> made.work(MemorySegment.NULL, count));
        } else {
          loop(
              count -> {
                try (Access access = target.acquire()) {
                  return made.work(access.segment(), count);
                }
              });
        }
      } catch (Throwable t) {
        // Handed to the thread that runs the workload, which throws it on.
        failure.compareAndSet(null, t);
        stopped = true;
      } finally {
        ready.countDown();
      }
    }

    private void loop(Group group) throws IOException {
      int count = groupSize();
      long before = System.nanoTime();
      // Once at least: a thread that got no processor in time would have nothing to tell.
      while (!stopped && (operations == 0 || before < deadline)) {
        int done = group.work(count);
        long after = System.nanoTime();
        if (done == 0) {
          finished = true;
          return;
        }
        histogram.recordValueWithCount((after - before) / done, done);
        operations += done;
        before = after;
      }
    }
  }

  @FunctionalInterface
  private interface Group {
    int work(int count) throws IOException;
  }
}
