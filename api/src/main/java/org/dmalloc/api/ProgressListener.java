/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import org.osgi.annotation.versioning.ConsumerType;

/** Told from time to time how far a long operation is, on the thread that runs it. */
@ConsumerType
@FunctionalInterface
public interface ProgressListener {
  /** A listener that does nothing. */
  ProgressListener NONE = (done, total) -> {};

  /**
   * Says how far the operation is. An exception cancels it, as an interrupt does: the operation
   * undoes what it did and throws a {@link MemoryException} with that cause.
   *
   * @param doneBytes bytes done, growing
   * @param totalBytes bytes to do in all
   */
  void progressed(long doneBytes, long totalBytes);
}
