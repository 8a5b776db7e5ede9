/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Ownership;

/** A swap file for one comparison. */
public final class SwapFile {
  /** The highest priority of swapon(2): the kernel fills such an area first. */
  public static final int HIGHEST_PRIORITY = 32_767;

  private SwapFile() {}

  /**
   * Throws an {@link IOException} with the next step if the path exists, even as a dangling link.
   */
  public static void requireAbsent(Path path) throws IOException {
    Path file = path.toAbsolutePath().normalize();
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw exists(file);
    }
    Path parent = file.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw new IOException(
          "swap file " + file + ": there is no directory " + parent + "; make it first");
    }
    // mkswap and swapon go by the name, and must not meet another file.
    Optional<Path> exchangeable = Ownership.exchangeableBelow(parent);
    if (exchangeable.isPresent()) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "swap file %s: others may exchange what is in %s; choose a directory that only this user can change",
              file,
              exchangeable.get()));
    }
  }

  /** Not a FileAlreadyExistsException, whose message callers complete; this one is complete. */
  private static IOException exists(Path file) {
    return new IOException(
        "swap file "
            + file
            + ": exists, and is left alone; name a file that does not exist, because it is removed at the end");
  }

  /**
   * Creates a swap file and enables it until the returned change is undone.
   *
   * @param path must not exist
   * @param priority from 0 to {@value #HIGHEST_PRIORITY}
   * @throws IOException if that fails; then nothing is left behind
   */
  public static Change create(SetupJournal journal, Path path, long byteSize, int priority)
      throws IOException {
    Path file = path.toAbsolutePath().normalize();
    requireAbsent(file);
    Change change = Change.of(Change.Kind.SWAP_FILE, file.toString());
    journal.add(change);
    try {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } catch (FileAlreadyExistsException e) {
      // Another process created the file first: an undo would delete it.
      journal.forget(change);
      throw exists(file);
    } catch (IOException | RuntimeException e) {
      journal.takeBack(change);
      throw new IOException("swap file " + file + ": cannot be created: " + reason(e), e);
    }
    try (OpenFile open = OpenFile.open(file, AccessMode.READ_WRITE)) {
      open.reserve(0, byteSize, ProgressListener.NONE);
    } catch (IOException | RuntimeException e) {
      journal.takeBack(change);
      throw new IOException("swap file " + file + ": " + e.getMessage(), e);
    }
    try {
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

  /** The message of a file system's exception is the path alone. */
  private static String reason(Exception e) {
    return e instanceof AccessDeniedException
        ? "permission denied; needs root, or another directory"
        : String.valueOf(e.getMessage());
  }
}
