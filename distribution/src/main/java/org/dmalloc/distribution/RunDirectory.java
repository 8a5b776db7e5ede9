/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.linux.Ownership;
import org.jspecify.annotations.Nullable;

/**
 * The directory of one run, for the framework's bundle cache. It is locked while the run lives, and
 * removed at its end; what a killed run left behind is removed by the next one. Two runs never
 * share anything.
 *
 * <p>Everybody may write to the directory above. So a leftover is one that belongs to this user
 * alone, has the lock file of a run, and is emptied by the directory that was looked at, whatever
 * has its name by then. The lock file goes last: a clean-up that was cut off is done again.
 */
final class RunDirectory implements AutoCloseable {
  private static final String PREFIX = "dmalloc-run-";
  private static final Path LOCK = Path.of("lock");

  /** Where the framework has its bundle cache. */
  private static final Path CACHE = Path.of("cache");

  /** Between the creation of a directory and its lock there is a moment; this is longer. */
  private static final Duration UNLOCKED_GRACE = Duration.ofMinutes(1);

  private final Path path;
  private final FileChannel channel;

  /** What it was when it was made: its device and inode; null where there are none. */
  private final @Nullable Object identity;

  private RunDirectory(Path path, FileChannel channel, @Nullable Object identity) {
    this.path = path;
    this.channel = channel;
    this.identity = identity;
  }

  /** Makes a directory that nobody else can read, and locks it. */
  static RunDirectory create(Path parent) throws IOException {
    Path path = Files.createTempDirectory(parent, PREFIX);
    Path lock = path.resolve(LOCK);
    @Nullable FileChannel channel = null;
    try {
      channel =
          FileChannel.open(
              lock,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              ownersOnly(path));
      channel.lock();
      Object identity =
          Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
              .fileKey();
      return new RunDirectory(path, channel, identity);
    } catch (IOException e) {
      if (channel != null) {
        channel.close();
      }
      Files.deleteIfExists(lock);
      Files.deleteIfExists(path);
      throw e;
    }
  }

  private static FileAttribute<?>[] ownersOnly(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }

  Path path() {
    return path;
  }

  /** The directory in it for the framework's bundle cache, which the framework makes. */
  Path cache() {
    return path.resolve(CACHE);
  }

  /** Removes what runs that were killed left behind. What cannot be removed is left. */
  static void removeLeftovers(Path parent, PrintStream err) throws IOException {
    List<Path> names = new ArrayList<>();
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(parent, PREFIX + "*")) {
      directories.forEach(directory -> names.add(directory.getFileName()));
    }
    if (names.isEmpty()) {
      return;
    }
    Optional<OpenDirectory> opened = OpenDirectory.open(parent);
    if (opened.isEmpty()) {
      return; // a platform where it cannot be done safely
    }
    try (OpenDirectory in = opened.get()) {
      for (Path name : names) {
        try {
          removeLeftover(in, name);
        } catch (IOException e) {
          err.println("dmalloc: cannot remove what a killed run left: " + e);
        }
      }
    }
  }

  private static void removeLeftover(OpenDirectory in, Path name) throws IOException {
    Optional<PosixFileAttributes> attributes = in.attributes(name);
    // Not even opened, if it is not ours.
    if (attributes.isEmpty() || !Ownership.isOursAlone(attributes.get())) {
      return;
    }
    Optional<OpenDirectory> found = in.directory(name);
    if (found.isEmpty()) {
      return;
    }
    try (OpenDirectory directory = found.get()) {
      PosixFileAttributes opened = directory.attributes();
      if (!Ownership.isOursAlone(opened)) {
        return;
      }
      Optional<FileChannel> lock = directory.file(LOCK);
      if (lock.isEmpty()) {
        if (opened.lastModifiedTime().toInstant().isBefore(Instant.now().minus(UNLOCKED_GRACE))) {
          removeUnlocked(in, name, directory);
        }
        return;
      }
      try (FileChannel channel = lock.get()) {
        @Nullable FileLock free = channel.tryLock();
        if (free == null) {
          return;
        }
        directory.clear(LOCK);
      } catch (OverlappingFileLockException e) {
        return; // this process's own
      }
      in.deleteDirectory(name);
    }
  }

  /**
   * Without a lock is what a run left that was killed before it had one, empty, or one whose lock
   * went before its cache. Of a run that has just begun there is no cache yet.
   */
  private static void removeUnlocked(OpenDirectory in, Path name, OpenDirectory directory)
      throws IOException {
    if (!Set.of(CACHE).containsAll(directory.names())) {
      return; // not a run's
    }
    directory.clear(null);
    try {
      in.deleteDirectory(name);
    } catch (DirectoryNotEmptyException e) {
      // Somebody has use for it.
    }
  }

  @Override
  public synchronized void close() throws IOException {
    if (channel.isOpen()) {
      try (channel) {
        OpenDirectory.delete(path, found -> Objects.equals(found.fileKey(), identity), LOCK);
      }
    }
  }
}
