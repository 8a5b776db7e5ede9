/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/** A write under a condition that did not hold: another one was first. Nothing has changed. */
public final class StoreConflictException extends MemoryException {
  private static final long serialVersionUID = 1L;

  /**
   * Says which write it was.
   *
   * @param operation {@code put} or {@code replace}
   * @param key of the object
   * @param location of the store
   * @param reason what was found in place of what was expected
   */
  public StoreConflictException(
      String operation, String key, String location, String reason, @Nullable Throwable cause) {
    super(
        operation,
        -1,
        key + " in " + location,
        reason,
        NO_ERRNO,
        "another one has written it; read it again",
        cause);
  }
}
