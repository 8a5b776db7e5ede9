/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.linux.PageScanner;
import org.dmalloc.linux.ProcessFaults;
import org.jspecify.annotations.Nullable;

/**
 * The thread that looks at a provider's regions under AUTO. It starts with the first of them and
 * ends with the last.
 *
 * <p><b>When it looks.</b> What counts is only what must be read: as long as the process has no
 * major faults nothing can be gained, and the looks get rarer, from 1 ms to 250 ms. After 16 ms of
 * that, a region with no open section rests: it costs nothing, and the next access section wakes
 * the observer ({@code SectionGate.doze}). A region that is used all the time without a fault is
 * back at once; it is tried again when the grown interval is over. When all rest, the thread waits
 * without a time-out. Only regions whose raw segment was handed out, which can be used without a
 * section, are looked after every 250 ms as long as they are open: one getrusage(2).
 *
 * <p><b>What it may cost.</b> Looks at sensors are paid from an account that is filled with 0.8 %
 * of the time that goes by, up to 20 ms: a change after a calm time is met with many looks at once,
 * and in the long run it stays under one hundredth of a core.
 */
final class PagingObserver {
  private static final long MIN_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long MAX_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final long REST_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(16);
  private static final double SHARE = 0.008;
  private static final long MAX_CREDIT_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long CALM_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /**
   * The most that a pass and a sensor in it are charged: what compiled code needs at the worst.
   * Else the first passes, in a thread that still loads its classes, would take the account away
   * for seconds.
   */
  private static final long ALLOWED_PASS_NANOS = 100_000;

  private static final long ALLOWED_SENSOR_NANOS = 6_000;

  /** Fewer are not worth a look. */
  private static final long MIN_FAULTS = 16;

  private final String backend;
  private final ScannerSource scanners;
  private final CopyOnWriteArrayList<WatchedRegion> regions = new CopyOnWriteArrayList<>();
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final LongAdder passes = new LongAdder();
  private final LongAdder scans = new LongAdder();
  private final LongAdder cpuNanos = new LongAdder();
  private final LongAdder streams = new LongAdder();
  private final LongAdder changes = new LongAdder();
  private final LongAdder splitBytes = new LongAdder();
  private final LongAdder splitNanos = new LongAdder();
  private volatile String failure = "";
  private volatile @Nullable Thread thread;
  private volatile long usedAt;

  // The thread's own.
  private long credit = MAX_CREDIT_NANOS;
  private long lastPassAt = System.nanoTime();
  private long accountedCpu;
  private long sensedFaults;
  private long quietNanos = MIN_WAIT_NANOS;
  private long quietSince;

  /** Opens what reads the page table; it is closed by the thread that opened it. */
  @FunctionalInterface
  interface ScannerSource {
    PageScanner open() throws MemoryException;
  }

  PagingObserver(String backend) {
    this(backend, PageScanner::open);
  }

  PagingObserver(String backend, ScannerSource scanners) {
    this.backend = backend;
    this.scanners = scanners;
  }

  /** Watches a region from now on. */
  synchronized void watch(WatchedRegion region) {
    regions.add(region);
    if (thread == null) {
      Thread started =
          Thread.ofPlatform().name("dmalloc-paging-" + backend).daemon(true).unstarted(this::run);
      thread = started;
      started.start();
    } else {
      wake();
    }
  }

  /** Watches a region no more; with the last one the thread ends. */
  void forget(WatchedRegion region) {
    regions.remove(region);
    wake();
  }

  /** Makes the next pass come now. */
  void wake() {
    Thread running = thread;
    if (running != null) {
      LockSupport.unpark(running);
    }
  }

  /** A region that rested is in use. */
  void wakeForUse() {
    usedAt = System.nanoTime();
    wake();
  }

  void countChange() {
    changes.increment();
  }

  void countStream() {
    streams.increment();
  }

  void gaveUp(String why) {
    failure = why;
  }

  PagingStatistics statistics() {
    return new PagingStatistics(
        regions.size(),
        (int) regions.stream().filter(WatchedRegion::resting).count(),
        passes.sum(),
        scans.sum(),
        cpuNanos.sum(),
        streams.sum(),
        changes.sum(),
        splitBytes.sum(),
        splitNanos.sum(),
        failure);
  }

  /** The observer's thread; null while there is nothing to watch. For tests. */
  @Nullable Thread thread() {
    return thread;
  }

