/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.dmalloc.spi.region.Uninterrupted;
import org.jspecify.annotations.Nullable;

/**
 * The state of a region that no living backend holds. For a while its users wait for one to come,
 * as at the update of the only backend that could take it; then they get what remains.
 */
final class Detached {
  private final String why;
  private final @Nullable MemorySegment remains;
  private final long startNanos = System.nanoTime();
  private final long waitNanos;
  private final CountDownLatch ended = new CountDownLatch(1);

  /**
   * Begins now.
   *
   * @param why the reason and what to do, for messages
   * @param remains what can be read all the same, read-only; null if there is nothing
   */
  Detached(String why, @Nullable MemorySegment remains, long waitNanos) {
    this.why = why;
    this.remains = remains;
    this.waitNanos = waitNanos;
  }

  String why() {
    return why;
  }

  @Nullable MemorySegment remains() {
    return remains;
  }

  private long leftNanos() {
    return waitNanos - (System.nanoTime() - startNanos);
  }

  /** Whether users need not wait any longer. */
  boolean isWaitOver() {
    return leftNanos() <= 0 || ended.getCount() == 0;
  }

  /** Waits until the region is held again or closed, or the time is over; keeps interrupts. */
  void await() {
    Uninterrupted.await(() -> isWaitOver() || ended.await(leftNanos(), TimeUnit.NANOSECONDS));
  }

  /** A backend holds the region again, or it is closed. */
  void end() {
    ended.countDown();
  }
}
