/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.LockHolders;
import org.dmalloc.spi.store.OpenFiles.Entry;
import org.jspecify.annotations.Nullable;

/**
 * An open file that others are held off from: in this JVM by an entry in {@link OpenFiles}, in
 * other processes by a lock on the whole file. Shared holders in one JVM lean on the lock of the
 * first of them, which outlives it. A file without a name needs neither: nobody else can open it.
 */
final class LockedFile implements AutoCloseable {
  /** A listing in another process holds a lock for a moment; a real holder keeps it longer. */
  private static final Duration TIMEOUT = Duration.ofMillis(100);

  /** A descriptor that {@link OpenFiles} kept is closed by a thread that must get a processor. */
  private static final Duration KEEPER_TIMEOUT = Duration.ofSeconds(10);

  private final FileChannel channel;
  private final Closeable end;

  /** Of the file that it is a part of; null for a file of its own. */
  private final @Nullable ChannelDisk shared;

  private volatile Path path;

  /** Null for none. */
  private @Nullable List<Closeable> attached;

  private @Nullable Registration registration;
  private @Nullable FileChannel direct;
  private boolean closed;

  /** What others in this JVM are told of a file that has a name. */
  private record Registration(FileIdentity identity, Entry entry) {}

  private LockedFile(
      FileChannel channel,
      Path path,
      @Nullable Registration registration,
      Closeable end,
      @Nullable ChannelDisk shared) {
    this.channel = channel;
    this.path = path;
    this.registration = registration;
    this.end = end;
    this.shared = shared;
  }

  /** Takes over a file that has no name any more; the path is that which it had. */
  static LockedFile unnamed(FileChannel channel, Path path) {
    return new LockedFile(channel, path, null, channel, null);
  }

  /** A part of such a file. Closing it closes {@code end}, and the channel stays open. */
  LockedFile part(Closeable partEnd, ChannelDisk disk) {
    return new LockedFile(channel, path, null, partEnd, disk);
  }

  /** Opens and locks what the path names, or throws {@link NoSuchFileException}. */
  static LockedFile open(String operation, Path path, OpenMode mode, String holder)
      throws IOException {
    return open(operation, path, mode, holder, TIMEOUT);
  }

  static LockedFile open(
      String operation, Path path, OpenMode mode, String holder, Duration timeout)
      throws IOException {
    long start = System.nanoTime();
    while (true) {
      boolean kept = false;
      synchronized (OpenFiles.pathMonitor(path)) {
        FileIdentity identity = FileIdentity.of(path);
        synchronized (OpenFiles.monitor(identity)) {
          List<Entry> holders = OpenFiles.entries(identity);
          if (mode.exclusive() ? !holders.isEmpty() : holders.stream().anyMatch(Entry::exclusive)) {
            throw StoreErrors.openElsewhere(operation, path, OpenFiles.describe(holders));
          }
          try {
            LockedFile opened = tryOpen(path, identity, mode, holder, !holders.isEmpty());
            if (opened != null) {
              return opened;
            }
          } catch (OverlappingFileLockException e) {
            kept = !timeout.isZero();
          }
        }
      }
      Duration limit = kept ? KEEPER_TIMEOUT : timeout;
      if (System.nanoTime() - start > limit.toNanos()) {
        throw StoreErrors.openElsewhere(operation, path, LockHolders.describe(path));
      }
      LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
    }
  }

  /** Null if the lock is held, or if the path names another file by now. */
  private static @Nullable LockedFile tryOpen(
      Path path, FileIdentity identity, OpenMode mode, String holder, boolean joining)
      throws IOException {
    FileChannel channel = FileIdentity.open(path, mode.writable());
    Entry entry = Entry.create(mode.exclusive(), holder);
    LockedFile opened =
        new LockedFile(channel, path, new Registration(identity, entry), channel, null);
    boolean done = false;
    try {
      done =
          (joining || tryLock(channel, mode.exclusive())) && FileIdentity.matches(path, identity);
      if (done) {
        OpenFiles.put(identity, entry);
      }
      return done ? opened : null;
    } finally {
      if (!done) {
        opened.close();
      }
    }
  }

  /** Tries to lock the whole file, here never waiting and never minding an interrupt. */
  static boolean lock(FileChannel channel, boolean exclusive) throws IOException {
    try {
      return tryLock(channel, exclusive);
    } catch (OverlappingFileLockException e) {
      // A descriptor that OpenFiles kept is about to be closed.
      return false;
    }
  }

  private static boolean tryLock(FileChannel channel, boolean exclusive) throws IOException {
    return channel.tryLock(0, Long.MAX_VALUE, !exclusive) != null;
  }

  /** The path; the one that it was opened by, until {@link #renamed} tells another. */
  Path path() {
    return path;
  }

  void renamed(Path newPath) {
    path = newPath;
  }

  /**
   * Another descriptor, for writes past the page cache of {@link ChannelDisk#DIRECT_BYTES} each;
   * null if the file system or Java has no such writes, or if the path does not name the file.
   */
  synchronized @Nullable FileChannel direct() throws IOException {
    FileIdentity file = fileOrNull();
    if (direct == null && !closed && file != null && FileIdentity.matches(path, file)) {
      try {
        if (ChannelDisk.DIRECT_BYTES % Files.getFileStore(path).getBlockSize() == 0) {
          direct = DirectFiles.open(path, file, StandardOpenOption.WRITE, this::attach);
        }
      } catch (UnsupportedOperationException e) {
        return null;
      } catch (IOException e) {
        if (Errno.of(e) != Errno.EINVAL) {
          throw e;
        }
      }
    }
    return direct;
  }

  /** The file itself; null if it never had a name. */
  synchronized @Nullable FileIdentity fileOrNull() {
    return registration == null ? null : registration.identity;
  }

  /** The file itself, whatever its path is by now; it must have had a name. */
  synchronized FileIdentity identity() {
    return Objects.requireNonNull(registration).identity;
  }

  ChannelDisk disk() {
    return shared == null ? ChannelDisk.of(this) : shared;
  }

  FileChannel channel() {
    return channel;
  }

  /** Leaves another descriptor of the same file to be closed together with this one. */
  synchronized void attach(Closeable descriptor) {
    List<Closeable> all = attached == null ? new ArrayList<>() : attached;
    all.add(descriptor);
    attached = all;
  }

  synchronized boolean isClosed() {
    return closed;
  }

  /** Changes what others in this JVM are told about this holder. */
  synchronized void describe(UnaryOperator<Entry> change) {
    Registration now = registration;
    if (!closed && now != null) {
      synchronized (OpenFiles.monitor(now.identity)) {
        registration = new Registration(now.identity, change.apply(now.entry));
        OpenFiles.put(now.identity, registration.entry);
      }
    }
  }

  @Override
  public synchronized void close() throws IOException {
    if (!closed) {
      closed = true;
      List<Closeable> descriptors = new ArrayList<>(List.of(end));
      if (attached != null) {
        descriptors.addAll(attached);
      }
      if (registration == null) {
        OpenFiles.close(descriptors);
      } else {
        OpenFiles.release(registration.identity, registration.entry, descriptors);
      }
    }
  }
}
