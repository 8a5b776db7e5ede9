/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;

/**
 * futex(2) on a word of shared memory, for threads of any process that maps it. A word is 4 bytes,
 * aligned to them. A thread that waits is in the kernel: a virtual one holds its carrier, and an
 * interrupt does not end the wait. So waits are short, and the caller looks after each.
 */
public final class Futex {
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private Futex() {}

  /**
   * Waits while the word has a value, until somebody wakes it, or a time is over, or for no reason.
   *
   * @param word the 4 bytes; their arena stays open for as long as the wait lasts
   * @param timeoutNanos at least 1
   * @return false if the time is over
   * @throws MemoryException if there is no page behind the word, with EFAULT, or the kernel refuses
   */
  public static boolean await(MemorySegment word, int value, long timeoutNanos)
      throws MemoryException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment timeout = arena.allocate(2 * JAVA_LONG.byteSize(), JAVA_LONG.byteAlignment());
      timeout.set(JAVA_LONG, 0, timeoutNanos / NANOS_PER_SECOND);
      timeout.set(JAVA_LONG, JAVA_LONG.byteSize(), timeoutNanos % NANOS_PER_SECOND);
      int errno = (int) -Libc.futex(word, Abi.FUTEX_WAIT, value, timeout);
      if (errno == Errno.ETIMEDOUT) {
        return false;
      }
      if (errno > 0 && errno != Errno.EAGAIN && errno != Errno.EINTR) {
        throw Errno.exception("futex wait", word.byteSize(), "shared memory", errno);
      }
      return true;
    }
  }

  /**
   * Wakes threads that wait.
   *
   * @param most how many
   * @return how many were woken
   * @throws MemoryException if there is no page behind the word, with EFAULT, or the kernel refuses
   */
  public static int wake(MemorySegment word, int most) throws MemoryException {
    long woken = Libc.futex(word, Abi.FUTEX_WAKE, most, MemorySegment.NULL);
    return (int) Libc.check("futex wake", word.byteSize(), "shared memory", woken);
  }
}
