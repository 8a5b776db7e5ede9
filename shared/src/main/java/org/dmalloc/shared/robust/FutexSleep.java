/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.Futex;
import org.jspecify.annotations.Nullable;

/**
 * Sleeps on a word of a page, in a section of its own, which a close of the region waits for: so a
 * sleep is short, and whoever goes on waiting sleeps again, or learns that the region is closed.
 *
 * <p>A virtual thread that slept in the kernel would hold its carrier, and those that hold all
 * carriers could wait for an owner that gets none. So a thread of the platform sleeps for it.
 */
final class FutexSleep {
  /** The longest sleep. A close of the region and an interrupt wait for the rest of it. */
  static final long SLICE_NANOS = 10_000_000;

  private static final ExecutorService SLEEPERS =
      Executors.newCachedThreadPool(
          Thread.ofPlatform().daemon().name("dmalloc futex sleeper ", 0).factory());

  private FutexSleep() {}

  /**
   * Sleeps while a word has a value.
   *
   * @param at where the word is in the page, in bytes
   * @return false if nobody has waked it within the time
   * @throws InterruptedException if the thread is virtual and is interrupted; others sleep on
   */
  static boolean sleep(SharedPage page, long at, int value, long nanos)
      throws InterruptedException, MemoryException {
    if (!Thread.currentThread().isVirtual()) {
      return sleepHere(page, at, value, nanos);
    }
    Future<Boolean> sleeping = SLEEPERS.submit(() -> sleepHere(page, at, value, nanos));
    try {
      return sleeping.get();
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    }
  }

  private static boolean sleepHere(SharedPage page, long at, int value, long nanos)
      throws MemoryException {
    if (nanos <= 0) {
      return false;
    }
    try (Access access = page.region().acquire()) {
      MemorySegment memory = access.segment();
      page.require(memory);
      return Futex.await(page.word(memory, at), value, Math.min(nanos, SLICE_NANOS));
    } catch (InternalError e) {
      throw page.gone(e);
    }
  }

  private static MemoryException failure(@Nullable Throwable cause) {
    if (cause instanceof MemoryException e) {
      return e;
    }
    if (cause instanceof RuntimeException e) {
      throw e;
    }
    if (cause instanceof Error e) {
      throw e;
    }
    throw new IllegalStateException("sleep failed", cause);
  }
}
