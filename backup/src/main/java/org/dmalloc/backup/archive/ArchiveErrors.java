/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupDamagedException;

/** Errors of what lies in a store. */
final class ArchiveErrors {
  private ArchiveErrors() {}

  /** An object that is not what it must be. */
  static MemoryException damaged(String key, String location, String what) {
    return new BackupDamagedException(key, location, what);
  }
}
