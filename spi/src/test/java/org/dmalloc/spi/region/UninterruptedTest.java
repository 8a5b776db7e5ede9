/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Work on threads that no interrupt reaches. */
@Timeout(60)
final class UninterruptedTest {
  private static <T> T call(Uninterrupted.Work<T, IOException> work) throws IOException {
    return Uninterrupted.call("dmalloc test", IOException.class, work);
  }

  @Test
  void anInterruptStaysWithTheCaller() throws IOException {
    Thread.currentThread().interrupt();
    boolean seen = call(() -> Thread.currentThread().isInterrupted());
    assertFalse(seen);
    assertTrue(Thread.interrupted());
  }

  /** Also when the same thread does the work of several calls. */
  @Test
  void theThreadHasTheNameOfTheCallAndNothingOfTheCaller() throws IOException {
    for (int i = 0; i < 20; i++) {
      Thread worker = call(Thread::currentThread);
      assertNotSame(Thread.currentThread(), worker);
      assertTrue(worker.isDaemon());
      assertEquals("dmalloc test", call(() -> Thread.currentThread().getName()));
      assertSame(
          Uninterrupted.class.getClassLoader(),
          call(() -> Thread.currentThread().getContextClassLoader()));
    }
  }

  @Test
  void workInsideOfWorkStaysOnTheThread() throws IOException {
    call(
        () -> {
          assertSame(Thread.currentThread(), call(Thread::currentThread));
          return true;
        });
  }

  @Test
  void whatTheWorkThrowsIsThrown() throws IOException {
    IOException refusal = new IOException("refused");
    assertSame(
        refusal,
        assertThrows(
            IOException.class,
            () ->
                call(
                    () -> {
                      throw refusal;
                    })));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            call(
                () -> {
                  throw new IllegalArgumentException();
                }));
    assertEquals(1, call(() -> 1));
  }

  @Test
  void callsDoNotWaitForEachOther() throws Exception {
    int threads = 8;
    CyclicBarrier all = new CyclicBarrier(threads);
    try (ExecutorService callers = Executors.newFixedThreadPool(threads)) {
      Future<?>[] calls = new Future<?>[threads];
      for (int i = 0; i < threads; i++) {
        calls[i] =
            callers.submit(
                () -> Uninterrupted.call("dmalloc test", Exception.class, () -> all.await()));
      }
      for (Future<?> each : calls) {
        each.get(30, TimeUnit.SECONDS);
      }
    }
  }
}
