/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.archive.Head;

/** Another writer has the backup now. Trying again is of no use. */
final class LostBackupException extends MemoryException {
  private static final long serialVersionUID = 1L;

  private LostBackupException(String target, String reason, String nextStep) {
    super("write backup", -1, target, reason, NO_ERRNO, nextStep, null);
  }

  static LostBackupException to(Head head, String location) {
    return new LostBackupException(
        Head.key(head.backup()) + " in " + location,
        "'" + head.writer().owner() + "' has taken the backup over at " + head.written(),
        "two writers cannot have one backup; give one of them another store");
  }

  static LostBackupException gone(String key, String location) {
    return new LostBackupException(
        key + " in " + location, "the backup was deleted", "begin it again, or in another store");
  }
}
