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
 * has its name by then.
 */
final class RunDirectory implements AutoCloseable {
  private static final String PREFIX = "dmalloc-run-";
  private static final Path LOCK = Path.of("lock");

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
    FileChannel channel =
        FileChannel.open(
            path.resolve(LOCK),
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            ownersOnly(path));
    channel.lock();
    Object identity =
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
    return new RunDirectory(path, channel, identity);
  }

  private static FileAttribute<?>[] ownersOnly(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }

  /** The directory. */
  Path path() {
    return path;
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
          removeIfEmpty(in, name);
        }
        return;
      }
      try (FileChannel channel = lock.get()) {
        @Nullable FileLock free = channel.tryLock();
        if (free == null) {
          return;
        }
        directory.empty();
      } catch (OverlappingFileLockException e) {
        return; // this process's own
      }
      in.deleteDirectory(name);
    }
  }

  /** A run that was killed before it had a lock has put nothing there. */
  private static void removeIfEmpty(OpenDirectory in, Path name) throws IOException {
    try {
      in.deleteDirectory(name);
    } catch (DirectoryNotEmptyException e) {
      // Not a run's.
    }
  }

  @Override
  public synchronized void close() throws IOException {
    if (channel.isOpen()) {
      OpenDirectory.delete(path, found -> Objects.equals(found.fileKey(), identity));
      channel.close();
    }
  }
}
