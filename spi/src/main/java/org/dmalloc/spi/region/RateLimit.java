/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.Uninterrupted.Action;

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

  boolean limited() {
    return bytesPerSecond != Long.MAX_VALUE;
  }

  /** Waits until so many bytes more are in the rate; the check stops the copy meanwhile. */
  void spend(long bytes, Action check) throws MemoryException {
    spentBytes += bytes;
    if (!limited()) {
      check.run();
      return;
    }
    double dueNanos = spentBytes * 1e9 / bytesPerSecond;
    while (true) {
      check.run();
      double early = dueNanos - (System.nanoTime() - startNanos);
      if (early <= 0) {
        return;
      }
      LockSupport.parkNanos(this, (long) Math.min(early, MAX_SLEEP_NANOS));
    }
  }
}
