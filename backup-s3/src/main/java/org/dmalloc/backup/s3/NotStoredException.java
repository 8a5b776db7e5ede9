/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import org.dmalloc.api.MemoryException;

/** The service said that it had stored an object, and has not. */
final class NotStoredException extends MemoryException {
  private static final long serialVersionUID = 1L;

  private NotStoredException(Attempts.Task task, String target, String found) {
    super(
        task.operation(),
        task.bytes(),
        target,
        "the store said that it has it, and " + found,
        NO_ERRNO,
        "do not trust this store before that is explained",
        null);
  }

  static NotStoredException of(Attempts.Task task, Attempts attempts, String found) {
    return new NotStoredException(task, attempts.target(task), found);
  }
}
