/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The threads of a test: what one of them throws fails the test that waits for them. */
final class Crew {
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  @FunctionalInterface
  interface Body {
    void run() throws Throwable;
  }

  /** Starts a platform thread. */
  Thread start(Body body) {
    return start(Thread.ofPlatform(), body);
  }

  Thread start(Thread.Builder builder, Body body) {
    Thread thread =
        builder.start(
            () -> {
              try {
                body.run();
              } catch (Throwable t) {
                failure.compareAndSet(null, t);
              }
            });
    threads.add(thread);
    return thread;
  }

  /** What the first thread that failed threw; null if none has. */
  @Nullable Throwable failure() {
    return failure.get();
  }

  void join() throws InterruptedException {
    for (Thread thread : threads) {
      Await.end(thread);
    }
  }

  /** Waits for the end of all threads; an {@link AssertionError} if one has thrown something. */
  void end() throws InterruptedException {
    join();
    if (failure.get() != null) {
      throw new AssertionError("a thread of the test failed", failure.get());
    }
  }

  /** Waits for other threads; an {@link AssertionError} at the deadline. */
  static void await(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("waited " + Await.DEADLINE + " in vain for other threads");
    }
  }
}
