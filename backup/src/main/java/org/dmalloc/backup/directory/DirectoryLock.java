/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.directory;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A lock on a file, for the short time between a look and a rename. */
final class DirectoryLock {
  private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private DirectoryLock() {}

  /** What is done under the lock. */
  @FunctionalInterface
  interface Work<T> {
    T run() throws IOException;
  }

  /**
   * Runs work while no other thread or process has the lock. Others of this JVM are waited for by
   * trying, as they may be of another version of this bundle.
   */
  static <T> T call(Path file, Work<T> work) throws IOException {
    boolean interrupted = false;
    long start = System.nanoTime();
    try {
      while (true) {
        interrupted |= Thread.interrupted();
        try (FileChannel channel = open(file)) {
          if (isLocked(channel)) {
            return work.run(); // closing the channel ends the lock
          }
        }
        if (System.nanoTime() - start > WAIT_NANOS) {
          throw new IOException("another process holds its lock for too long");
        }
        LockSupport.parkNanos(STEP_NANOS);
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Opens the file, or makes it, for the owner alone; a link is not followed. */
  private static FileChannel open(Path file) throws IOException {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      // To open a pipe would wait for its other end.
      throw new FileSystemException(file.toString(), null, "not a plain file; remove it");
    }
    return FileChannel.open(
        file,
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
        DurableFiles.mode(file, "rw-------"));
  }

  /** False if another thread has it, or an interrupt came first. */
  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException | ClosedByInterruptException e) {
      return false;
    }
  }
}
