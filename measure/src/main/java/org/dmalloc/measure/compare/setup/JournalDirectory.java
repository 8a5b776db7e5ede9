/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Optional;
import org.dmalloc.linux.Ownership;

/**
 * The directory of journals. A later process, perhaps of root, executes them, so no other user may
 * be able to place one there.
 */
final class JournalDirectory {
  private JournalDirectory() {}

  /**
   * Creates a missing directory for this user alone, whatever the umask. Throws an {@link
   * IOException} as {@link #require} does.
   */
  static Path create(Path directory) throws IOException {
    FileAttribute<?> ownersOnly =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    Path parent = directory.getParent();
    if (parent != null) {
      Files.createDirectories(parent, ownersOnly);
    }
    try {
      Files.createDirectory(directory, ownersOnly);
    } catch (FileAlreadyExistsException e) {
      // The owner is checked in both cases.
    }
    require(directory);
    return directory;
  }

  /**
   * Throws an {@link IOException} with the next step if others can write to or replace the
   * directory.
   */
  static void require(Path directory) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(directory, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isDirectory() || !Ownership.isOursAlone(attributes)) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "journal of changes: %s is not a directory that only this user can write to; inspect"
                  + " what is in it, and chmod it to 700 or delete it",
              directory));
    }
    Optional<Path> exchangeable = Ownership.exchangeableBelow(directory);
    if (exchangeable.isPresent()) {
      throw new IOException(
          "journal of changes: others may exchange what is in "
              + exchangeable.get()
              + ", above "
              + directory
              + "; set XDG_STATE_HOME to a directory that only this user can change");
    }
  }

  /** Whether only this user can have written the journal. */
  static boolean isTrusted(Path file) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    return attributes.isRegularFile() && Ownership.isOursAlone(attributes);
  }
}
