/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
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
 * The thread that observes a provider's regions under AUTO. It starts with the first of them and
 * ends with the last.
 *
 * <p><b>Passes.</b> Only pages that must be read matter: as long as the process has no major faults
 * nothing can be gained, and the passes get rarer, from 1 ms to 250 ms. After 16 ms without a fault
 * a region with no open section rests: it costs nothing, and the notification of its next use wakes
 * the observer ({@code SectionGate.notifyNextUse}). A region that is used all the time without a
 * fault is back at once; it is tried again when the grown interval is over. When all rest, the
 * thread waits without a time-out. Only regions whose raw segment was handed out, which can be used
 * without a section, cost a getrusage(2) every 250 ms as long as they are open.
 *
 * <p><b>Cost.</b> All that the thread does is paid from a {@link CpuBudget}: under one hundredth of
 * a core in the long run. A change after a calm time is met with many samples at once, which take
 * about a twentieth of a core.
 */
public final class PagingObserver {
  private static final long MIN_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long MAX_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final long REST_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(16);
  private static final long CALM_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private static final long SPLIT_SPAN_NANOS = TimeUnit.MILLISECONDS.toNanos(8);

  /** What splitting waits for when the budget is spent: some stretches at once. */
  private static final long SPLIT_PIECE_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

  /** After which a region is sampled that had been at rest. */
  private static final long RETURN_FAULTS = 2 * StreamDetector.RUN_PAGES;

  /** Fewer are not worth a sample. */
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

  /** Whether nothing is done before a wait is over, even if the thread is woken. */
  private volatile boolean overdrawn;

  private volatile boolean wanted;

  /** Whether there is a region whose first use is still to come, or was not met yet. */
  private volatile boolean fresh;

  // The thread's own.
  private final CpuBudget budget = new CpuBudget(System.nanoTime());
  private long lastPassAt = System.nanoTime();
  private final SamplingSchedule schedule = new SamplingSchedule(budget, lastPassAt - CALM_NANOS);
  private long takenCpu;
  private long sampledFaults;

  /** Whether a region was used again after a rest, and nothing was sampled since. */
  private boolean cameBack;

  private long quietNanos = MIN_WAIT_NANOS;
  private long quietSince;

  /** Opens what reads the page table; it is closed by the thread that opened it. */
  @FunctionalInterface
  public interface ScannerSource {
    /** Opens one. */
    PageScanner open() throws MemoryException;
  }

  /** An observer for the regions of a backend. */
  public PagingObserver(String backend) {
    this(backend, PageScanner::open);
  }

  /** Like the other constructor, with another reader of the page table. */
  public PagingObserver(String backend, ScannerSource scanners) {
    this.backend = backend;
    this.scanners = scanners;
  }

