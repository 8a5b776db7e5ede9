/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.concurrent.TimeUnit;

/**
 * What an observer's thread may cost: two token buckets of processor time. They fill with 0.8 % of
 * the time that goes by, up to 200 ms, and everything that the thread does is taken from them. So
 * in any span of time it takes at most 0.8 % of it, the 200 ms, and the pieces of work that
 * overdrew the buckets, one each.
 *
 * <p>One bucket is for following known streams and sampling known places, which cost little and
 * gain most; the other is for wider samples and for splitting. Each gets half of what comes in, and
 * all of it while the other is full. Following may borrow from the other bucket. Splitting leaves
 * the samples a reserve.
 *
 * <p>Times are in nanoseconds, of any clock. Belongs to one thread.
 */
final class CpuBudget {
  static final double SHARE = 0.008;
  static final long CAPACITY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  static final long FOLLOWING_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  static final long SAMPLING_NANOS = CAPACITY_NANOS - FOLLOWING_NANOS;

  static final long SAMPLING_RESERVE_NANOS = TimeUnit.MILLISECONDS.toNanos(30);

  /** The time between two samples is at least so many times what one costs: 5 % of a core. */
  static final int FULL_PACE = 20;

  /** The same where samples take just what comes into one bucket. */
  private static final long INCOME_PACE = (long) (2 / SHARE);

  private final TokenBucket following = new TokenBucket(FOLLOWING_NANOS);
  private final TokenBucket sampling = new TokenBucket(SAMPLING_NANOS);
  private long refilledAt;

  CpuBudget(long now) {
    refilledAt = now;
  }

  /** Adds what the time since the last call is worth. */
  void refill(long now) {
    long income = (long) ((now - refilledAt) * SHARE);
    refilledAt = now;
    long toFollowing = Math.min(income / 2, following.room());
    long toSampling = Math.min(income - toFollowing, sampling.room());
    following.add(income - toSampling);
    sampling.add(toSampling);
  }

  /** Takes what following streams has cost. */
  void takeFollowing(long cpuNanos) {
    following.take(cpuNanos);
    long borrowed = Math.clamp(-following.tokens(), 0, Math.max(0, sampling.tokens()));
    following.add(borrowed);
    sampling.take(borrowed);
  }

  /** Takes what a sample, or splitting, has cost. */
  void takeSampling(long cpuNanos) {
    sampling.take(cpuNanos);
  }

  /** What both buckets hold. */
  long creditNanos() {
    return following.tokens() + sampling.tokens();
  }

  /** Whether streams are to be followed with as few passes as will do. */
  boolean isThrifty() {
    return following.tokens() < FOLLOWING_NANOS / 2;
  }

  /** How long until a sample may be taken that is expected to cost so much, at most. */
  long untilSample(long cpuNanos) {
    // One that costs more than the bucket holds is taken when it is full.
    return until(sampling, Math.min(SAMPLING_NANOS, cpuNanos));
  }

  /**
   * How many times as long as a sample takes to wait until the next: a twentieth of a core while
   * the bucket is a quarter full, and less and less until it is as much as comes in.
   */
  long samplingPace() {
    long tokens = sampling.tokens();
    return tokens <= 0
        ? INCOME_PACE
        : Math.clamp(FULL_PACE * (SAMPLING_NANOS / 4) / tokens, FULL_PACE, INCOME_PACE);
  }

  /**
   * The same for samples of known places, which the bucket for following pays: a twentieth of a
   * core from what it holds beyond three quarters, then what comes in.
   */
  long knownPlacesPace() {
    return following.tokens() >= FOLLOWING_NANOS / 4 * 3 ? FULL_PACE : INCOME_PACE;
  }

  boolean allowsSplit() {
    return sampling.tokens() >= SAMPLING_RESERVE_NANOS;
  }

  /** How long until splitting is allowed for a piece of some length, at most. */
  long untilSplit(long cpuNanos) {
    return until(sampling, SAMPLING_RESERVE_NANOS + cpuNanos);
  }

  /** How long until following is not overdrawn, at most; nothing is done before. */
  long untilPaid() {
    return until(following, 0);
  }

  private static long until(TokenBucket bucket, long wanted) {
    long missing = wanted - bucket.tokens();
    return missing <= 0 ? 0 : (long) Math.ceil(missing / (SHARE / 2));
  }
}
