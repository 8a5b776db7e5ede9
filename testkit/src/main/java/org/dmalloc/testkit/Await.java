/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Waits for a condition, with a deadline in place of a sleep. */
final class Await {
  /** Far beyond what a loaded machine needs: reaching it is a failure, not slowness. */
  static final Duration DEADLINE = Duration.ofSeconds(60);

  private static final long RETRY_NANOS = 200_000;
  private static final long SPUN_NANOS = 20_000_000;

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

  /**
   * Returns when a platform thread is held up in a call of that name, or has ended. On an
   * interrupted thread the call may spin in place of waiting: then it has used its processor for
   * some time.
   */
  static void untilHeldIn(String method, Thread thread) throws Exception {
    AtomicLong atFirst = new AtomicLong(-1);
    until(
        method + "() to be held up",
        () -> {
          if (!thread.isAlive()) {
            return true;
          }
          if (Arrays.stream(thread.getStackTrace())
              .noneMatch(frame -> frame.getMethodName().equals(method))) {
            return false;
          }
          long used = ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.threadId());
          atFirst.compareAndSet(-1, used);
          Thread.State state = thread.getState();
          return state == Thread.State.WAITING
              || state == Thread.State.TIMED_WAITING
              || used - atFirst.get() > SPUN_NANOS;
        });
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
