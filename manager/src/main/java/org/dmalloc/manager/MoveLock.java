/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.dmalloc.spi.region.Uninterrupted;

/**
 * Held by the one move, resize or close of a region that is at work. Who cannot wait long makes a
 * move beside the users give way.
 */
final class MoveLock {
  private final ReentrantLock lock = new ReentrantLock();

  /** How many wait to whom a move beside the users must give way. */
  private final AtomicInteger urgent = new AtomicInteger();

  private final Object region;

  /**
   * A lock that nobody holds.
   *
   * @param region what it is of, for messages
   */
  MoveLock(Object region) {
    this.region = region;
  }

  /**
   * Waits until it is free, telling a move beside the users to give way; keeps interrupts.
   *
   * @param operation for messages
   * @throws IllegalStateException if that takes too long
   */
  void take(String operation, long timeoutNanos) {
    if (lock.isHeldByCurrentThread()) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT, "%s of %s inside a move of it; wait for its end", operation, region));
    }
    urgent.incrementAndGet();
    long deadline = System.nanoTime() + timeoutNanos;
    try {
      if (!Uninterrupted.await(
          () -> lock.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS))) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "%s of %s: it is being moved or resized; try again",
                operation,
                region));
      }
    } finally {
      urgent.decrementAndGet();
    }
  }

  /** Takes it at once or not at all. */
  boolean tryTake() {
    return !lock.isHeldByCurrentThread() && lock.tryLock();
  }

  void release() {
    lock.unlock();
  }

  /** Whether somebody waits for the move that runs. */
  boolean mustGiveWay() {
    return urgent.get() > 0;
  }
}
