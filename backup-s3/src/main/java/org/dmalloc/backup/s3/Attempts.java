/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;

/** Tries what failed for the moment again, for a while. Safe for any thread. */
final class Attempts {
  /** The longest pause is so many times the first one. */
  private static final int LONGEST = 20;

  private final String location;
  private final Limits limits;
  private final CountDownLatch closed = new CountDownLatch(1);

  Attempts(String location, Limits limits) {
    this.location = location;
    this.limits = limits;
  }

  /**
   * What is tried.
   *
   * @param operation for messages
   * @param key of the object; empty for the store
   * @param bytes how many are sent or received; -1 if that says nothing
   */
  record Task(String operation, String key, long bytes) {}

  /** One request, or a few that belong together. */
  @FunctionalInterface
  interface Call<T> {
    /**
     * Makes it.
     *
     * @param timeout for each request
     * @param mayHaveHappened whether an attempt before may have done it, and its answer was lost
     */
    T make(Duration timeout, boolean mayHaveHappened) throws MemoryException;
  }

  <T> T run(Task task, Call<T> call) throws MemoryException {
    long start = System.nanoTime();
    Duration timeout = limits.attempt(Math.max(0, task.bytes()));
    for (int failures = 0; ; failures++) {
      requireOpen(task);
      SdkException failure;
      try {
        return call.make(timeout, failures > 0);
      } catch (AbortedException e) {
        Thread.currentThread().interrupt(); // the client saw it first
        failure = e;
      } catch (SdkException e) {
        failure = e;
      } catch (UncheckedIOException | NumberFormatException | DateTimeException e) {
        failure = SdkClientException.create("an answer that cannot be read", e); // it was cut
      } catch (RejectedExecutionException e) {
        failure = SdkClientException.create("a client that is closed", e);
      }
      requireOpen(task); // closed or interrupted meanwhile: that is why
      long pause = pauseMillis(failures);
      long elapsed = System.nanoTime() - start;
      if (!ServiceErrors.passes(failure)
          || elapsed + pause * 1_000_000 > limits.retries().toNanos()) {
        throw ServiceErrors.failure(task.operation(), target(task), task.bytes(), failure);
      }
      pause(task, pause);
    }
  }

  /** Twice as long after each failure, and at random, so that many do not come back together. */
  private long pauseMillis(int failures) {
    long longest = limits.pause().toMillis() * Math.min(LONGEST, 1 << Math.min(failures, 10));
    return ThreadLocalRandom.current().nextLong(longest / 2, longest + 1);
  }

  private void pause(Task task, long millis) throws MemoryException {
    try {
      if (closed.await(millis, TimeUnit.MILLISECONDS)) {
        requireOpen(task);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      requireOpen(task);
    }
  }

  /** Throws if the store is closed or the thread interrupted. */
  private void requireOpen(Task task) throws MemoryException {
    if (Thread.currentThread().isInterrupted()) {
      throw MemoryException.interrupted(
          task.operation(), task.bytes(), target(task), -1, "a write may have happened or not");
    }
    if (closed.getCount() == 0) {
      throw MemoryException.of(
          task.operation(), task.bytes(), target(task), "the store is closed", "open it again");
    }
  }

  String target(Task task) {
    return task.key().isEmpty() ? location : task.key() + " in " + location;
  }

  /** Ends what is tried, and all that comes later. */
  void close() {
    closed.countDown();
  }
}
