/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.backend.panama.PatternLearner.Sight;
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
 * <p><b>What it may cost.</b> All that the thread does is paid from a {@link CpuBudget}: under one
 * hundredth of a core in the long run, and a change after a calm time is met with many looks at
 * once, which take about a twentieth of a core.
 */
final class PagingObserver {
  private static final long MIN_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long MAX_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final long REST_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(16);
  private static final long CALM_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** Between two looks; less, and a thread that reads page by page has not come far. */
  private static final long MIN_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(3);

  private static final long MAX_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(60);

  /** What a look is taken to cost before there was one. */
  private static final long FIRST_COST_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

  private static final long SPLIT_SPAN_NANOS = TimeUnit.MILLISECONDS.toNanos(8);

  /** What splitting waits for when the account is down: some stretches at once. */
  private static final long SPLIT_PIECE_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

  /** After which a region is looked at that had been at rest. */
  private static final long RETURN_FAULTS = 2 * PatternLearner.RUN_PAGES;

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

  /** Whether nothing is done before a wait is over, whoever wakes the thread. */
  private volatile boolean overdrawn;

  private volatile boolean wanted;

  /** Whether there is a region whose first use is still to come, or was not met yet. */
  private volatile boolean fresh;

  // The thread's own.
  private final CpuBudget budget = new CpuBudget(System.nanoTime());
  private long lastPassAt = System.nanoTime();
  private long accountedCpu;
  private long sensedFaults;
  private long lookedAt = lastPassAt - CALM_NANOS;

  /** What the last look of each kind cost. */
  private final Map<Sight, Long> lookNanos = new EnumMap<>(Sight.class);

  private Sight sight = Sight.WIDE;
  private long nextLookAt = lookedAt;

  /** Whether a region was used again after a rest, and nothing was looked at since. */
  private boolean cameBack;

  /** When sensors were read the last time. */
  private long sensorsAt = lookedAt;

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
          continue; // somebody left it at that
        }
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
    budget.fill(now);
    boolean woken = usedAt - lastPassAt > 0;
    if (woken && (fresh || now - lastPassAt > CALM_NANOS)) {
      fresh = false;
      cameBack = true;
      quietNanos = MIN_WAIT_NANOS;
      quietSince = now;
    }
    lastPassAt = now;
    long faults = ProcessFaults.major();
    long newFaults = faults - sensedFaults;
    boolean faulted = newFaults >= MIN_FAULTS;
    nextLook(now);
    if (cameBack && newFaults >= RETURN_FAULTS && !budget.isThrifty()) {
      // Whatever is planned: what goes on now is another thing than before.
      sight = budget.untilLook(cost(sight)) > 0 ? Sight.KNOWN_PLACES : sight;
      nextLookAt = now;
    }
    boolean sense = faulted && now - nextLookAt >= 0;
    long due = PatternLearner.NEVER;
    long freshPages = 0;
    int looked = 0;
    boolean sensed = false;
    boolean busy = false;
    for (WatchedRegion region : regions) {
      if (!region.resting()) {
        WatchedRegion.Look look =
            region.look(scanner, sense ? sight : null, now, faults, budget.isThrifty());
        due = Math.min(due, look.dueNanos());
        freshPages += look.freshPages();
        busy |= look.streams();
        looked++;
        sensed |= sense && look.sensed();
      }
    }
    if (looked == 0) {
      sensedFaults = faults; // not theirs
      faulted = false;
    }
    long used = used(); // with what the last wait cost
    if (sensed && sight != Sight.KNOWN_PLACES) {
      budget.chargeLook(used);
    } else {
      budget.chargeFollow(used);
    }
    cpuNanos.add(used);
    if (sensed) {
      sensedFaults = faults;
      cameBack = false;
      lookedAt = now;
      if (sight != Sight.KNOWN_PLACES) {
        sensorsAt = now;
      }
      // One that was dear by chance says little about the next.
      lookNanos.put(sight, Math.min(used, 2 * cost(sight)));
      nextLook(now);
      scans.increment();
    }
    long wait = faulted || busy ? active(faulted, due, now) : quiet(woken, due, now);
    wait = Math.min(wait, split(now));
    event.ended(
        backend,
        looked,
        sensed,
        freshPages,
        newFaults,
        used,
        budget.creditNanos(),
        wait == PatternLearner.NEVER ? -1 : wait);
    return wait;
  }

  /** Something happens: as soon as a stream wants it, or the account allows. */
  private long active(boolean faulted, long due, long now) {
    quietNanos = MIN_WAIT_NANOS;
    quietSince = now;
    if (!faulted) {
      return due;
    }
    return Math.min(due, Math.max(MIN_WAIT_NANOS, nextLookAt - now));
  }

  /**
   * Plans the next look: wide as long as the account for looks is well filled, else at the first
   * pages of the sensors. Then known places are looked at in between, which costs little and is
   * paid from the other account.
   */
  private void nextLook(long now) {
    boolean rich = budget.allowsSplit();
    sight = rich ? Sight.WIDE : Sight.NARROW;
    nextLookAt = sensorsAt + interval(sight, budget.lookPace());
    long affordable = budget.untilLook(cost(sight));
    if (affordable > 0) {
      nextLookAt = Math.max(nextLookAt, now + affordable);
    }
    long atKnownPlaces = lookedAt + interval(Sight.KNOWN_PLACES, budget.knownPlacesPace());
    if (!rich && atKnownPlaces - nextLookAt < 0) {
      sight = Sight.KNOWN_PLACES;
      nextLookAt = atKnownPlaces;
    }
  }

  private long interval(Sight kind, long pace) {
    long most = MAX_LOOK_NANOS / CpuBudget.LOOK_PACE * pace;
    return Math.clamp(pace * cost(kind), MIN_LOOK_NANOS, most);
  }

  /** What a look is expected to cost. */
  private long cost(Sight kind) {
    return lookNanos.getOrDefault(kind, FIRST_COST_NANOS);
  }

  /** What the thread has taken since the last call. */
  private long used() {
    long cpu = cpuTime();
    long used = cpu - accountedCpu;
    accountedCpu = cpu;
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

  /** Splits large folios as far as the account allows; returns when there is more to do. */
  private long split(long now) {
    long due = PatternLearner.NEVER;
    for (WatchedRegion region : regions) {
      while (budget.allowsSplit()) {
        if (System.nanoTime() - now > SPLIT_SPAN_NANOS) {
          return MIN_WAIT_NANOS; // there may be streams elsewhere
        }
        boolean more = region.split(now);
        long used = used();
        budget.chargeLook(used);
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

  /** The regions that are watched, for tests. */
  List<WatchedRegion> regions() {
    return List.copyOf(regions);
  }
}
