/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

/**
 * Who has a lock, in one long: bit 63 says that the lock is inconsistent, bits 32 to 62 are the
 * owner's member number, bit 31 says that a writer still waits for readers to leave, bits 0 to 30
 * are the low bits of its thread's id. All but bit 63 are zero while nobody has it.
 */
final class OwnerWord {
  static final long INCONSISTENT = 1L << 63;
  static final long ENTERING = 1L << 31;
  static final long FREE = 0;
  private static final int MEMBER_SHIFT = 32;
  private static final long THREAD = ENTERING - 1;

  private OwnerWord() {}

  static long of(int member, long threadId) {
    return ((long) member << MEMBER_SHIFT) | (threadId & THREAD);
  }

  static boolean isFree(long word) {
    return (word & ~INCONSISTENT) == FREE;
  }

  static boolean isInconsistent(long word) {
    return (word & INCONSISTENT) != 0;
  }

  static boolean isEntering(long word) {
    return (word & ENTERING) != 0;
  }

  static int member(long word) {
    return (int) ((word & ~INCONSISTENT) >>> MEMBER_SHIFT);
  }

  static int thread(long word) {
    return (int) (word & THREAD);
  }

  /** The word without its two marks: the owner alone. */
  static long owner(long word) {
    return word & ~(INCONSISTENT | ENTERING);
  }

  /** What is left when its owner has died: one that had not entered has changed nothing. */
  static long afterDeath(long word) {
    return isEntering(word) ? word & INCONSISTENT : INCONSISTENT;
  }
}
