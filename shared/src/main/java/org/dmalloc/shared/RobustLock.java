/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A lock that one thread of all processes has, and that outlives its owner: if that dies, the next
 * one gets it, and is {@linkplain Held#inconsistent() told}.
 *
 * {@snippet :
 * try (Held held = lock.acquire()) {
 *   if (held.inconsistent()) {
 *     repair();
 *     held.markConsistent();
 *   }
 *   change();
 * }
 * }
 */
@ProviderType
public interface RobustLock extends Acquirable {
  /** What a lock takes of its region, in bytes, and what its offset is a multiple of: a page. */
  long BYTES = 4096;

  /** The region that it is in. */
  MemoryRegion region();

  /** Where in the region it is, in bytes. */
  long offset();

  /** Who has it and who waits, at about this moment. */
  LockState state() throws MemoryException;
}
