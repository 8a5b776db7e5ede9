/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the resident budgets of one provider's regions, on one thread while there are any.
 *
 * <p>{@link ResidentBudget} decides when to sample and what to evict. Each step has a section of
 * its own: a close or resize waits for one at most.
 */
final class BudgetKeeper {
  private static final System.Logger LOG = System.getLogger(BudgetKeeper.class.getName());
  private final String backend;

  // Guarded by this.
  private final Map<BackedRegion, Budget> budgets = new LinkedHashMap<>();
  private @Nullable Thread thread;

  BudgetKeeper(String backend) {
    this.backend = backend;
  }

  /** Keeps a budget from now on, in place of the region's old one. */
  synchronized void put(BackedRegion region, long budgetBytes, ResidentTrimmer trimmer) {
    budgets.put(region, new Budget(region, budgetBytes, trimmer));
    if (thread == null) {
      thread =
          Thread.ofPlatform().name("dmalloc-" + backend + "-budget").daemon(true).start(this::run);
    }
    notifyAll();
  }

  synchronized void remove(BackedRegion region) {
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
      due.forEach(this::sample);
    }
  }

  /** The budgets to sample, once there is one; none when the thread is to end. */
  private synchronized List<Budget> await() {
    while (!budgets.isEmpty()) {
      long now = System.nanoTime();
      List<Budget> due =
          budgets.values().stream().filter(each -> each.nextSample - now <= 0).toList();
      if (!due.isEmpty()) {
        return due;
      }
      long wait =
          budgets.values().stream().mapToLong(each -> each.nextSample - now).min().orElseThrow();
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

  private void sample(Budget budget) {
    try {
      budget.sample();
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

  private final class Budget {
    private final BackedRegion region;
    private final long budgetBytes;
    private final ResidentBudget decisions;
    private long nextSample = System.nanoTime();
    private boolean toldFailure;

    Budget(BackedRegion region, long budgetBytes, ResidentTrimmer trimmer) {
      this.region = region;
      this.budgetBytes = budgetBytes;
      this.decisions =
          new ResidentBudget(budgetBytes, new InSections(region, trimmer), System::nanoTime);
    }

    void sample() throws MemoryException {
      nextSample = decisions.run(() -> holds(this));
      toldFailure = false;
    }

    void failed(Exception e) {
      nextSample = System.nanoTime() + ResidentBudget.LONGEST_NANOS;
      if (!toldFailure && holds(this)) { // lifted meanwhile: no failure
        toldFailure = true;
        LOG.log(
            System.Logger.Level.WARNING,
            "the resident budget of {0} bytes of {1} cannot be kept for now: {2}",
            Long.toString(budgetBytes), // a number would be shown in the locale's digits
            region,
            e.getMessage());
      }
    }
  }

  /**
   * A trimmer whose calls are made in sections of the region. Nothing leaves RAM while a write-back
   * of the region has failed: the kernel takes for clean what the file lacks. The last check is for
   * pages that a step itself began to write.
   */
  private record InSections(BackedRegion region, ResidentTrimmer trimmer)
      implements ResidentTrimmer {
    @Override
    public long residentBytes() throws MemoryException {
      return region.inSection(trimmer::residentBytes);
    }

    @Override
    public void begin(long excessBytes, long aheadBytes, long graceNanos) throws MemoryException {
      region.inSection(
          () -> {
            region.checkWritten();
            trimmer.begin(excessBytes, aheadBytes, graceNanos);
            return true;
          });
    }

    @Override
    public long step() throws MemoryException {
      return region.inSection(
          () -> {
            region.checkWritten();
            long left = trimmer.step();
            region.checkWritten();
            return left;
          });
    }
  }
}
