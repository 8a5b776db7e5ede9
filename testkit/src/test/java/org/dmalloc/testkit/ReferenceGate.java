/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** Access sections by a read-write lock: plain, slow, and easy to be sure of. */
final class ReferenceGate {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final Map<Thread, Integer> owners = new ConcurrentHashMap<>();
  private final Set<Flaw> flaws;

  ReferenceGate(Set<Flaw> flaws) {
    this.flaws = flaws;
  }

  void enter() {
    lock.readLock().lock();
    owners.merge(Thread.currentThread(), 1, Integer::sum);
  }

  void exit() {
    owners.computeIfPresent(Thread.currentThread(), (t, depth) -> depth == 1 ? null : depth - 1);
    lock.readLock().unlock();
  }

  int openSections() {
    return owners.size();
  }

  /** Runs the action when no section is open. */
  void alone(Duration timeout, Runnable action) {
    if (owners.containsKey(Thread.currentThread())) {
      if (flaws.contains(Flaw.CLOSE_IN_OWN_SECTION)) {
        action.run();
        return;
      }
      throw new IllegalStateException("this thread has a section open; close it first");
    }
    if (flaws.contains(Flaw.CLOSE_DOES_NOT_WAIT)) {
      action.run();
      return;
    }
    if (!takeAlone(timeout)) {
      throw new IllegalStateException(
          "sections open for longer than " + timeout + ": " + owners.keySet());
    }
    try {
      action.run();
    } finally {
      lock.writeLock().unlock();
    }
  }

  private boolean takeAlone(Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return lock.writeLock().tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
          if (flaws.contains(Flaw.INTERRUPT_CUTS_CLOSE)) {
            return false;
          }
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
