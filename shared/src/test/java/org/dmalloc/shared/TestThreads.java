/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The threads of a test: what one of them throws fails the test that waits for them. */
final class TestThreads {
  /** Far beyond what a loaded machine needs: reaching it is a failure, not slowness. */
  static final Duration DEADLINE = Duration.ofMinutes(2);

  private static final long RETRY_NANOS = 200_000;

  private final List<Thread> threads = new ArrayList<>();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  @FunctionalInterface
  interface Body {
    void run() throws Exception;
  }

  Thread start(Body body) {
    return start(Thread.ofPlatform().daemon(), body);
  }

  Thread start(Thread.Builder builder, Body body) {
    Thread thread =
        builder.start(
            () -> {
              try {
                body.run();
              } catch (Exception | AssertionError e) {
                failure.compareAndSet(null, e);
              }
            });
    threads.add(thread);
    return thread;
  }

  /** Waits for the end of all threads; an {@link AssertionError} if one has thrown something. */
  void end() throws InterruptedException {
    for (Thread thread : threads) {
      if (!thread.join(DEADLINE)) {
        throw new AssertionError(thread + " did not end within " + DEADLINE);
      }
    }
    if (failure.get() != null) {
      throw new AssertionError("a thread of the test failed", failure.get());
    }
  }

  /** Returns when the condition holds; an {@link AssertionError} at the deadline. */
  static void until(String what, Callable<Boolean> condition) throws Exception {
    long start = System.nanoTime();
    while (!condition.call()) {
      if (System.nanoTime() - start > DEADLINE.toNanos()) {
        throw new AssertionError("waited " + DEADLINE + " in vain: " + what);
      }
      LockSupport.parkNanos(RETRY_NANOS);
    }
  }
}
