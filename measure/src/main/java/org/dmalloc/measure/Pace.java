/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Slows a run down to a rate, which may change while it goes on, and counts its operations. They
 * run under its monitor: a thread that holds it makes the run wait between two of them.
 *
 * <p><b>Threads.</b> One run uses it; all public methods may be called from any thread.
 */
public final class Pace {
  private static final long TICK_NANOS = 1_000_000;

  private volatile double perSecond;
  private volatile boolean ended;
  private volatile long endNanos = System.nanoTime() + RunOptions.UNLIMITED;
  private final AtomicLong operations = new AtomicLong();
  private volatile long longestNanos;

  // Of the thread that runs: since when it keeps which rate, and how many it has begun since.
  private double rate;
  private long since;
  private long begun;

  /** Changes the rate, in operations per second; 0, as at first, pauses. */
  public void change(double newPerSecond) {
    perSecond = newPerSecond;
  }

  /** Ends the run so long after now. */
  public void endAfter(long nanos) {
    endNanos = System.nanoTime() + nanos;
  }

  /** Ends the run before its next operation. */
  public void end() {
    ended = true;
  }

  public long operations() {
    return operations.get();
  }

  public long longestNanos() {
    return longestNanos;
  }

  /** Waits until the next operation is due; false at the end. */
  boolean awaitDue() {
    while (!ended) {
      long now = System.nanoTime();
      double wanted = perSecond;
      if (rate != wanted) {
        rate = wanted;
        since = now;
        begun = 0;
      }
      if (now - endNanos >= 0) {
        ended = true;
      } else if (begun < (long) ((now - since) / 1e9 * rate)) {
        begun++;
        return true;
      } else {
        LockSupport.parkNanos(this, TICK_NANOS);
      }
    }
    return false;
  }

  /** Counts an operation, under the monitor. */
  void done(long nanos) {
    operations.incrementAndGet();
    if (nanos > longestNanos) {
      longestNanos = nanos;
    }
  }
}
