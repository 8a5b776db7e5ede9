/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.concurrent.TimeUnit;

/**
 * What an observer's thread may cost: an account of processor time that fills with 0.8 % of the
 * time that goes by, up to 200 ms, and from which everything is paid that the thread does. So in
 * any span of time it takes at most 0.8 % of it, the 200 ms, and the one piece of work that
 * overdrew the account.
 *
 * <p>Three kinds of work share it. Splitting leaves the looks what they need, and looks leave the
 * following of known streams, which costs little and gains most, what that needs.
 *
 * <p>Times are in nanoseconds, of any clock. Belongs to one thread.
 */
final class CpuBudget {
  static final double SHARE = 0.008;
  static final long MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** What looks leave to the following of streams. */
  static final long FOLLOW_RESERVE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  /** What splitting leaves to looks and following. */
  static final long LOOK_RESERVE_NANOS = TimeUnit.MILLISECONDS.toNanos(40);

  private long credit = MOST_NANOS;
  private long filledAt;

  /** A full account. */
  CpuBudget(long now) {
    filledAt = now;
  }

  /** Enters what the time since the last call is worth. */
  void fill(long now) {
    credit = Math.min(MOST_NANOS, credit + (long) ((now - filledAt) * SHARE));
    filledAt = now;
  }

  /** Pays for work that was done. */
  void charge(long cpuNanos) {
    credit -= cpuNanos;
  }

  long creditNanos() {
    return credit;
  }

  /** Whether a look may be taken that is expected to cost so much. */
  boolean allowsLook(long cpuNanos) {
    return untilLook(cpuNanos) == 0;
  }

  /** How long until such a look may be taken. */
  long untilLook(long cpuNanos) {
    // One that costs more than the account holds is taken when it is full.
    return until(Math.min(MOST_NANOS, cpuNanos + FOLLOW_RESERVE_NANOS));
  }

  /** Whether large folios may be split now. */
  boolean allowsSplit() {
    return credit >= LOOK_RESERVE_NANOS;
  }

  /** How long until splitting is allowed for a piece of some length. */
  long untilSplit(long cpuNanos) {
    return until(LOOK_RESERVE_NANOS + cpuNanos);
  }

  /** How long until the account is not overdrawn; nothing is done before. */
  long untilPaid() {
    return until(0);
  }

  private long until(long wanted) {
    return credit >= wanted ? 0 : (long) Math.ceil((wanted - credit) / SHARE);
  }
}
