/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * A lock that is held for some tens of nanoseconds, seldom for as long as a page fault takes. It is
 * not reentrant, knows no owner, and takes no notice of interrupts. Who waits for long parks, so
 * that the holder gets its processor, also where the waiters are virtual threads.
 */
@SuppressWarnings("unused") // the padding, so that no two locks are in one cache line
class SpinLock {
  private static final int SPINS = 1_000;
  private static final long LONGEST_PARK_NANOS = 50_000;
  private static final VarHandle HELD;

  static {
    try {
      HELD = MethodHandles.lookup().findVarHandle(SpinLock.class, "held", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile int held;

  private long padding0;
  private long padding1;
  private long padding2;
  private long padding3;
  private long padding4;
  private long padding5;
  private long padding6;
  private long padding7;

  final boolean tryLock() {
    return held == 0 && HELD.compareAndSet(this, 0, 1);
  }

  final void lock() {
    if (!tryLock()) {
      await();
    }
  }

  private void await() {
    for (int i = 0; ; i++) {
      if (tryLock()) {
        return;
      }
      if (i < SPINS) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(this, Math.min(LONGEST_PARK_NANOS, 1_000L * (i - SPINS + 1)));
      }
    }
  }

  final void unlock() {
    HELD.setRelease(this, 0);
  }
}
