/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.jspecify.annotations.Nullable;

/**
 * Does the last step of a copy with the gate shut, trying again where sections stay open for too
 * long: each attempt holds new sections up, so that it is to be short.
 *
 * @param besideOwn whether this thread has a section open, which is not waited for
 * @param timeoutNanos how long an attempt waits
 * @param attempts how many there are
 * @param goOn throws if there is to be no further one
 * @param givenUp makes the failure when all were in vain
 */
public record GatePause(
    SectionGate gate,
    boolean besideOwn,
    long timeoutNanos,
    int attempts,
    Action goOn,
    GivenUp givenUp) {
  private static final long BACKOFF_NANOS = 10_000_000;

  /** Makes an exception. */
  @FunctionalInterface
  public interface GivenUp {
    MemoryException because(String reason, @Nullable Throwable cause);
  }

  /**
   * Does the last step.
   *
   * @param between done before each further attempt, with the gate open
   * @return how long the gate was shut at the attempt that worked, waits for sections included
   * @throws MemoryException if a section stayed open through all attempts; the message names its
   *     owner
   * @throws IllegalStateException if the gate has ended
   */
  public long run(Action shut, Action between) throws MemoryException {
    for (int attempt = 1; ; attempt++) {
      long shutAt = System.nanoTime();
      String held = null;
      IllegalStateException refused = null;
      try {
        List<Long> holders =
            besideOwn ? gate.shutBesideOwn(timeoutNanos) : gate.shutUnlessHeld(timeoutNanos);
        held = holders.isEmpty() ? null : SectionGate.held(holders, timeoutNanos);
      } catch (IllegalStateException e) {
        if (gate.hasEnded()) {
          throw e;
        }
        held = String.valueOf(e.getMessage());
        refused = e;
      }
      if (held == null) {
        try {
          shut.run();
        } finally {
          gate.open();
        }
        return System.nanoTime() - shutAt;
      }
      if (attempt == attempts) {
        throw givenUp.because(held + " (" + attempt + " attempts)", refused);
      }
      goOn.run();
      LockSupport.parkNanos(this, BACKOFF_NANOS * attempt);
      between.run();
    }
  }
}
