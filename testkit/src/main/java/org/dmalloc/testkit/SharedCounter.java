/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/** A number in memory that several JVMs change. */
final class SharedCounter {
  private static final VarHandle VALUE = JAVA_LONG.varHandle();

  private SharedCounter() {}

  static long get(MemorySegment memory, long offset) {
    return (long) VALUE.getVolatile(memory, offset);
  }

  static void set(MemorySegment memory, long offset, long value) {
    VALUE.setVolatile(memory, offset, value);
  }

  /** Adds 1 so often, and returns how many nanoseconds that took. */
  static long add(MemorySegment memory, long offset, long times) {
    long start = System.nanoTime();
    for (long i = 0; i < times; i++) {
      VALUE.getAndAdd(memory, offset, 1L);
    }
    return System.nanoTime() - start;
  }

  /**
   * Raises it by 1 whenever it is odd, or even, as another JVM does in the other case, until it has
   * reached the last number.
   *
   * @param odd 1 to raise odd ones, 0 to raise even ones
   */
  static void takeTurns(MemorySegment memory, long offset, long odd, long last) {
    long deadline = System.nanoTime() + Await.DEADLINE.toNanos();
    for (long now = get(memory, offset); now < last; now = get(memory, offset)) {
      if (now % 2 == odd) {
        VALUE.setVolatile(memory, offset, now + 1);
      } else if (System.nanoTime() > deadline) {
        throw new AssertionError("the other JVM does not take its turn at " + now);
      } else {
        Await.letOthersRun();
      }
    }
  }
}
