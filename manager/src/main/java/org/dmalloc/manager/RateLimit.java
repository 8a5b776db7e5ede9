/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.concurrent.locks.LockSupport;

/** Holds a copy back to so many bytes per second. */
final class RateLimit {
  /** The longest sleep at once, so that a cancel is noticed soon. */
  private static final long MAX_SLEEP_NANOS = 50_000_000;

  private final long bytesPerSecond;
  private final long startNanos = System.nanoTime();
  private long spentBytes;

  RateLimit(long bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Whether there is a limit at all. */
  boolean limited() {
    return bytesPerSecond != Long.MAX_VALUE;
  }

  /** What stops the copy while it waits. */
  @FunctionalInterface
  interface Check {
    void goOn() throws org.dmalloc.api.MemoryException;
  }

  /** Waits until so many bytes more are in the rate. */
  void spend(long bytes, Check check) throws org.dmalloc.api.MemoryException {
    spentBytes += bytes;
    if (!limited()) {
      check.goOn();
      return;
    }
    double dueNanos = spentBytes * 1e9 / bytesPerSecond;
    while (true) {
      check.goOn();
      double early = dueNanos - (System.nanoTime() - startNanos);
      if (early <= 0) {
        return;
      }
      LockSupport.parkNanos(this, (long) Math.min(early, MAX_SLEEP_NANOS));
    }
  }
}