  private void run() {
    accountedCpu = cpuTime();
    try (PageScanner scanner = scanners.open()) {
      while (!ends()) {
        long wait = pass(scanner);
        if (wait == PatternLearner.NEVER) {
          LockSupport.park(this);
        } else {
          LockSupport.parkNanos(this, wait);
        }
      }
    } catch (MemoryException | RuntimeException | Error e) {
      // Without its eyes it can watch nothing, now or later.
      while (!ends()) {
        regions.forEach(region -> region.giveUp(String.valueOf(e.getMessage())));
        LockSupport.park(this);
      }
    }
  }

  private synchronized boolean ends() {
    if (regions.isEmpty()) {
      thread = null;
      return true;
    }
    return false;
  }

  /** Looks at all that are in use; returns how long to wait then. */
  private long pass(PageScanner scanner) {
    PagingPass event = PagingPass.begun();
    passes.increment();
    long now = System.nanoTime();
    credit = Math.min(MAX_CREDIT_NANOS, credit + (long) ((now - lastPassAt) * SHARE));
    boolean woken = usedAt - lastPassAt > 0;
    if (woken && now - lastPassAt > CALM_NANOS) {
      quietNanos = MIN_WAIT_NANOS; // somebody has come back
      quietSince = now;
    }
    lastPassAt = now;
    long faults = ProcessFaults.major();
    long newFaults = faults - sensedFaults;
    boolean faulted = newFaults >= MIN_FAULTS;
    boolean sense = faulted && credit > 0;
    if (sense) {
      sensedFaults = faults;
      scans.increment();
    }
    long due = PatternLearner.NEVER;
    long fresh = 0;
    int looked = 0;
    long sensors = 0;
    boolean busy = false;
    for (WatchedRegion region : regions) {
      if (!region.resting()) {
        WatchedRegion.Look look = region.look(scanner, sense, now);
        due = Math.min(due, look.dueNanos());
        fresh += look.freshPages();
        busy |= look.streams();
        looked++;
        sensors += look.sensors();
      }
    }
    long cpu = cpuTime();
    long used = cpu - accountedCpu; // with what the last wait cost
    accountedCpu = cpu;
    cpuNanos.add(used);
    if (sense) { // following a stream must not keep it from seeing others
      credit -= Math.min(used, ALLOWED_PASS_NANOS + sensors * ALLOWED_SENSOR_NANOS);
    }
    long wait = faulted || busy ? active(faulted, due, now) : quiet(woken, due, now);
    wait = Math.min(wait, split(now));
    event.ended(backend, looked, sense, fresh, newFaults, wait == PatternLearner.NEVER ? -1 : wait);
    return wait;
  }

  /** Something happens: as soon as a stream wants it, or the account allows. */
  private long active(boolean faulted, long due, long now) {
    quietNanos = MIN_WAIT_NANOS;
    quietSince = now;
    if (!faulted) {
      return due;
    }
    long affordable =
        credit > 0 ? MIN_WAIT_NANOS : Math.max(MIN_WAIT_NANOS, (long) (-credit / SHARE));
    return Math.min(due, affordable);
  }

  /** Nothing happens: ever more rarely, and not at all for regions that can tell. */
  private long quiet(boolean woken, long due, long now) {
    boolean allRest = !woken && now - quietSince > REST_AFTER_NANOS;
    if (allRest) {
      for (WatchedRegion region : regions) {
        allRest &= region.resting() || region.rest();
      }
    } else {
      allRest = regions.stream().allMatch(WatchedRegion::resting);
    }
    if (allRest) {
      return due;
    }
    quietNanos = Math.min(MAX_WAIT_NANOS, 2 * quietNanos);
    return Math.min(due, quietNanos);
  }

  /** Splits large folios, for half of the time at most; returns when there is more to do. */
  private long split(long now) {
    long due = PatternLearner.NEVER;
    for (WatchedRegion region : regions) {
      long bytes = region.split(now);
      if (bytes > 0) {
        long cpu = cpuTime();
        long used = cpu - accountedCpu;
        accountedCpu = cpu;
        splitBytes.add(bytes);
        splitNanos.add(used);
        return Math.max(MIN_WAIT_NANOS, used);
      }
      due = Math.min(due, region.splitDueNanos(now));
    }
    return due;
  }

  private long cpuTime() {
    return threads.isCurrentThreadCpuTimeSupported() ? threads.getCurrentThreadCpuTime() : 0;
  }

  /** The regions that are watched, for tests. */
  List<WatchedRegion> regions() {
    return List.copyOf(regions);
  }
}
