/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.region.Uninterrupted.Work;

/** Makes a {@link MemoryException} of what goes wrong with a journal. */
final class JournalErrors {
  static final String RESTORE = "restore its regions from a backup, or delete them";

  private JournalErrors() {}

  /** Somebody has the journal open. */
  static final class OpenElsewhere extends MemoryException {
    private static final long serialVersionUID = 1L;

    private OpenElsewhere(String operation, Path journal, String holders) {
      super(
          operation,
          -1,
          journal.toString(),
          "open " + holders,
          NO_ERRNO,
          "close the regions of the group there first",
          null);
    }
  }

  static MemoryException openElsewhere(String operation, Path journal, String holders) {
    return new OpenElsewhere(operation, journal, holders);
  }

  /** A call without a result. */
  @FunctionalInterface
  interface Step {
    void run() throws IOException;
  }

  static <T> T call(String operation, long byteSize, Path path, Work<T, IOException> work)
      throws MemoryException {
    try {
      return work.run();
    } catch (IOException e) {
      throw of(operation, byteSize, path, e);
    }
  }

  static void run(String operation, long byteSize, Path path, Step work) throws MemoryException {
    call(
        operation,
        byteSize,
        path,
        () -> {
          work.run();
          return true;
        });
  }

  static MemoryException of(String operation, long byteSize, Path path, IOException e) {
    return e instanceof MemoryException already
        ? already
        : Errno.exception(operation, byteSize, path.toString(), e);
  }

  static MemoryException damaged(String operation, Path file, String what) {
    return MemoryException.of(operation, file.toString(), "damaged: " + what, RESTORE);
  }

  static MemoryException copy(Path path, UUID original) {
    return MemoryException.of(
        "open",
        path.toString(),
        "it is a copy of the journal " + JournalDirectory.path(Path.of(""), original),
        "give it back its name if that one is gone, or delete it");
  }

  static MemoryException tooNew(Path file, int version) {
    return MemoryException.of(
        "open",
        file.toString(),
        "too new: format version " + version + ", known up to " + PageFormat.VERSION,
        "update dmalloc");
  }
}
