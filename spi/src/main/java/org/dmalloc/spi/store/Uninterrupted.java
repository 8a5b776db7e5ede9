/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Runs calls on a channel where no interrupt can reach them. A {@link
 * java.nio.channels.FileChannel} closes itself when its caller is interrupted, and closing any
 * descriptor of a file drops all of the process's locks on it.
 */
final class Uninterrupted {
  private Uninterrupted() {}

  @FunctionalInterface
  interface FileCall<T> {
    T run() throws IOException;
  }

  /** A thread that nobody knows, and so nobody interrupts. */
  private static final class Worker extends Thread {
    Worker(Runnable task) {
      super(task, "dmalloc store");
      setDaemon(true);
    }
  }

  static <T> T call(FileCall<T> call) throws IOException {
    if (Thread.currentThread() instanceof Worker) {
      return call.run();
    }
    FutureTask<T> task = new FutureTask<>(call::run);
    new Worker(task).start();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof IOException io) {
            throw io;
          }
          if (e.getCause() instanceof Error error) {
            throw error;
          }
          throw e.getCause() instanceof RuntimeException unchecked
              ? unchecked
              : new IllegalStateException(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
