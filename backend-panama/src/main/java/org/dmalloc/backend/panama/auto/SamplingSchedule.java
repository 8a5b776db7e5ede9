/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Plans the next sample, and how wide it is: whole blocks as long as the budget for samples is well
 * filled, else the first pages of the blocks. Then known places are sampled in between, which costs
 * little and is paid from the budget for following.
 *
 * <p>Times are in nanoseconds, of any clock. Belongs to one thread.
 */
final class SamplingSchedule {
  /** Between two samples; less, and a thread that reads page by page has not come far. */
  private static final long MIN_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(3);

  private static final long MAX_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(60);

  /** What a sample is taken to cost before there was one. */
  private static final long FIRST_COST_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

  private final CpuBudget budget;

  /** What the last sample of each width cost. */
  private final Map<SamplingWidth, Long> costNanos = new EnumMap<>(SamplingWidth.class);

  private SamplingWidth width = SamplingWidth.WHOLE_BLOCKS;
  private long nextAt;
  private long sampledAt;
  private long blocksSampledAt;

  /** A schedule that begins as if the last sample had been taken at some time. */
  SamplingSchedule(CpuBudget budget, long sampledAt) {
    this.budget = budget;
    this.nextAt = sampledAt;
    this.sampledAt = sampledAt;
    this.blocksSampledAt = sampledAt;
  }

  SamplingWidth width() {
    return width;
  }

  /** When the next sample is due; in the past if it is due now. */
  long nextAt() {
    return nextAt;
  }

  void plan(long now) {
    boolean rich = budget.allowsSplit();
    width = rich ? SamplingWidth.WHOLE_BLOCKS : SamplingWidth.BLOCK_HEADS;
    nextAt = blocksSampledAt + interval(width, budget.samplingPace());
    long affordable = budget.untilSample(cost(width));
    if (affordable > 0) {
      nextAt = Math.max(nextAt, now + affordable);
    }
    long atKnownPlaces = sampledAt + interval(SamplingWidth.KNOWN_PLACES, budget.knownPlacesPace());
    if (!rich && atKnownPlaces - nextAt < 0) {
      width = SamplingWidth.KNOWN_PLACES;
      nextAt = atKnownPlaces;
    }
  }

  /** Makes the next sample due now, of known places alone if others cannot be paid. */
  void hasten(long now) {
    if (budget.untilSample(cost(width)) > 0) {
      width = SamplingWidth.KNOWN_PLACES;
    }
    nextAt = now;
  }

  /** Takes from the budget what a sample has cost, and plans the next. */
  void sampled(long now, long cpuNanos) {
    if (width == SamplingWidth.KNOWN_PLACES) {
      budget.takeFollowing(cpuNanos);
    } else {
      budget.takeSampling(cpuNanos);
      blocksSampledAt = now;
    }
    sampledAt = now;
    // One that was dear by chance says little about the next.
    costNanos.put(width, Math.min(cpuNanos, 2 * cost(width)));
    plan(now);
  }

  private long interval(SamplingWidth of, long pace) {
    long most = MAX_INTERVAL_NANOS / CpuBudget.FULL_PACE * pace;
    return Math.clamp(pace * cost(of), MIN_INTERVAL_NANOS, most);
  }

  private long cost(SamplingWidth of) {
    return costNanos.getOrDefault(of, FIRST_COST_NANOS);
  }
}
