/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A lock that many threads of all processes have for reading, or one for writing. It outlives those
 * who have it: of a writer that dies the next owner is {@linkplain Held#inconsistent() told}, and a
 * reader that dies leaves nothing.
 *
 * <p><b>Fairness.</b> A writer that has come waits only for the readers that were there before it.
 * A reader waits for one writer, or for as long as {@link Acquirable} says.
 *
 * <p>A thread has one side once: neither is reentrant, and none is exchanged for the other.
 */
@ProviderType
public interface RobustReadWriteLock {
  /** What a lock takes of its region, in bytes, and what its offset is a multiple of: a page. */
  long BYTES = 4096;

  /** The side of those who change nothing. */
  Acquirable reading();

  /** The side of the one that changes. */
  Acquirable writing();

  /** The region that it is in. */
  MemoryRegion region();

  /** Where in the region it is, in bytes. */
  long offset();

  /** Who has it and who waits, at about this moment. */
  LockState state() throws MemoryException;
}
