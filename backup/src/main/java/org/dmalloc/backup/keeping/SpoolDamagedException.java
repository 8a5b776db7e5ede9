/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.nio.file.Path;
import org.dmalloc.api.MemoryException;

/** A file on its way to the store is not what was written. */
final class SpoolDamagedException extends MemoryException {
  private static final long serialVersionUID = 1L;

  SpoolDamagedException(Path file) {
    super(
        "read spool",
        -1,
        file.toString(),
        "it is not what was written",
        NO_ERRNO,
        "what waits is given up, and a new base copied; check the disk of the spool",
        null);
  }
}
