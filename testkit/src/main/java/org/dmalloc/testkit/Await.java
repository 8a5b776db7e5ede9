/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** Waits for a condition, with a deadline in place of a sleep. */
final class Await {
  /** Far beyond what a loaded machine needs: reaching it is a failure, not slowness. */
  static final Duration DEADLINE = Duration.ofSeconds(60);

  private static final long RETRY_NANOS = 200_000;

  private Await() {}

  /** Returns when the condition holds; an {@link AssertionError} at the deadline. */
  static void until(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + DEADLINE.toNanos();
    while (!condition.call()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("waited " + DEADLINE + " in vain: " + what);
      }
      LockSupport.parkNanos(RETRY_NANOS);
    }
  }

  /** Joins the thread; an {@link AssertionError} at the deadline. */
  static void end(Thread thread) throws InterruptedException {
    if (!thread.join(DEADLINE)) {
      throw new AssertionError(thread + " did not end within " + DEADLINE);
    }
  }

  /** Offers the processor to others, so that more interleavings happen; nothing relies on it. */
  @SuppressWarnings("ThreadPriorityCheck")
  static void letOthersRun() {
    Thread.yield();
  }
}
