/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The threads of this process that use one lock, by whatever opening. Those that wait do so here,
 * in the order in which they came; the first waits among the processes. So a process takes one
 * slot, and however many threads wait, virtual ones too, one of them sleeps in the kernel.
 */
final class LocalQueue {
  /**
   * A lock of a member: the number tells openings of the region apart of which one began after all
   * before had ended.
   */
  private record Key(long nonce, int member) {}

  private static final Map<Key, WeakReference<LocalQueue>> QUEUES = new ConcurrentHashMap<>();

  private final Semaphore first = new Semaphore(1, true);
  private final Set<Thread> readers = ConcurrentHashMap.newKeySet();

  private LocalQueue() {}

  /** The queue of a lock; the same for all that open it in this process. */
  static LocalQueue of(long nonce, int member) {
    synchronized (QUEUES) {
      QUEUES.values().removeIf(each -> each.refersTo(null));
      Key key = new Key(nonce, member);
      WeakReference<LocalQueue> there = QUEUES.get(key);
      LocalQueue queue = there == null ? null : there.get();
      if (queue == null) {
        queue = new LocalQueue();
        QUEUES.put(key, new WeakReference<>(queue));
      }
      return queue;
    }
  }

  /** Becomes the first; false if the time is over. */
  boolean enter(Deadline deadline) throws InterruptedException {
    return first.tryAcquire(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
  }

  void leave() {
    first.release();
  }

  /** The threads that have the lock for reading. */
  Set<Thread> readers() {
    return readers;
  }
}
