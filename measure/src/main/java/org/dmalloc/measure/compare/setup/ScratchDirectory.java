/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A directory for files that exist for one comparison. */
public final class ScratchDirectory {
  private ScratchDirectory() {}

  /**
   * Creates a directory that goes, with all that is in it, when the change is taken back.
   *
   * @param path must not exist; the directory above it must
   */
  public static Change create(SetupJournal journal, Path path) throws IOException {
    Path directory = path.toAbsolutePath().normalize();
    if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("directory " + directory + ": exists; name one that does not");
    }
    Change change = Change.of(Change.Kind.DIRECTORY, directory.toString());
    journal.add(change);
    try {
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      journal.takeBack(change);
      throw e;
    }
    return change;
  }
}
