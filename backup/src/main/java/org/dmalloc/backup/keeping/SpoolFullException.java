/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.nio.file.Path;
import org.dmalloc.api.MemoryException;

/** The store has been away, or slow, for longer than the spool has room. */
final class SpoolFullException extends MemoryException {
  private static final long serialVersionUID = 1L;

  SpoolFullException(Path directory, long bytes, long mostBytes) {
    super(
        "write spool",
        bytes,
        directory.toString(),
        "it may have " + mostBytes + " bytes, and the store has not taken what waits",
        NO_ERRNO,
        "the checkpoints from here on are not kept; a new base is copied when the store is there",
        null);
  }
}
