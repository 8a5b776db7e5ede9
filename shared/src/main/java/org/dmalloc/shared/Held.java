/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import org.dmalloc.api.MemoryException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A lock that the current thread holds.
 *
 * <p><b>Threads.</b> The thread that acquired it closes it, in a {@code try}-with-resources; on
 * another thread that is an {@link IllegalStateException}, and changes nothing.
 */
@ProviderType
public interface Held extends AutoCloseable {
  /**
   * Whether an owner has died, and nobody has said since that what the lock protects is right
   * again. What it protects may be half changed.
   */
  boolean inconsistent();

  /**
   * Says that what the lock protects is right again. Without it the next owner is told as this one
   * was.
   *
   * @throws IllegalStateException if it was released, or is held for reading: who reads cannot have
   *     made anything right
   * @throws MemoryException if the lock's page is gone or damaged
   */
  void markConsistent() throws MemoryException;

  /**
   * Releases the lock. Closing again does nothing.
   *
   * @throws IllegalStateException on another thread, or if the region is closed: then the lock is
   *     recovered by the others once this process has no opening of the region left
   * @throws MemoryException if the lock's page is gone, or the lock is not this owner's any more
   */
  @Override
  void close() throws MemoryException;
}
