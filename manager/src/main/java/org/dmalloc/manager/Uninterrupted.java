/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/**
 * Runs what an interrupt must not cut in two, on a thread of its own that nobody else knows.
 * Opening a region is refused on an interrupted thread, and between a close and an open there is no
 * way back but another open.
 */
final class Uninterrupted {
  private Uninterrupted() {}

  static void run(String threadName, Move.Work work) throws MemoryException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread thread =
        Thread.ofPlatform()
            .name(threadName)
            .daemon()
            .start(
                () -> {
                  try {
                    work.run();
                  } catch (Throwable t) {
                    failure.set(t);
                  }
                });
    join(thread, Long.MAX_VALUE);
    rethrow(failure.get());
  }

  /** The result of a task that runs, also on an interrupted thread, whose status is kept. */
  static <T> T get(FutureTask<T> task) throws MemoryException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          rethrow(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static void rethrow(@Nullable Throwable failure) throws MemoryException {
    switch (failure) {
      case null -> {}
      case MemoryException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable t -> throw new IllegalStateException(t);
    }
  }

  /** Waits for the thread's end, also on an interrupted one, whose status is kept. */
  static boolean join(Thread thread, long timeoutNanos) {
    long start = System.nanoTime();
    boolean interrupted = false;
    try {
      while (true) {
        long left = timeoutNanos - (System.nanoTime() - start);
        if (left <= 0) {
          return !thread.isAlive();
        }
        try {
          return thread.join(java.time.Duration.ofNanos(left));
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
