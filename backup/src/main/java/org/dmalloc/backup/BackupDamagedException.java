/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import org.dmalloc.api.MemoryException;

/** What lies in a store is not what was written. No byte of it was used. */
public final class BackupDamagedException extends MemoryException {
  private static final long serialVersionUID = 1L;

  /**
   * Says what is damaged.
   *
   * @param key of the object
   * @param location of the store
   * @param what is wrong with it
   */
  public BackupDamagedException(String key, String location, String what) {
    super(
        "read backup",
        -1,
        key + " in " + location,
        "damaged: " + what,
        NO_ERRNO,
        "'backup verify' lists which checkpoints need it; restore another one",
        null);
  }
}
