/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Access sections by one monitor: plain, slow, and easy to be sure of. */
final class ReferenceGate {
  /** How deep each thread is nested. */
  private final Map<Thread, Integer> owners = new HashMap<>();

  private final Set<Flaw> flaws;
  private boolean shut;

  ReferenceGate(Set<Flaw> flaws) {
    this.flaws = flaws;
  }

  synchronized void enter() {
    boolean interrupted = false;
    while (shut && !owners.containsKey(Thread.currentThread())) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    owners.merge(Thread.currentThread(), 1, Integer::sum);
  }

  synchronized void exit() {
    owners.computeIfPresent(Thread.currentThread(), (t, depth) -> depth == 1 ? null : depth - 1);
    notifyAll();
  }

  synchronized int openSections() {
    return owners.size();
  }

  /** Runs the action when no section is open; refused inside one. */
  void alone(Duration timeout, Runnable action) {
    if (holds(Thread.currentThread())) {
      throw new IllegalStateException("this thread has a section open; close it first");
    }
    exclude(timeout, action);
  }

  /** Runs the action when no other thread has a section open, and ends those of this thread. */
  void aloneAtLast(Duration timeout, Runnable action) {
    if (flaws.contains(Flaw.CLOSE_IN_OWN_SECTION_REFUSED)) {
      alone(timeout, action);
      return;
    }
    exclude(timeout, action);
    synchronized (this) {
      owners.remove(Thread.currentThread());
    }
  }

  private synchronized boolean holds(Thread thread) {
    return owners.containsKey(thread);
  }

  private void exclude(Duration timeout, Runnable action) {
    if (flaws.contains(Flaw.CLOSE_DOES_NOT_WAIT)) {
      action.run();
      return;
    }
    if (!takeAlone(timeout)) {
      throw new IllegalStateException("sections open for longer than " + timeout + ": " + names());
    }
    try {
      action.run();
    } finally {
      synchronized (this) {
        shut = false;
        notifyAll();
      }
    }
  }

  private synchronized Set<Thread> names() {
    return Set.copyOf(owners.keySet());
  }

  private synchronized boolean takeAlone(Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    boolean interrupted = false;
    try {
      boolean mine = false;
      while (true) {
        if (!mine && !shut) {
          shut = true;
          mine = true;
        }
        if (mine && !othersInside()) {
          return true;
        }
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          if (mine) {
            shut = false;
            notifyAll();
          }
          return false;
        }
        try {
          TimeUnit.NANOSECONDS.timedWait(this, Math.min(left, 10_000_000));
        } catch (InterruptedException e) {
          interrupted = true;
          if (flaws.contains(Flaw.INTERRUPT_CUTS_CLOSE)) {
            shut &= !mine;
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

  private boolean othersInside() {
    if (!flaws.contains(Flaw.ENDED_THREADS_WAITED_FOR)) {
      owners.keySet().removeIf(thread -> !thread.isAlive());
    }
    return owners.keySet().stream().anyMatch(t -> !t.equals(Thread.currentThread()));
  }
}
