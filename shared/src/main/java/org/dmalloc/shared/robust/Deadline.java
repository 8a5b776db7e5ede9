/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.time.Duration;

/** When a wait ends. */
final class Deadline {
  /** Longer than any process runs. */
  private static final Duration LONGEST = Duration.ofDays(50_000);

  private final long start = System.nanoTime();
  private final long nanos;

  private Deadline(long nanos) {
    this.nanos = nanos;
  }

  static Deadline never() {
    return new Deadline(LONGEST.toNanos());
  }

  static Deadline after(Duration timeout) {
    Duration least = timeout.isNegative() ? Duration.ZERO : timeout;
    return new Deadline((least.compareTo(LONGEST) > 0 ? LONGEST : least).toNanos());
  }

  long elapsedNanos() {
    return System.nanoTime() - start;
  }

  /** What is left; at least 0. */
  long remainingNanos() {
    return Math.max(0, nanos - elapsedNanos());
  }

  boolean isOver() {
    return remainingNanos() == 0;
  }
}
