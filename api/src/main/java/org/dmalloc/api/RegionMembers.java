/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The processes that have a {@linkplain RegionAttributes#processShared() process-shared} region
 * open. Each is a member and has a number, which no other process had before it, so that what a
 * dead one left in the region is never taken for a living one's. The kernel tells who lives: a
 * member's lock ends with its process, however that ends, and holds in every pid namespace.
 *
 * <p><b>Threads.</b> All methods may be called from any thread; none of them minds an interrupt.
 */
@ProviderType
public interface RegionMembers {
  /** The number of this process, which all who have the region open in it share; positive. */
  int self();

  /**
   * Whether a living process is the member of this number. What is once false stays so.
   *
   * @throws MemoryException if the system does not tell
   */
  boolean isAlive(int member) throws MemoryException;

  /**
   * The ids of the other processes that have the region open, as far as this one's pid namespace
   * shows them; for listings and messages, never to decide who lives.
   */
  List<Long> processes();

  /**
   * Holds a lock of this region that one process has at a time, and whose kernel lock ends with it;
   * empty if another process, or another user in this one, has it.
   *
   * @param what the lock's name, which all processes know; those that begin with {@code dmalloc.}
   *     are the suite's
   * @throws MemoryException if the system does not tell
   */
  Optional<Hold> tryHold(String what) throws MemoryException;

  /**
   * Keeps all others out of the region, and new ones from joining; empty if another process has it
   * open, or another opener in this one. For what must not happen beside others: to shrink, rename
   * or move.
   *
   * @throws MemoryException if the system does not tell
   */
  Optional<Hold> tryExclude() throws MemoryException;

  /** A lock that is held; closing it again does nothing. */
  @ProviderType
  interface Hold extends AutoCloseable {
    @Override
    void close() throws MemoryException;
  }
}
