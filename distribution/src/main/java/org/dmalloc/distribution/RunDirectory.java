/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The directory of one run, for the framework's bundle cache. It is locked while the run lives, and
 * removed at its end; what a killed run left behind is removed by the next one. Two runs never
 * share anything.
 */
final class RunDirectory implements AutoCloseable {
  private static final String PREFIX = "dmalloc-run-";
  private static final String LOCK = "lock";

  /** Between the creation of a directory and its lock there is a moment; this is longer. */
  private static final Duration UNLOCKED_GRACE = Duration.ofMinutes(1);

  private final Path path;
  private final FileChannel channel;

  private RunDirectory(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /** Makes a directory that nobody else can read, and locks it. */
  static RunDirectory create(Path parent) throws IOException {
    Path path = Files.createTempDirectory(parent, PREFIX);
    FileChannel channel =
        FileChannel.open(
            path.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    channel.lock();
    return new RunDirectory(path, channel);
  }

  /** The directory. */
  Path path() {
    return path;
  }

  /** Removes what runs that were killed left behind. What cannot be removed is left. */
  static void removeLeftovers(Path parent, PrintStream err) throws IOException {
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path directory : directories) {
        try {
          if (isLeftover(directory)) {
            delete(directory);
          }
        } catch (IOException e) {
          err.println("dmalloc: cannot remove what a killed run left: " + e);
        }
      }
    }
  }

  private static boolean isLeftover(Path directory) throws IOException {
    if (!Files.isDirectory(directory) || !Files.isWritable(directory)) {
      return false; // another user's
    }
    try (FileChannel channel =
        FileChannel.open(directory.resolve(LOCK), StandardOpenOption.WRITE)) {
      @Nullable FileLock lock = channel.tryLock();
      return lock != null;
    } catch (NoSuchFileException e) {
      return isOld(directory);
    } catch (OverlappingFileLockException e) {
      return false; // this process's own
    }
  }

  private static boolean isOld(Path directory) throws IOException {
    try {
      return Files.getLastModifiedTime(directory)
          .toInstant()
          .isBefore(Instant.now().minus(UNLOCKED_GRACE));
    } catch (NoSuchFileException e) {
      return false; // another run was faster
    }
  }

  private static void delete(Path directory) throws IOException {
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE; // another run removes the same leftover
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e)
              throws IOException {
            Files.deleteIfExists(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  @Override
  public synchronized void close() throws IOException {
    if (channel.isOpen()) {
      delete(path);
      channel.close();
    }
  }
}
