/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;

/**
 * Waits that an interrupt does not cut short, and work that it must not cut in two. The interrupt
 * is kept: it is the thread's status again when the method returns.
 */
public final class Uninterrupted {
  private Uninterrupted() {}

  @FunctionalInterface
  public interface Wait<T, E extends Exception> {
    /** Waits; called again after an interrupt. */
    T run() throws InterruptedException, E;
  }

  /** Waits, and again whenever the thread is interrupted. */
  public static <T, E extends Exception> T await(Wait<T, E> wait) throws E {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return wait.run();
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

  /** Waits for the end of a thread; false if it has not ended in time. */
  public static boolean join(Thread thread, long timeoutNanos) {
    long start = System.nanoTime();
    return await(
        () -> {
          long left = timeoutNanos - (System.nanoTime() - start);
          return left <= 0 ? !thread.isAlive() : thread.join(Duration.ofNanos(left));
        });
  }

  /** Waits for a result, or throws what the task threw; other checked exceptions become a cause. */
  public static <T> T get(Future<T> task) throws MemoryException {
    try {
      return await(task::get);
    } catch (ExecutionException e) {
      throw thrown(e, MemoryException.class);
    }
  }

  @FunctionalInterface
  public interface Work<T, E extends Exception> {
    T run() throws E;
  }

  /** A thread that no other code knows or interrupts. */
  private static final class Worker extends Thread {
    Worker(Runnable tasks) {
      super(null, tasks, "dmalloc idle worker", 0, false);
      setDaemon(true);
      setContextClassLoader(Uninterrupted.class.getClassLoader());
    }
  }

  /** They wait for more work for a while: to start a thread takes a tenth of a millisecond. */
  private static final ThreadPoolExecutor WORKERS =
      new ThreadPoolExecutor(
          0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), Worker::new);

  /** Runs work where no interrupt can reach it: on a thread that has no other work. */
  public static <T, E extends Exception> T call(
      String threadName, Class<E> refusal, Work<T, E> work) throws E {
    if (Thread.currentThread() instanceof Worker) {
      return work.run();
    }
    FutureTask<T> task = new FutureTask<>(work::run);
    WORKERS.execute(
        () -> {
          Thread worker = Thread.currentThread();
          String idleName = worker.getName();
          worker.setName(threadName);
          try {
            task.run();
          } finally {
            worker.setName(idleName);
          }
        });
    try {
      return await(task::get);
    } catch (ExecutionException e) {
      throw thrown(e, refusal);
    }
  }

  /** Work of a backend or carrier without a result. */
  @FunctionalInterface
  public interface Action {
    void run() throws MemoryException;
  }

  public static void run(String threadName, Action action) throws MemoryException {
    call(
        threadName,
        MemoryException.class,
        () -> {
          action.run();
          return true;
        });
  }

  private static <E extends Exception> E thrown(ExecutionException e, Class<E> refusal) {
    Throwable cause = e.getCause();
    if (cause instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    if (refusal.isInstance(cause)) {
      return refusal.cast(cause);
    }
    throw new IllegalStateException(cause);
  }
}
