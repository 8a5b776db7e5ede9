/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.spi.region.SectionGate;
import org.jspecify.annotations.Nullable;

/**
 * One move as it was asked for.
 *
 * @param region what to move; its lock is held
 * @param source where it is
 * @param target where it is to go
 * @param probe told of each step
 * @param yields whether it gives way to a close, resize or evacuation that waits; an evacuation
 *     does not
 */
record Move(
    ManagedRegion region,
    Placement source,
    Backend target,
    MoveOptions options,
    ProgressListener progress,
    Step.Probe probe,
    boolean yields) {
  private static final long BACKOFF_NANOS = 10_000_000;

  void reached(Step step) throws MemoryException {
    probe.reached(region, step);
  }

  /** Throws if the move was cancelled, or must give way to something that cannot wait. */
  void goOn() throws MemoryException {
    if (Thread.currentThread().isInterrupted()) {
      throw failed("cancelled by an interrupt", "nothing has changed", null);
    }
    if (yields && region.mustGiveWay()) {
      throw failed("gave way to a close, resize or evacuation", "nothing has changed", null);
    }
  }

  /** Reports progress; a listener that throws cancels. */
  void report(long doneBytes) throws MemoryException {
    try {
      progress.progressed(doneBytes, region.byteSize());
    } catch (RuntimeException e) {
      throw failed("cancelled by its progress listener: " + e.getMessage(), "", e);
    }
  }

  MemoryException failed(String reason, String nextStep, @Nullable Throwable cause) {
    return MemoryException.of(
        "move",
        region.byteSize(),
        String.format(
            Locale.ROOT, "%s from %s to %s", region, source.backend().name(), target.name()),
        reason,
        MemoryException.NO_ERRNO,
        nextStep,
        cause);
  }

  /** Work that goes on beside the users. */
  @FunctionalInterface
  interface Work {
    void run() throws MemoryException;
  }

  /**
   * Does the last step with the gate shut.
   *
   * @param shut the last step
   * @param between done before each further attempt, with the gate open
   * @return how long the gate was shut at the attempt that worked, waits for sections included
   * @throws MemoryException if a section stayed open through all attempts; the message names its
   *     owner
   */
  long withGateShut(Work shut, Work between) throws MemoryException {
    long timeoutNanos = options.sectionTimeout().toNanos();
    for (int attempt = 1; ; attempt++) {
      long shutAt = System.nanoTime();
      List<Long> holders;
      try {
        holders = region.gate().shutUnlessHeld(timeoutNanos);
      } catch (IllegalStateException e) {
        if (region.gate().hasEnded()) {
          throw e;
        }
        if (attempt == options.attempts()) {
          throw givenUp(String.valueOf(e.getMessage()), attempt, e);
        }
        retry(attempt, between);
        continue;
      }
      if (!holders.isEmpty()) {
        if (attempt == options.attempts()) {
          throw givenUp(SectionGate.held(holders, timeoutNanos), attempt, null);
        }
        retry(attempt, between);
        continue;
      }
      try {
        region.checkMovable("move");
        reached(Step.SHUT);
        checkWritten();
        shut.run();
      } finally {
        region.gate().open();
      }
      return System.nanoTime() - shutAt;
    }
  }

  /** Throws if a write-back of the source has failed while the move ran. */
  private void checkWritten() throws MemoryException {
    RegionInfo info = source.region().info();
    String failure = info.writeBackFailure();
    if (failure != null && info.open() && info.sharing() == Sharing.SHARED) {
      throw failed(
          failure, "make room or mend the device, force the region, and move it again", null);
    }
  }

  private void retry(int attempt, Work between) throws MemoryException {
    goOn();
    LockSupport.parkNanos(this, BACKOFF_NANOS * attempt);
    between.run();
  }

  private MemoryException givenUp(String reason, int attempts, @Nullable Throwable cause) {
    return failed(
        String.format(Locale.ROOT, "%s (%d attempts)", reason, attempts),
        "nothing has changed; the region is of " + region.owner(),
        cause);
  }
}
