/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.dmalloc.api.MemoryException;

/**
 * Decides when a region with a budget is sampled, and what to evict. Used by one thread; has no
 * clock of its own.
 *
 * <p>A sample, which counts resident bytes, is expensive; a round of the trimmer is not. So samples
 * come every 10 to 250 ms and take no more than about a twentieth of the time, or a quarter while a
 * region grows so fast that users would exceed the budget by another sixteenth. Between them what
 * is resident is reckoned from the growth seen last, and rounds come every 10 ms while there is
 * something to do.
 *
 * <p>What users bring in while pages wait for their grace must have left by then: so rounds begin
 * that much before the budget, a sixteenth of it at most, and prepare that much more.
 */
final class ResidentBudget {
  static final long SHORTEST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  static final long LONGEST_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  /**
   * The longest pause where a region is near its budget and quiet, unless samples are expensive:
   * what a scan that begins then brings in until it is seen is over.
   */
  static final long LONGEST_NEAR_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** The share of the time for samples of a quiet region near its budget. */
  private static final long QUIET_COST_SHARE = 200;

  /**
   * How long users usually have to show that they use a page; less where more than an eighth of the
   * budget comes in meanwhile.
   */
  static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** The same where a region is over by a quarter, or stays over. */
  static final long SHORT_GRACE_NANOS = SHORTEST_NANOS;

  /** How long a region may stay over before users get less time; used pages go after twice that. */
  static final long LONG_OVER_NANOS = TimeUnit.MILLISECONDS.toNanos(400);

  /** The share of the time for samples. */
  private static final long COST_SHARE = 20;

  /** The same while a region grows so fast that it would be well over its budget by then. */
  private static final long HURRIED_COST_SHARE = 4;

  private final long budgetBytes;
  private final long lowBytes;
  private final ResidentTrimmer trimmer;
  private final LongSupplier nanoTime;

  private long nextSample;
  private long delay = SHORTEST_NANOS;

  /** When what is resident was known or reckoned last, and what was; negative before the first. */
  private long reckonedAt;

  private long resident = -1;

  /** What was resident at the last sample, and what left since. */
  private long sampledAt;

  private long sampledResident = -1;
  private long leftSince;

  /** Bytes that come in for each nanosecond; falls by half at most from sample to sample. */
  private double growth;

  private boolean trimming;
  private boolean over;
  private long overSince;

  /** Takes the first sample at once, by that clock. */
  ResidentBudget(long budgetBytes, ResidentTrimmer trimmer, LongSupplier nanoTime) {
    this.budgetBytes = budgetBytes;
    this.lowBytes = budgetBytes - budgetBytes / 16;
    this.trimmer = trimmer;
    this.nanoTime = nanoTime;
    this.nextSample = nanoTime.getAsLong();
  }

  /**
   * Samples if it is time, and evicts.
   *
   * @param goesOn whether the budget still holds; asked before each step
   * @return when to be called again
   */
  long run(BooleanSupplier goesOn) throws MemoryException {
    long begin = nanoTime.getAsLong();
    long cost = -1;
    boolean changed = false;
    boolean first = false;
    if (begin - nextSample >= 0) {
      long before = sampledResident;
      first = before < 0;
      sample(begin);
      cost = nanoTime.getAsLong() - begin;
      changed = sampledResident != before;
    } else {
      resident += (long) (growth * (begin - reckonedAt));
      reckonedAt = begin;
    }
    trim(begin, goesOn);
    long now = nanoTime.getAsLong();
    if (cost >= 0) {
      boolean near = resident > budgetBytes - budgetBytes / 4;
      delay =
          over || trimming || (near && changed)
              ? SHORTEST_NANOS
              : Math.min(2 * delay, near ? longestNear(cost) : LONGEST_NANOS);
      nextSample = now + (first && near ? hurried(cost) : pause(cost));
    }
    return trimming ? Math.min(nextSample, now + SHORTEST_NANOS) : nextSample;
  }

  private void sample(long begin) throws MemoryException {
    long found = trimmer.residentBytes();
    if (sampledResident >= 0 && begin > sampledAt) {
      double grown = (double) (found - sampledResident + leftSince) / (begin - sampledAt);
      growth = Math.max(Math.max(0, grown), growth / 2);
    }
    sampledAt = begin;
    sampledResident = found;
    leftSince = 0;
    resident = found;
    reckonedAt = begin;
  }

  private void trim(long now, BooleanSupplier goesOn) throws MemoryException {
    long graceNanos = grace(now);
    // What comes in until a page that is unmapped now may leave.
    long ahead = (long) Math.min(growth * (graceNanos + SHORTEST_NANOS), (double) budgetBytes);
    long limit = budgetBytes - Math.min(budgetBytes / 16, ahead);
    trimming = resident > limit || (trimming && resident > lowBytes);
    if (!trimming) {
      return;
    }
    trimmer.begin(resident - lowBytes, ahead, graceNanos);
    while (goesOn.getAsBoolean()) {
      long left = trimmer.step();
      if (left == ResidentTrimmer.DONE) {
        return;
      }
      resident -= left;
      leftSince += left;
    }
  }

  private long grace(long now) {
    boolean wasOver = over;
    over = resident > budgetBytes;
    double eighth = growth <= 0 ? Double.MAX_VALUE : budgetBytes / 8.0 / growth;
    long usual = Math.clamp((long) eighth, SHORT_GRACE_NANOS, GRACE_NANOS);
    if (!over) {
      return usual;
    }
    if (!wasOver) {
      overSince = now;
    }
    long time = now - overSince;
    if (time > 2 * LONG_OVER_NANOS) {
      return 0;
    }
    return time > LONG_OVER_NANOS || resident - budgetBytes > budgetBytes / 4
        ? SHORT_GRACE_NANOS
        : usual;
  }

  /** How long to wait: less where the growth seen would take it over by another sixteenth. */
  private long pause(long cost) {
    long pause = Math.max(delay, cost * COST_SHARE);
    if (growth <= 0) {
      return pause;
    }
    long room = budgetBytes + budgetBytes / 16 - Math.min(resident, budgetBytes);
    return Math.clamp(
        (long) Math.min(room / growth, (double) LONGEST_NANOS),
        Math.min(pause, hurried(cost)),
        pause);
  }

  private static long longestNear(long cost) {
    return Math.clamp(cost * QUIET_COST_SHARE, LONGEST_NEAR_NANOS, LONGEST_NANOS);
  }

  /**
   * The shortest pause; after the first sample too, which does not tell how fast a region grows.
   */
  private static long hurried(long cost) {
    return Math.max(SHORTEST_NANOS, cost * HURRIED_COST_SHARE);
  }
}
