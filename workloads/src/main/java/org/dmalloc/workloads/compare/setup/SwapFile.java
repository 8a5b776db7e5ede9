/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.compare.setup;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Ownership;

/** A swap file that exists for one comparison. */
public final class SwapFile {
  /** The highest priority that swapon(2) knows: filled before any other area. */
  public static final int HIGHEST_PRIORITY = 32_767;

  private SwapFile() {}

  /**
   * Creates a file and makes the kernel swap to it, until the returned change is taken back.
   *
   * @param path must not exist
   * @param byteSize its size
   * @param priority from 0 to {@value #HIGHEST_PRIORITY}
   * @throws IOException if something refuses it; then nothing is left behind
   */
  public static Change create(SetupJournal journal, Path path, long byteSize, int priority)
      throws IOException {
    Path file = path.toAbsolutePath().normalize();
    if (Files.exists(file)) {
      throw new FileAlreadyExistsException(
          String.format(Locale.ROOT, "swap file %s: exists; name a file that does not", file));
    }
    Path directory = Objects.requireNonNull(file.getParent(), "the root is no file");
    // mkswap and swapon go by the name, and must not meet another file.
    Optional<Path> exchangeable = Ownership.exchangeableBelow(directory);
    if (exchangeable.isPresent()) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "swap file %s: others may exchange what is in %s; choose a directory that only this user can change",
              file,
              exchangeable.get()));
    }
    Change change = Change.of(Change.Kind.SWAP_FILE, file.toString());
    journal.add(change);
    try {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try (OpenFile open = OpenFile.open(file, AccessMode.READ_WRITE)) {
        open.reserve(0, byteSize, ProgressListener.NONE);
      }
      SystemProgram.run("mkswap", file.toString());
      SystemProgram.run("swapon", "-p", String.valueOf(priority), file.toString());
    } catch (IOException | RuntimeException e) {
      journal.takeBack(change);
      throw new IOException(
          String.format(
              Locale.ROOT,
              "swap file %s: %s; needs root (CAP_SYS_ADMIN), and a file system that can swap to files",
              file,
              e.getMessage()),
          e);
    }
    return change;
  }
}
