/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;
import org.dmalloc.measure.RunOptions.Timing;
import org.dmalloc.measure.machine.KernelCounter;
import org.dmalloc.measure.machine.KernelCounts;
import org.dmalloc.spi.region.Uninterrupted;
import org.jspecify.annotations.Nullable;

/**
 * Runs one workload over one store and measures it: warms up, waits for all threads, starts them at
 * once, stops after a time or a number of operations, and forces the stores. What this class says
 * about a figure holds for every command that prints one.
 *
 * <p>Each group of operations is a {@link Pages#group}, such as an access section of a region. Its
 * cost is timed too. The clock is read once for each group.
 *
 * <p>An instance runs once and belongs to the calling thread. When that is interrupted, all workers
 * stop after the current group, and have ended when the run throws. The run changes only the
 * content of the store, and closes nothing.
 */
public final class WorkloadRun {
  private static final int SIGNIFICANT_DIGITS = 3;

  private final Workload workload;
  private final @Nullable PageStore store;
  private final @Nullable BlockSource blocks;
  private final RunOptions options;
  private final KernelCounter counter;
  private final List<Share> shares;
  private final CountDownLatch ready;
  private final CountDownLatch go = new CountDownLatch(1);
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final long operationsEach;
  private @Nullable Pace pace;
  private volatile boolean stopped;
  private volatile boolean measuring;
  private volatile long begin;

  /**
   * Prepares a run.
   *
   * @param store filled, unless the workload fills it; null for workloads that take blocks
   * @param blocks null for all other workloads
   */
  public WorkloadRun(
      Workload workload,
      @Nullable PageStore store,
      @Nullable BlockSource blocks,
      RunOptions options,
      KernelCounter counter) {
    this.workload = workload;
    this.store = store;
    this.blocks = blocks;
    this.options = options;
    this.counter = counter;
    shares = IntStream.range(0, options.threads()).mapToObj(Share::new).toList();
    ready = new CountDownLatch(options.threads());
    operationsEach = Math.ceilDiv(options.operations(), options.threads());
  }

  /** Limits the rate; call it before the run, which has one thread. */
  public WorkloadRun paced(Pace newPace) {
    pace = newPace;
    return this;
  }