  /** Watches a region from now on. */
  public synchronized void watch(WatchedRegion region) {
    region.rest(); // its first use is what begins it all, and is met within a millisecond
    regions.add(region);
    fresh = true;
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
    wanted = true; // before it is asked whether that is enough
    Thread running = thread;
    if (running != null && !overdrawn) {
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

  void countSplit(long bytes) {
    splitBytes.add(bytes);
  }

  void gaveUp(String why) {
    failure = why;
  }

  /** What it has done so far, and what that has cost. */
  public PagingStatistics statistics() {
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
  public @Nullable Thread thread() {
    return thread;
  }

  private void run() {
    takenCpu = cpuTime();
    try (PageScanner scanner = scanners.open()) {
      while (!ends()) {
        wanted = false;
        long wait = pass(scanner);
        long paidAt = System.nanoTime() + budget.untilPaid();
        overdrawn = true;
        for (long left = paidAt - System.nanoTime(); left > 0; ) {
          LockSupport.parkNanos(this, left);
          left = paidAt - System.nanoTime();
        }
        overdrawn = false;
        if (wanted) {
          continue; // a wake-up came while the thread was overdrawn
        }
        if (wait == PatternLearner.NEVER) {
          LockSupport.park(this);
        } else {
          LockSupport.parkNanos(this, wait);
        }
      }
    } catch (MemoryException | RuntimeException | Error e) {
      // Without the page table it can observe nothing, now or later.
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

  /** Observes all regions that are in use; returns how long to wait then. */
  private long pass(PageScanner scanner) {
    PagingPass event = PagingPass.begun();
    passes.increment();
    long now = System.nanoTime();
    budget.refill(now);
    boolean woken = usedAt - lastPassAt > 0;
    if (woken && (fresh || now - lastPassAt > CALM_NANOS)) {
      fresh = false;
      cameBack = true;
      quietNanos = MIN_WAIT_NANOS;
      quietSince = now;
    }
    lastPassAt = now;
    long faults = ProcessFaults.major();
    long newFaults = faults - sampledFaults;
    boolean faulted = newFaults >= MIN_FAULTS;
    schedule.plan(now);
    if (cameBack && newFaults >= RETURN_FAULTS && !budget.isThrifty()) {
      schedule.hasten(now); // whatever is planned: what goes on now is another thing than before
    }
    SamplingWidth width = faulted && now - schedule.nextAt() >= 0 ? schedule.width() : null;
    long due = PatternLearner.NEVER;
    long freshPages = 0;
    int observed = 0;
    boolean sampled = false;
    boolean busy = false;
    for (WatchedRegion region : regions) {
      if (!region.resting()) {
        WatchedRegion.Observation found =
            region.observe(scanner, width, now, faults, budget.isThrifty());
        due = Math.min(due, found.dueNanos());
        freshPages += found.freshPages();
        busy |= found.streams();
        observed++;
        sampled |= width != null && found.sampled();
      }
    }
    if (observed == 0) {
      sampledFaults = faults; // not theirs
      faulted = false;
    }
    long used = used(); // with what the last wait cost
    cpuNanos.add(used);
    if (sampled) {
      schedule.sampled(now, used);
      sampledFaults = faults;
      cameBack = false;
      scans.increment();
    } else {
      budget.takeFollowing(used);
    }
    long wait = faulted || busy ? active(faulted, due, now) : quiet(woken, due, now);
    wait = Math.min(wait, split(now));
    event.backend = backend;
    event.regions = observed;
    event.sensed = sampled;
    event.freshPages = freshPages;
    event.majorFaults = newFaults;
    event.cpuNanos = used;
    event.creditNanos = budget.creditNanos();
    event.waitNanos = wait == PatternLearner.NEVER ? -1 : wait;
    event.ended();
    return wait;
  }

  /** Something happens: as soon as a stream needs it, or the next sample is due. */
  private long active(boolean faulted, long due, long now) {
    quietNanos = MIN_WAIT_NANOS;
    quietSince = now;
    if (!faulted) {
      return due;
    }
    return Math.min(due, Math.max(MIN_WAIT_NANOS, schedule.nextAt() - now));
  }

  private long used() {
    long cpu = cpuTime();
    long used = cpu - takenCpu;
    takenCpu = cpu;
    return used;
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
    long wait = Math.min(due, quietNanos);
    quietNanos = Math.min(MAX_WAIT_NANOS, 2 * quietNanos);
    return wait;
  }

  /** Splits large folios as far as the budget allows; returns when there is more to do. */
  private long split(long now) {
    long due = PatternLearner.NEVER;
    for (WatchedRegion region : regions) {
      while (budget.allowsSplit()) {
        if (System.nanoTime() - now > SPLIT_SPAN_NANOS) {
          return MIN_WAIT_NANOS; // there may be streams elsewhere
        }
        boolean more = region.split(now);
        long used = used();
        budget.takeSampling(used);
        splitNanos.add(used);
        if (!more) {
          break;
        }
      }
      long regionDue = region.splitDueNanos(now);
      if (regionDue != PatternLearner.NEVER) {
        due = Math.min(due, Math.max(regionDue, budget.untilSplit(SPLIT_PIECE_NANOS)));
      }
    }
    return due;
  }

  private long cpuTime() {
    return threads.isCurrentThreadCpuTimeSupported() ? threads.getCurrentThreadCpuTime() : 0;
  }
}
