/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The threads of a test: what one of them throws fails the test that waits for them. */
final class HeapThreads {
  /** Far beyond what a loaded machine needs: reaching it is a failure, not slowness. */
  static final Duration DEADLINE = Duration.ofMinutes(5);

  private final List<Thread> threads = new ArrayList<>();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  @FunctionalInterface
  interface Body {
    void run() throws Throwable;
  }

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
                if (!failure.compareAndSet(null, t)) {
                  failure.get().addSuppressed(t);
                }
              }
            });
    threads.add(thread);
    return thread;
  }

  boolean hasFailed() {
    return failure.get() != null;
  }

  /** Waits for all; an {@link AssertionError} if one has thrown something or does not end. */
  void end() throws InterruptedException {
    for (Thread thread : threads) {
      if (!thread.join(DEADLINE)) {
        AssertionError stuck = new AssertionError(thread + " did not end within " + DEADLINE);
        stuck.setStackTrace(thread.getStackTrace());
        throw stuck;
      }
    }
    Throwable first = failure.get();
    if (first != null) {
      throw new AssertionError("a thread of the test failed: " + first, first);
    }
  }
}
