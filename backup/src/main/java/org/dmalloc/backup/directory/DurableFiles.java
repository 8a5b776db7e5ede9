/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.directory;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Objects;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.ObjectContent;

/**
 * Files that are there as a whole or not at all, and durable. Streams do the work: an interrupt
 * closes a channel, but not the streams of {@link Files} and {@link FileOutputStream}.
 */
public final class DurableFiles {
  private static final int COPY_BYTES = 1 << 16;
  private static final boolean WINDOWS =
      System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");

  private DurableFiles() {}

  /** An error of the file system in the grammar of the suite. */
  public static MemoryException refused(String operation, Path target, IOException e) {
    if (e instanceof MemoryException own) {
      return own;
    }
    String reason =
        switch (e) {
          case NoSuchFileException missing ->
              target.toString().equals(missing.getFile())
                  ? "there is no such file"
                  : missing.getFile() + " is not there, and cannot be made";
          case AccessDeniedException denied -> "no permission for " + denied.getFile();
          case FileAlreadyExistsException there -> "there is one already";
          case DirectoryNotEmptyException full -> "it is not empty";
          case FileSystemException system ->
              Objects.requireNonNullElse(system.getReason(), String.valueOf(e.getMessage()));
          default -> String.valueOf(e.getMessage());
        };
    return MemoryException.of(
        operation,
        -1,
        target.toString(),
        reason,
        MemoryException.NO_ERRNO,
        "check its space, permissions and device",
        e);
  }

  /** Makes a directory and its parents, for the owner alone, durably. */
  public static void makeDirectories(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      return;
    }
    Path parent = directory.toAbsolutePath().getParent();
    if (parent != null) {
      makeDirectories(parent);
    }
    try {
      Files.createDirectory(directory, mode(directory, "rwx------"));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory)) {
        throw e;
      }
    }
    if (parent != null) {
      syncDirectory(parent);
    }
  }

  /** Permissions of a new file, where the file system has any. */
  static FileAttribute<?>[] mode(Path path, String permissions) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  /** Writes a new file, for the owner alone, and syncs it; deletes it again if that fails. */
  public static void write(Path file, ObjectContent content) throws IOException {
    Files.createFile(file, mode(file, "rw-------")); // whatever has the name is left as it is
    try {
      try (InputStream in = content.open();
          FileOutputStream out = new FileOutputStream(file.toFile())) {
        byte[] buffer = new byte[COPY_BYTES];
        long written = 0;
        for (int count = in.read(buffer);
            count >= 0 && written <= content.byteSize();
            count = in.read(buffer)) {
          out.write(buffer, 0, count);
          written += count;
        }
        if (written != content.byteSize()) {
          throw new IOException(
              "the content has "
                  + (written < content.byteSize() ? written + " bytes" : "more bytes")
                  + " in place of "
                  + content.byteSize());
        }
        out.getFD().sync();
      }
    } catch (IOException | RuntimeException | Error e) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  /**
   * Gives a file other content, in one step, durably. What an earlier attempt has left of it goes
   * first: a link that somebody put there, too, and not what it leads to.
   */
  public static void replace(Path file, ObjectContent content) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".part");
    Files.deleteIfExists(next);
    write(next, content);
    rename(next, file);
  }

  /** A name beside which there is no other. */
  public static Path fresh(Path directory) {
    return directory.resolve(UUID.randomUUID() + ".part");
  }

  /** Gives a file its name, in place of what has it; durable in the end. */
  public static void rename(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      throw new IOException("the file system cannot rename a file in one step", e);
    }
    Path parent = to.toAbsolutePath().getParent();
    if (parent != null) {
      syncDirectory(parent);
    }
  }

  /** Makes the names in a directory durable. */
  public static void syncDirectory(Path directory) throws IOException {
    if (WINDOWS) {
      return; // has no call for that; NTFS journals names
    }
    boolean interrupted = false;
    try {
      while (true) {
        interrupted |= Thread.interrupted();
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
          channel.force(true);
          return;
        } catch (ClosedByInterruptException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Fills a buffer from a file. */
  public static void read(Path file, long offset, ByteBuffer into) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      in.skipNBytes(offset);
      byte[] buffer = new byte[Math.min(COPY_BYTES, Math.max(1, into.remaining()))];
      while (into.hasRemaining()) {
        int count = in.read(buffer, 0, Math.min(buffer.length, into.remaining()));
        if (count < 0) {
          throw new IOException("it ends " + into.remaining() + " bytes too early");
        }
        into.put(buffer, 0, count);
      }
    }
  }
}
