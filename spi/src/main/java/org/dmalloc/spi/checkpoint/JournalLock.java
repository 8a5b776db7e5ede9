/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.spi.machine.LockHolders;
import org.jspecify.annotations.Nullable;

/**
 * Holds others off from a journal: by a lock on a file that has no other use, and in this JVM by a
 * system property. Record locks do not hold off the process that has them, and all of them on a
 * file vanish when the process closes any descriptor of it; so the property is asked before the
 * file is opened. Two copies of this class, in two class loaders, share property and monitor.
 */
final class JournalLock implements Closeable {
  private static final String PREFIX = "dmalloc.journal.open.";

  /** Who looks whether a journal was left over holds the lock for a moment. */
  private static final Duration TIMEOUT = Duration.ofMillis(100);

  private final String property;
  private final FileChannel channel;
  private boolean closed;

  private JournalLock(String property, FileChannel channel) {
    this.property = property;
    this.channel = channel;
  }

  /** Takes the lock, or throws and names who has it. */
  static JournalLock take(String operation, Path file, String holder) throws IOException {
    long start = System.nanoTime();
    while (true) {
      JournalLock lock = attempt(operation, file, holder);
      if (lock != null) {
        return lock;
      }
      if (System.nanoTime() - start > TIMEOUT.toNanos()) {
        throw JournalErrors.openElsewhere(operation, parent(file), LockHolders.describe(file));
      }
      LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
    }
  }

  /** Null if another process has it. */
  private static @Nullable JournalLock attempt(String operation, Path file, String holder)
      throws IOException {
    String property = property(file);
    synchronized (property.intern()) {
      String other = System.getProperty(property);
      if (other != null) {
        throw JournalErrors.openElsewhere(operation, parent(file), "in this JVM by " + other);
      }
      FileChannel channel =
          ChannelJournalDisk.call(
              () ->
                  ChannelJournalDisk.openChannel(
                      file, StandardOpenOption.READ, StandardOpenOption.WRITE));
      boolean taken = false;
      try {
        taken = tryLock(channel) && property.equals(property(file));
        if (taken) {
          System.setProperty(property, holder);
        }
        return taken ? new JournalLock(property, channel) : null;
      } finally {
        if (!taken) {
          channel.close();
        }
      }
    }
  }

  private static boolean tryLock(FileChannel channel) throws IOException {
    try {
      return ChannelJournalDisk.call(channel::tryLock) != null;
    } catch (OverlappingFileLockException e) {
      return false; // by code that knows nothing of the property
    }
  }

  /** Whether somebody has the journal open, here or elsewhere. */
  static boolean isHeld(Path file) throws IOException {
    try (JournalLock lock = attempt("examine", file, "an examination")) {
      return lock == null;
    } catch (JournalErrors.OpenElsewhere e) {
      return true;
    }
  }

  private static String property(Path file) throws IOException {
    Object key =
        Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
    return PREFIX + (key != null ? key : file.toRealPath());
  }

  private static Path parent(Path file) {
    Path parent = file.getParent();
    return parent == null ? file : parent;
  }

  @Override
  public void close() throws IOException {
    synchronized (property.intern()) {
      if (!closed) {
        closed = true;
        System.clearProperty(property);
        channel.close();
      }
    }
  }
}
