/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Which file a path names, whatever other paths lead to it: device and inode where the system has
 * them. Found by stat(2), which opens nothing and so cannot drop a lock.
 */
record FileIdentity(String key) {
  /** Throws {@link NoSuchFileException} if there is none. */
  static FileIdentity of(Path path) throws IOException {
    BasicFileAttributes attributes = attributes(path);
    if (!attributes.isRegularFile()) {
      // Opening a pipe would wait for its other end; a link could lead out of the store.
      throw new NotRegularException(path, attributes);
    }
    return of(path, attributes);
  }

  /** Something that is no file of data stands at a path; says what. */
  static final class NotRegularException extends FileSystemException {
    private static final long serialVersionUID = 1;

    private NotRegularException(Path path, BasicFileAttributes attributes) {
      super(path.toString(), null, kind(path, attributes) + ", not a region");
    }

    private static String kind(Path path, BasicFileAttributes attributes) {
      if (attributes.isSymbolicLink()) {
        return "a symbolic link";
      }
      return attributes.isDirectory() ? "a directory" : special(path);
    }

    private static String special(Path path) {
      try {
        int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        return switch (mode & 0170000) { // as stat(2) has it
          case 0010000 -> "a pipe (FIFO)";
          case 0140000 -> "a socket";
          case 0020000, 0060000 -> "a device";
          default -> "a special file";
        };
      } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
        return "a special file";
      }
    }
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  private static FileIdentity of(Path path, BasicFileAttributes attributes) throws IOException {
    Object key = attributes.fileKey();
    return new FileIdentity(key != null ? key.toString() : path.toRealPath().toString());
  }

  static boolean matches(Path path, FileIdentity expected) throws IOException {
    return lengthIfSame(path, expected) >= 0;
  }

  /** The length of the file, or −1 if the path names another one or none. */
  static long lengthIfSame(Path path, FileIdentity expected) throws IOException {
    try {
      BasicFileAttributes attributes = attributes(path);
      boolean same = attributes.isRegularFile() && of(path, attributes).equals(expected);
      return same ? attributes.size() : -1;
    } catch (NoSuchFileException e) {
      return -1;
    }
  }

  /**
   * Opens the file that the path names. It never makes one, and follows no link; whoever has not
   * asked {@link #of} first may wait for the other end of a pipe.
   */
  static FileChannel open(Path path, boolean writable) throws IOException {
    OpenOption[] options =
        writable
            ? new OpenOption[] {
              StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS
            }
            : new OpenOption[] {StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS};
    return FileChannel.open(path, options);
  }

  /** Opens it for writing too if that is allowed: only then it can be locked exclusively. */
  static Opened openAsAllowed(Path path, FileIdentity file) throws IOException {
    try {
      return new Opened(open(path, true), true, file);
    } catch (NoSuchFileException e) {
      throw e;
    } catch (AccessDeniedException e) {
      return new Opened(open(path, false), false, file);
    } catch (FileSystemException e) {
      if (Files.isWritable(path)) {
        throw e;
      }
      return new Opened(open(path, false), false, file); // a file system that is mounted read-only
    }
  }

  record Opened(FileChannel channel, boolean writable, FileIdentity file) implements AutoCloseable {
    ChannelDisk disk() {
      return new ChannelDisk(channel, file);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  /** Deletes the file, or throws if the path names another file or none by now. */
  static void deleteIfSame(Path path, FileIdentity expected, String operation) throws IOException {
    if (!deleteIfSame(path, expected)) {
      throw StoreErrors.detached(operation, -1, path, "it has just been renamed or replaced");
    }
  }

  /**
   * Deletes the file if the path still names it. Linux has no call that compares and deletes in
   * one: a program without the store's locks can still come in between.
   *
   * @return false if the path names another file or none
   */
  static boolean deleteIfSame(Path path, FileIdentity expected) throws IOException {
    synchronized (OpenFiles.pathMonitor(path)) {
      boolean deleted = matches(path, expected) && Files.deleteIfExists(path);
      if (deleted) {
        LostWrites.set(expected, false);
      }
      return deleted;
    }
  }
}
