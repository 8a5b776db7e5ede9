/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.region;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the resident budgets of one provider's regions, on one thread that lives while there are
 * any.
 *
 * <p>It looks at a region every 10 ms while the region changes near its budget, and ever more
 * seldom, up to every 250 ms, while nothing changes or much is left; and never for more than about
 * a twentieth of the time, or a quarter while the region grows so fast that users would exceed the
 * budget by another sixteenth. What is over goes down to 15/16 of the budget, used pages last: they
 * go only when the region is over by a quarter, or stays over for 400 ms.
 */
final class BudgetKeeper {
  private static final System.Logger LOG = System.getLogger(BudgetKeeper.class.getName());
  private static final long SHORTEST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long LONGEST_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  /** The share of the time that looking may take. */
  private static final long COST_SHARE = 20;

  /** The same while a region grows so fast that it would be well over its budget by then. */
  private static final long HURRIED_COST_SHARE = 4;

  private static final long PATIENT_NANOS = TimeUnit.MILLISECONDS.toNanos(400);

  private final String backend;

  // Guarded by this.
  private final Map<GatedRegion, Budget> budgets = new LinkedHashMap<>();
  private @Nullable Thread thread;

  BudgetKeeper(String backend) {
    this.backend = backend;
  }

  /** Keeps a budget from now on, in place of the region's old one. */
  synchronized void put(GatedRegion region, long budgetBytes, ResidentTrimmer trimmer) {
    budgets.put(region, new Budget(region, budgetBytes, trimmer));
    if (thread == null) {
      thread =
          Thread.ofPlatform().name("dmalloc-" + backend + "-budget").daemon(true).start(this::run);
    }
    notifyAll();
  }

  synchronized void remove(GatedRegion region) {
    if (budgets.remove(region) != null) {
      notifyAll();
    }
  }

  private void run() {
    while (true) {
      List<Budget> due = await();
      if (due.isEmpty()) {
        return;
      }
      due.forEach(this::look);
    }
  }

  /** The budgets to look at, once there is one; none when the thread is to end. */
  private synchronized List<Budget> await() {
    while (!budgets.isEmpty()) {
      long now = System.nanoTime();
      List<Budget> due =
          budgets.values().stream().filter(each -> each.nextLook - now <= 0).toList();
      if (!due.isEmpty()) {
        return due;
      }
      long wait =
          budgets.values().stream().mapToLong(each -> each.nextLook - now).min().orElseThrow();
      try {
        TimeUnit.NANOSECONDS.timedWait(this, wait);
      } catch (InterruptedException ignored) {
        // Nobody may end this thread but the last budget; the status would only make it spin.
      }
    }
    thread = null;
    return List.of();
  }

  private synchronized boolean holds(Budget budget) {
    return budgets.get(budget.region) == budget;
  }

  private void look(Budget budget) {
    try {
      budget.look();
    } catch (IllegalStateException closed) {
      if (budget.region.info().open()) {
        budget.failed(closed); // the gate was shut for too long; there is a next time
      } else {
        remove(budget.region);
      }
    } catch (MemoryException | RuntimeException e) {
      budget.failed(e);
    }
  }

  /** One region's budget. */
  private final class Budget {
    private final GatedRegion region;
    private final long budgetBytes;
    private final ResidentTrimmer trimmer;
    private long lastResident = -1;

    /** What the last look left, as far as it is known, and when it ended. */
    private long lastLeft = -1;

    private long lastEnd = System.nanoTime();

    private long delay = SHORTEST_NANOS;
    private long nextLook = System.nanoTime();
    private long overSince;
    private boolean wasOver;
    private boolean toldFailure;

    Budget(GatedRegion region, long budgetBytes, ResidentTrimmer trimmer) {
      this.region = region;
      this.budgetBytes = budgetBytes;
      this.trimmer = trimmer;
    }

    void look() throws MemoryException {
      long begin = System.nanoTime();
      long resident = region.inSection(trimmer::residentBytes);
      long cost = System.nanoTime() - begin;
      boolean over = resident > budgetBytes;
      if (over) {
        trim(resident);
      } else {
        wasOver = false;
      }
      boolean near = resident > budgetBytes - budgetBytes / 4;
      boolean busy = over || (near && resident != lastResident);
      delay = busy ? SHORTEST_NANOS : Math.min(2 * delay, LONGEST_NANOS);
      lastResident = resident;
      long now = System.nanoTime();
      nextLook = now + pause(resident, cost, begin - lastEnd);
      lastLeft = over ? budgetBytes - budgetBytes / 16 : resident;
      lastEnd = now;
      toldFailure = false;
    }

    /** How long to wait: less where the growth seen would take it over by another sixteenth. */
    private long pause(long resident, long cost, long sinceLast) {
      long pause = Math.max(delay, cost * COST_SHARE);
      long growth = resident - lastLeft;
      if (lastLeft < 0 || growth <= 0) {
        return pause;
      }
      long left = Math.min(resident, budgetBytes - budgetBytes / 16);
      long room = budgetBytes + budgetBytes / 16 - left;
      long untilFull = (long) ((double) room / growth * sinceLast);
      return Math.clamp(
          untilFull, Math.min(pause, Math.max(SHORTEST_NANOS, cost * HURRIED_COST_SHARE)), pause);
    }

    private void trim(long resident) throws MemoryException {
      long now = System.nanoTime();
      if (!wasOver) {
        wasOver = true;
        overSince = now;
      }
      boolean urgent = resident - budgetBytes > budgetBytes / 4 || now - overSince > PATIENT_NANOS;
      long excess = resident - (budgetBytes - budgetBytes / 16);
      region.inSection(
          () -> {
            trimmer.begin(excess, urgent);
            return true;
          });
      while (holds(this) && region.inSection(trimmer::step)) {
        // Each step in a section of its own: a close or resize waits for one at most.
      }
    }

    void failed(Exception e) {
      nextLook = System.nanoTime() + LONGEST_NANOS;
      if (!toldFailure && holds(this)) { // lifted meanwhile: no failure
        toldFailure = true;
        LOG.log(
            System.Logger.Level.WARNING,
            "the resident budget of {0} bytes of {1} cannot be kept for now: {2}",
            budgetBytes,
            region,
            e.getMessage());
      }
    }
  }
}
