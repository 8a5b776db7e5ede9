/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;

/**
 * Files that have no region's name yet, or never get one. Their maker holds the exclusive lock, so
 * one that is not locked was left by a process that died, and anybody may remove it.
 */
final class Temporaries {
  private static final String PREFIX = ".dmalloc-";
  private static final String SUFFIX = ".new";

  /** A cleaner may take a file away between its creation and its locking. */
  private static final int ATTEMPTS = 20;

  private Temporaries() {}

  /** Creates an empty file with mode 0600 and locks it. */
  static LockedFile create(Path directory, OpenMode mode, String holder) throws IOException {
    for (int attempt = 1; ; attempt++) {
      Path path = directory.resolve(PREFIX + UUID.randomUUID() + SUFFIX);
      try {
        synchronized (OpenFiles.pathMonitor(path)) {
          createFile(path);
          return LockedFile.open("create", path, mode, holder);
        }
      } catch (NoSuchFileException | MemoryException e) {
        Files.deleteIfExists(path);
        if (attempt == ATTEMPTS || !Files.isDirectory(directory)) {
          throw e;
        }
      }
    }
  }

  /**
   * Creates an empty file with mode 0600 that has no name, or loses it when it is closed, where the
   * system deletes no open file. Who comes upon the name in between, as a cleaner may, can do no
   * harm but to take it away; so there is nothing to lock.
   */
  static LockedFile createUnnamed(Path directory) throws IOException {
    Path path = directory.resolve(PREFIX + UUID.randomUUID() + SUFFIX);
    boolean unlinks = isPosix(path);
    Set<OpenOption> options =
        new HashSet<>(
            Set.of(
                StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW));
    if (!unlinks) {
      options.add(StandardOpenOption.DELETE_ON_CLOSE);
    }
    FileChannel channel = FileChannel.open(path, options, mode(path, "rw-------"));
    if (unlinks) {
      try {
        Files.deleteIfExists(path);
      } catch (IOException | RuntimeException | Error e) {
        try (channel) {
          throw e;
        }
      }
    }
    return LockedFile.unnamed(channel, path);
  }

  static void createFile(Path path) throws IOException {
    Files.createFile(path, mode(path, "rw-------"));
  }

  static void createDirectories(Path directory) throws IOException {
    Files.createDirectories(directory, mode(directory, "rwx------"));
  }

  private static FileAttribute<?>[] mode(Path path, String permissions) {
    return isPosix(path)
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  private static boolean isPosix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  static List<Path> list(Path directory) throws IOException {
    return files(directory, Temporaries::isTemporary);
  }

  static boolean isTemporary(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.startsWith(PREFIX) && name.endsWith(SUFFIX);
  }

  static List<Path> files(Path directory, Predicate<Path> which) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(which).sorted().toList();
    } catch (UncheckedIOException e) {
      throw new IOException(e);
    }
  }

  /**
   * Removes those whose makers are gone, if it can; {@link RegionStore#verify()} reports the rest.
   */
  static void removeStale(Path directory) throws MemoryException {
    for (Path file : StoreErrors.call("open store", -1, directory, () -> list(directory))) {
      try (LockedFile locked =
          LockedFile.open("remove", file, OpenMode.WRITER, "its removal", Duration.ZERO)) {
        FileIdentity.deleteIfSame(file, locked.identity());
      } catch (IOException e) {
        // In use, or not ours to remove.
      }
    }
  }
}
