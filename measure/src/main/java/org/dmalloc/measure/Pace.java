/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Limits the rate of a run, which may change meanwhile, and counts its operations. Each operation
 * holds the monitor of this object: a thread that holds it makes the run wait.
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

  // Used by the running thread only: its rate, since when, and the operations begun since then.
  private double rate;
  private long since;
  private long begun;

  /** Sets the rate in operations per second. 0, the initial rate, pauses. */
  public void change(double newPerSecond) {
    perSecond = newPerSecond;
  }

  /** Ends the run this long from now. */
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

  /** Counts an operation; the caller holds the monitor. */
  void done(long nanos) {
    operations.incrementAndGet();
    if (nanos > longestNanos) {
      longestNanos = nanos;
    }
  }
}
