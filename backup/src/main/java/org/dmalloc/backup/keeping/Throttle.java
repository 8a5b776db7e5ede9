/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.util.concurrent.TimeUnit;

/** Tells writers how long to wait so that all of them together keep to a rate. */
final class Throttle {
  private final long bytesPerSecond;
  private long freeNanos = System.nanoTime();

  Throttle(long bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Books bytes that are about to be written, and returns the nanoseconds to wait before. */
  synchronized long book(long bytes) {
    if (bytesPerSecond == 0) {
      return 0;
    }
    long now = System.nanoTime();
    long start = freeNanos - now > 0 ? freeNanos : now;
    double seconds = (double) bytes / bytesPerSecond;
    freeNanos = start + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
    return start - now;
  }
}
