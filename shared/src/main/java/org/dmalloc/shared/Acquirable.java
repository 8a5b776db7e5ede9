/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import java.time.Duration;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What can be held: a {@link RobustLock}, or one side of a {@link RobustReadWriteLock}.
 *
 * <p><b>Ownership.</b> A thread holds it, until it closes the {@link Held} or its process ends. It
 * is not reentrant: a thread that has it and asks again gets an {@link IllegalStateException}. A
 * thread that ends and has not closed what it held leaves it held until its process ends.
 *
 * <p><b>Fairness.</b> A lock that is free goes to whoever asks first, until a thread has waited for
 * {@value #BARGING_MILLIS} ms; from then on it is handed to those who have waited so long, in the
 * order in which they came. The threads of one process that wait do so in a queue of their own, the
 * first of which waits among the processes.
 *
 * <p><b>Waiting.</b> A thread that waits sleeps in the kernel, and looks some times a second
 * whether the owner lives, whether the region is open and whether it is interrupted.
 *
 * <p><b>Failure.</b> All methods throw {@link IllegalStateException} if the region is closed, also
 * while they wait, and {@link MemoryException} if the lock's page is gone or damaged.
 */
@ProviderType
public interface Acquirable {
  /** For how long a waiting thread lets others overtake it, in milliseconds. */
  int BARGING_MILLIS = 10;

  /**
   * Waits until it has it.
   *
   * @throws InterruptedException if the thread is interrupted before; it does not have it then
   */
  Held acquire() throws InterruptedException, MemoryException;

  /** Takes it if that needs no waiting. A lock of a dead owner is recovered. */
  Optional<Held> tryAcquire() throws MemoryException;

  /**
   * Waits for some time.
   *
   * @param timeout the longest that it waits; with zero or less it does not wait
   * @return empty if the time is over
   * @throws InterruptedException if the thread is interrupted before; it does not have it then
   */
  Optional<Held> tryAcquire(Duration timeout) throws InterruptedException, MemoryException;
}
