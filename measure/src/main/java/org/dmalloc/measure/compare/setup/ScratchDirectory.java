/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A directory for the files of one comparison. */
public final class ScratchDirectory {
  private ScratchDirectory() {}

  /**
   * Creates a directory, in an existing one, that is removed with its content when the change is
   * undone.
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
