/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.concurrent.TimeUnit;

/**
 * What an observer's thread may cost: accounts of processor time that fill with 0.8 % of the time
 * that goes by, up to 200 ms, and from which everything is paid that the thread does. So in any
 * span of time it takes at most 0.8 % of it, the 200 ms, and the pieces of work that overdrew the
 * accounts, one each.
 *
 * <p>One account is for the following of known streams and looks at known places, which cost little
 * and gain most, one for other looks and splitting; each gets half of what comes in, and all of it
 * while the other is full. Following may draw on the other's account, too. Splitting leaves the
 * looks what they need.
 *
 * <p>Times are in nanoseconds, of any clock. Belongs to one thread.
 */
final class CpuBudget {
  static final double SHARE = 0.008;
  static final long MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** What the account for the following of streams holds. */
  static final long FOLLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** What that for looks and splitting holds. */
  static final long LOOK_NANOS = MOST_NANOS - FOLLOW_NANOS;

  /** What splitting leaves to looks. */
  static final long LOOK_RESERVE_NANOS = TimeUnit.MILLISECONDS.toNanos(30);

  /** What a look costs is at most this part of the time until the next. */
  static final int LOOK_PACE = 20;

  private long follow = FOLLOW_NANOS;
  private long look = LOOK_NANOS;
  private long filledAt;

  /** Full accounts. */
  CpuBudget(long now) {
    filledAt = now;
  }

  /** Enters what the time since the last call is worth. */
  void fill(long now) {
    long income = (long) ((now - filledAt) * SHARE);
    filledAt = now;
    long toFollow = Math.min(income / 2, FOLLOW_NANOS - follow);
    long toLook = Math.min(income - toFollow, LOOK_NANOS - look);
    follow = Math.min(FOLLOW_NANOS, follow + income - toLook);
    look += toLook;
  }

  /** Pays for following streams. */
  void chargeFollow(long cpuNanos) {
    follow -= cpuNanos;
    long borrowed = Math.clamp(-follow, 0, Math.max(0, look));
    follow += borrowed;
    look -= borrowed;
  }

  /** Pays for a look, or for splitting. */
  void chargeLook(long cpuNanos) {
    look -= cpuNanos;
  }

  /** What both hold. */
  long creditNanos() {
    return follow + look;
  }

  /** Whether streams are to be followed with as few looks as will do. */
  boolean isThrifty() {
    return follow < FOLLOW_NANOS / 2;
  }

  /** How long until a look may be taken that is expected to cost so much, at most. */
  long untilLook(long cpuNanos) {
    // One that costs more than the account holds is taken when it is full.
    return until(look, Math.min(LOOK_NANOS, cpuNanos));
  }

  /**
   * How many times as long as a look takes to wait until the next: a twentieth of a core while the
   * account holds a quarter of its most, and less and less until it is as much as comes in.
   */
  long lookPace() {
    long most = (long) (2 / SHARE);
    return look <= 0 ? most : Math.clamp(LOOK_PACE * (LOOK_NANOS / 4) / look, LOOK_PACE, most);
  }

  /**
   * The same for looks at known places, which the account for following pays: a twentieth of a core
   * from what it holds beyond three quarters, then what comes in.
   */
  long knownPlacesPace() {
    return follow >= FOLLOW_NANOS / 4 * 3 ? LOOK_PACE : (long) (2 / SHARE);
  }

  /** Whether large folios may be split now. */
  boolean allowsSplit() {
    return look >= LOOK_RESERVE_NANOS;
  }

  /** How long until splitting is allowed for a piece of some length, at most. */
  long untilSplit(long cpuNanos) {
    return until(look, LOOK_RESERVE_NANOS + cpuNanos);
  }

  /** How long until the account for following is not overdrawn, at most; nothing is done before. */
  long untilPaid() {
    return until(follow, 0);
  }

  private static long until(long credit, long wanted) {
    return credit >= wanted ? 0 : (long) Math.ceil((wanted - credit) / (SHARE / 2));
  }
}
