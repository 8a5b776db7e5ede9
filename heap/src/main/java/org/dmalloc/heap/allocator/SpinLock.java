/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * A lock that is held for some tens of nanoseconds, seldom for as long as a page fault takes. It is
 * not reentrant, and takes no notice of interrupts. Who waits for long parks, so that the holder
 * gets its processor, also where the waiters are virtual threads.
 */
@SuppressWarnings("unused") // the padding, so that no two locks are in one cache line
sealed class SpinLock permits BlockCache, FreeRuns {
  private static final int SPINS = 200;
  private static final int YIELDS = 100;
  private static final long PARK_NANOS = 50_000;
  private static final VarHandle HOLDER;

  static {
    try {
      HOLDER = MethodHandles.lookup().findVarHandle(SpinLock.class, "holder", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The id of the thread that holds it; 0 while it is free. */
  private volatile long holder;

  private final WaitCheck check;

  private long padding0;
  private long padding1;
  private long padding2;
  private long padding3;
  private long padding4;
  private long padding5;
  private long padding6;
  private long padding7;

  /** Is asked by a thread that waits for long. */
  @FunctionalInterface
  interface WaitCheck {
    /**
     * Throws an unchecked exception if the lock will never be free.
     *
     * @param holder the id of the thread that holds it; 0 if it has just been unlocked
     * @param waitedNanos how long the calling thread has waited
     */
    void waited(long holder, long waitedNanos);
  }

  /**
   * A lock that is free.
   *
   * @param check what those who wait for long are told
   */
  SpinLock(WaitCheck check) {
    this.check = check;
  }

  final boolean tryLock() {
    return holder == 0 && HOLDER.compareAndSet(this, 0L, Thread.currentThread().threadId());
  }

  final void lock() {
    if (!tryLock()) {
      await();
    }
  }

  @SuppressWarnings("ThreadPriorityCheck")
  private void await() {
    boolean interrupted = false;
    long start = 0;
    try {
      for (int i = 0; !tryLock(); i++) {
        if (i < SPINS) {
          Thread.onSpinWait();
        } else if (i < SPINS + YIELDS) {
          Thread.yield(); // the holder may have no processor
        } else {
          long now = System.nanoTime();
          start = start == 0 ? now : start;
          check.waited(holder, now - start);
          // Parking returns at once while the thread is interrupted: the holder may be a virtual
          // thread that waits for this one's carrier.
          interrupted |= Thread.interrupted();
          LockSupport.parkNanos(this, PARK_NANOS);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  final void unlock() {
    HOLDER.setRelease(this, 0L);
  }

  /**
   * Unlocks it if the calling thread holds it. The error of a page that cannot be read may come
   * anywhere, also between the end of a piece of work and {@link #unlock}.
   */
  final void unlockIfHeld() {
    if (holder == Thread.currentThread().threadId()) {
      unlock();
    }
  }
}