  /**
   * Runs the workload on threads of its own.
   *
   * @throws WrongContentException if the store held what was not written to it
   * @throws InterruptedException if the calling thread is interrupted; all workers have ended then
   */
  public Measurement run() throws IOException, InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (Share share : shares) {
      threads.add(thread("dmalloc-" + workload.name() + "-" + share.index, share::runWithOthers));
    }
    Beside beside = workload.beside() == null ? null : new Beside(workload.beside());
    KernelCounts before;
    long besidePages = Measurement.UNKNOWN;
    try {
      counter.reset();
      if (beside != null) {
        beside.thread.start();
      }
      threads.forEach(Thread::start);
      ready.await();
      before = beginMeasuring();
      long besideBefore = beside == null ? 0 : beside.pages;
      go.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
      if (beside != null) {
        besidePages = beside.pages - besideBefore;
        threads.add(beside.thread);
      }
    } finally {
      stopped = true;
      go.countDown();
      threads.stream()
          .filter(Thread::isAlive)
          .forEach(thread -> Uninterrupted.join(thread, Long.MAX_VALUE));
    }
    rethrowFailure();
    return result(before, besidePages);
  }

  /** Runs the workload on the calling thread, as a confined store requires. */
  public Measurement runHere() throws IOException, InterruptedException {
    if (shares.size() > 1 || workload.beside() != null) {
      throw new IllegalArgumentException(
          workload.name() + " needs more threads than one; choose another workload or store");
    }
    Share only = shares.getFirst();
    counter.reset();
    Worker made = only.warmUp();
    KernelCounts before = beginMeasuring();
    only.measure(made);
    return result(before, Measurement.UNKNOWN);
  }

  /**
   * Checks, untimed and after the run, that {@code most} stores of each thread can be loaded. The
   * store may have been opened anew. See {@link Worker#verify}.
   */
  public void verify(PageStore opened, int most) throws IOException {
    Pages pages = opened.pages();
    pages.group(
        count -> {
          for (Share share : shares) {
            if (share.worker != null) {
              share.worker.verify(pages, count);
            }
          }
          return count;
        },
        most);
  }

  /** Moves the latencies recorded so far into a histogram; for a run with a pace. */
  public void drainLatencies(Pace monitor, Histogram target) {
    synchronized (monitor) {
      for (Share share : shares) {
        target.add(share.histogram);
        share.histogram.reset();
      }
    }
  }

  private KernelCounts beginMeasuring() throws IOException {
    if (options.forcesAfterWarmUp() && store != null) {
      store.force();
    }
    KernelCounts before = counter.read();
    begin = System.nanoTime();
    measuring = true;
    return before;
  }

  private Measurement result(KernelCounts before, long besidePages) throws IOException {
    KernelCounts after = counter.read();
    KernelCounts durable = after;
    long forceNanos = PageStore.NOTHING_TO_FORCE;
    if (store != null && workload.kind().changesContent()) {
      forceNanos = store.force();
      // Write-back goes on until the data is durable: what it wrote belongs to the operations.
      durable = counter.read();
    }
    Histogram all = new Histogram(SIGNIFICANT_DIGITS);
    long operations = 0;
    long pages = 0;
    long changed = 0;
    long end = begin;
    boolean finished = true;
    for (Share share : shares) {
      Worker worker = Objects.requireNonNull(share.worker);
      all.add(share.histogram);
      operations += share.operations;
      pages += worker.pages(share.operations);
      long own = worker.changedPages(share.operations);
      changed = own < 0 || changed < 0 ? Measurement.UNKNOWN : changed + own;
      end = Math.max(end, share.now);
      finished &= share.finished;
    }
    return new Measurement(
        workload.name(),
        workload.operation(),
        operations,
        workload.bytesPerOperation(options.start()),
        pages,
        changed,
        end - begin,
        forceNanos,
        besidePages,
        Latency.of(all, groupSize()),
        after.since(before, durable),
        finished);
  }

  private int groupSize() {
    return options.start() == Start.COLD || options.timing() == Timing.EACH
        ? 1
        : workload.groupSize();
  }

  private static Thread thread(String name, Runnable body) {
    return Thread.ofPlatform().name(name).daemon(true).unstarted(body);
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

  /** Keeps the exception for the thread that runs the workload, and stops the workers. */
  private void failed(Throwable thrown) {
    failure.compareAndSet(null, thrown);
    stopped = true;
  }

  /** One thread's share of the work, and its measurements. */
  private final class Share {
    private final Histogram histogram = new Histogram(SIGNIFICANT_DIGITS);
    private final int index;
    private @Nullable Pages pages;
    private @Nullable Worker worker;
    private long operations;
    private long now;
    private boolean finished;

    Share(int index) {
      this.index = index;
    }

    double elapsed() {
      return measuring ? (double) (now - begin) / options.limitNanos() : 0;
    }

    private void runWithOthers() {
      try {
        Worker made = warmUp();
        ready.countDown();
        go.await();
        measure(made);
      } catch (Throwable t) {
        failed(t);
      } finally {
        ready.countDown();
      }
    }

    private Worker prepared(Workload of) {
      pages = store == null ? null : store.pages();
      worker =
          of.maker().worker(new WorkerContext(store, pages, blocks, options, index, this::elapsed));
      return worker;
    }

    private Worker warmUp() throws IOException {
      Worker made = prepared(workload);
      long end = System.nanoTime() + options.warmUpNanos();
      while (!stopped && System.nanoTime() < end && group(made, groupSize()) > 0) {
        // Measured afterwards.
      }
      made.beginMeasuring();
      return made;
    }

    private void measure(Worker made) throws IOException {
      Pace kept = pace;
      if (kept == null) {
        loop(made, begin + options.limitNanos(), groupSize());
      } else {
        while (!stopped && kept.awaitDue()) {
          synchronized (kept) {
            long before = System.nanoTime();
            record(group(made, 1), before);
            kept.done(now - before);
          }
        }
      }
    }

    private void loop(Worker made, long deadline, int count) throws IOException {
      long before = System.nanoTime();
      now = before;
      // Once at least: a thread that got no processor in time would have no figure.
      while (!stopped && (operations == 0 || before < deadline) && operations < operationsEach) {
        int done = group(made, (int) Math.min(count, operationsEach - operations));
        if (done == 0) {
          finished = true;
          return;
        }
        record(done, before);
        before = now;
      }
    }

    private void record(int done, long before) {
      now = System.nanoTime();
      histogram.recordValueWithCount((now - before) / done, done);
      operations += done;
    }

    private int group(Worker made, int count) throws IOException {
      Pages used = pages;
      return used == null ? made.work(count) : used.group(made, count);
    }
  }

  /** Runs another workload on a thread of its own until the measured one ends. */
  private final class Beside {
    private final Workload scan;
    private final Thread thread;
    private volatile long pages;

    Beside(Workload scan) {
      this.scan = scan;
      thread = thread("dmalloc-" + scan.name() + "-beside", this::runUntilStopped);
    }

    private void runUntilStopped() {
      try {
        Share share = new Share(0);
        Worker made = share.prepared(scan);
        long done = 0;
        while (!stopped) {
          done += share.group(made, 1);
          pages = done;
        }
      } catch (Throwable t) {
        failed(t);
      }
    }
  }
}
