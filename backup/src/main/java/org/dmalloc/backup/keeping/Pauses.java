/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits that end at once when the work is to end. */
final class Pauses {
  private static final long FIRST_MILLIS = 500;
  private static final long LONGEST_MILLIS = 30_000;

  private final CountDownLatch ended = new CountDownLatch(1);

  /** Ends all waits, now and later. */
  void end() {
    ended.countDown();
  }

  boolean ended() {
    return ended.getCount() == 0;
  }

  /** Waits; false if the work is to end, or the thread is interrupted. */
  boolean pause(long millis) {
    try {
      return !ended.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** How long to wait after so many failures in a row. */
  static long backoffMillis(int failures) {
    return Math.min(LONGEST_MILLIS, FIRST_MILLIS << Math.min(10, failures));
  }

  /** Waits for the end of a thread, whatever interrupts. */
  static void join(Thread thread) {
    boolean interrupted = false;
    while (thread.threadId() != Thread.currentThread().threadId()) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
