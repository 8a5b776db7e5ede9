/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A lock at about one moment, for listings.
 *
 * @param offset where in the region it is, in bytes
 * @param owner who has it, for writing if it has two sides; null if nobody
 * @param readers the processes that have it for reading
 * @param waiters the processes that wait for it, in the order in which they came
 * @param inconsistent whether an owner has died, and nobody has said since that all is right
 * @param recoveries how many owners have died with it
 */
public record LockState(
    long offset,
    Kind kind,
    @Nullable Owner owner,
    List<Reader> readers,
    List<Waiter> waiters,
    boolean inconsistent,
    long recoveries) {
  public LockState {
    readers = List.copyOf(readers);
    waiters = List.copyOf(waiters);
  }

  /** What stands at the offset. */
  public enum Kind {
    /** A {@link RobustLock}. */
    LOCK,
    /** A {@link RobustReadWriteLock}. */
    READ_WRITE_LOCK,
    /** The lock of those who send to a {@link MessageRing}, at the ring's offset. */
    PRODUCERS,
    /** The lock of those who take from one. */
    CONSUMERS
  }

  /**
   * A process.
   *
   * @param member its number among those that have the region open
   * @param pid what it is in its own pid namespace, as it said itself; 0 if that is not known. Not
   *     to be relied on
   * @param alive whether it lives, by its kernel lock
   */
  public record Member(int member, long pid, boolean alive) {}

  /**
   * Who has a lock.
   *
   * @param thread the low 31 bits of the thread's id
   * @param entering whether it waits for readers to leave
   */
  public record Owner(Member member, int thread, boolean entering) {}

  /**
   * A process that reads.
   *
   * @param count how many of its threads
   */
  public record Reader(Member member, int count) {}

  /**
   * A process whose first waiting thread waits among the processes.
   *
   * @param writing whether for reading or, as for a lock without sides, for writing
   * @param starving whether it has waited for so long that it is served in turn
   */
  public record Waiter(Member member, boolean writing, boolean starving) {}
}
