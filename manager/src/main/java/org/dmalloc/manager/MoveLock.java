/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.dmalloc.spi.region.Uninterrupted;

/**
 * Held by the one move, resize or close of a region that is at work. A close, resize or evacuation
 * that waits for it makes a move beside the users give way.
 */
final class MoveLock {
  private final ReentrantLock lock = new ReentrantLock();

  /** How many closes, resizes and evacuations wait. */
  private final AtomicInteger urgent = new AtomicInteger();

  private final Object region;
  private final LongSupplier timeoutNanos;

  /** A free lock of a region, for which others wait so long. */
  MoveLock(Object region, LongSupplier timeoutNanos) {
    this.region = region;
    this.timeoutNanos = timeoutNanos;
  }

  /**
   * Waits until it is free, telling a move beside the users to give way; keeps interrupts.
   *
   * @throws IllegalStateException if that takes too long
   */
  void take(String operation) {
    requireOutside(operation);
    urgent.incrementAndGet();
    try {
      await(operation);
    } finally {
      urgent.decrementAndGet();
    }
  }

  /**
   * Waits until it is free, and lets a move that runs come to its end; keeps interrupts.
   *
   * @throws IllegalStateException if that takes too long
   */
  void takeAfterMove(String operation) {
    requireOutside(operation);
    await(operation);
  }

  private void requireOutside(String operation) {
    if (lock.isHeldByCurrentThread()) {
      throw new IllegalStateException(
          operation + " of " + region + " inside a move of it; wait for its end");
    }
  }

  private void await(String operation) {
    long deadline = System.nanoTime() + timeoutNanos.getAsLong();
    if (!Uninterrupted.await(
        () -> lock.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS))) {
      throw new IllegalStateException(
          operation + " of " + region + ": it is being moved or resized; try again");
    }
  }

  /** Takes it at once or not at all. */
  boolean tryTake() {
    return !lock.isHeldByCurrentThread() && lock.tryLock();
  }

  void release() {
    lock.unlock();
  }

  /** Whether a close, resize or evacuation waits for the move that runs. */
  boolean mustGiveWay() {
    return urgent.get() > 0;
  }
}
