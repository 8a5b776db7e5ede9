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
 * The directory of one run, for the framework's bundle cache. A run holds its lock and removes it
 * at its end; the next run removes that of a killed one. Runs share nothing.
 *
 * <p>Everybody may write to the parent directory. So a leftover must belong to this user alone and
 * have the lock file of a run. It is emptied through the open directory, even if its name changes
 * meanwhile. The lock file is removed last, so that an interrupted clean-up is repeated.
 */
final class RunDirectory implements AutoCloseable {
  private static final String PREFIX = "dmalloc-run-";
  private static final Path LOCK = Path.of("lock");

  private static final Path CACHE = Path.of("cache");

  /** Longer than the moment between the creation of a directory and its lock. */
  private static final Duration UNLOCKED_GRACE = Duration.ofMinutes(1);

  private final Path path;
  private final FileChannel channel;

  /** Its device and inode at creation; null where the file system has none. */
  private final @Nullable Object identity;

  private RunDirectory(Path path, FileChannel channel, @Nullable Object identity) {
    this.path = path;
    this.channel = channel;
    this.identity = identity;
  }

  /** Creates and locks a directory that nobody else can read. */
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

  /** The directory for the framework's bundle cache, which the framework creates. */
  Path cache() {
    return path.resolve(CACHE);
  }

  /** Removes the directories of killed runs, where possible. */
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
    // A directory of another user is not even opened.
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
   * A directory without a lock is empty, from a run that was killed before it locked, or has lost
   * its lock before its cache. A run that has just begun has no cache yet.
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
      // The directory is in use.
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
