/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.Uninterrupted.Action;

/**
 * Ends segments that a channel or a native call, which knows no access section, may be using: the
 * arena then refuses to close, and changes nothing. The time begins when this is made.
 */
final class SegmentUse {
  private static final long FIRST_PAUSE_NANOS = 50_000;
  private static final long LONGEST_PAUSE_NANOS = 10_000_000;

  private final String region;
  private final long timeoutNanos;
  private final long deadline;

  SegmentUse(String region, long timeoutNanos) {
    this.region = region;
    this.timeoutNanos = timeoutNanos;
    this.deadline = System.nanoTime() + timeoutNanos;
  }

  /** Does what ends the segment, again while it is in use; throws if it was in use all the time. */
  void end(MemorySegment segment, String operation, Action call) throws MemoryException {
    boolean interrupted = false;
    try {
      for (long pause = FIRST_PAUSE_NANOS; true; pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS)) {
        try {
          call.run();
          return;
        } catch (IllegalStateException inUse) {
          if (!segment.scope().isAlive()) {
            throw inUse;
          }
          if (System.nanoTime() - deadline >= 0) {
            throw new IllegalStateException(
                String.format(
                    Locale.ROOT,
                    "%s of %s: a channel or native call has used its segment for longer than %d ms; let that call end, or close its channel, and %s it again",
                    operation,
                    region,
                    TimeUnit.NANOSECONDS.toMillis(timeoutNanos),
                    operation),
                inUse);
          }
          interrupted |= Thread.interrupted();
          LockSupport.parkNanos(this, pause);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
