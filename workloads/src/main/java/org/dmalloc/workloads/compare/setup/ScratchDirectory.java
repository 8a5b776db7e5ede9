/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.compare.setup;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;

/** A directory for files that exist for one comparison. */
public final class ScratchDirectory {
  private static final long PATIENCE_NANOS = 5_000_000_000L;

  private ScratchDirectory() {}

  /**
   * Creates a directory that goes, with all that is in it, when the change is taken back.
   *
   * @param path must not exist; the directory above it must
   */
  public static Change create(SetupJournal journal, Path path) throws IOException {
    Path directory = path.toAbsolutePath().normalize();
    if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(
          String.format(Locale.ROOT, "directory %s: exists; name one that does not", directory));
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

  /**
   * Deletes a directory and all that is in it, links themselves included; none is followed. What is
   * gone already is no failure, and what a process on its way down still puts there goes as well.
   */
  public static void delete(Path directory) throws IOException {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      try {
        empty(directory);
        Files.deleteIfExists(directory);
        return;
      } catch (DirectoryNotEmptyException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
      }
    }
  }

  /** Deletes all that is in a directory. */
  public static void empty(Path directory) throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        delete(entry);
      }
    } catch (NoSuchFileException e) {
      // Somebody else deletes it at the same time.
    }
  }
}
