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
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.LockHolders;
import org.dmalloc.spi.sharing.MemberLocks;
import org.dmalloc.spi.store.OpenFiles.Entry;
import org.jspecify.annotations.Nullable;

/**
 * An open file that others are held off from: in this JVM by an entry in {@link OpenFiles}, in
 * other processes by a lock on the whole file, or on a member's byte. Shared holders in one JVM
 * lean on the lock of the first of them, which outlives it, and are one member. A file without a
 * name needs neither: nobody else can open it.
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

  /** This process as a member; null if it is none. */
  private volatile @Nullable MemberLocks member;

  /** Null for none. */
  private @Nullable List<Closeable> attached;

  private @Nullable Registration registration;
  private @Nullable FileChannel direct;
  private boolean closed;

  /** What others in this JVM are told of a file that has a name. */
  private record Registration(FileIdentity identity, Entry entry) {}

  /** Keeps the lock as long as the descriptor, which may outlive this. */
  private record Descriptor(Closeable descriptor, @Nullable MemberLocks member)
      implements Closeable {
    @Override
    public void close() throws IOException {
      descriptor.close();
    }
  }

  private LockedFile(
      FileChannel channel,
      Path path,
      @Nullable Registration registration,
      @Nullable MemberLocks member,
      Closeable end,
      @Nullable ChannelDisk shared) {
    this.channel = channel;
    this.path = path;
    this.member = member;
    this.registration = registration;
    this.end = end;
    this.shared = shared;
  }

  /** Takes over a file that has no name any more; the path is that which it had. */
  static LockedFile unnamed(FileChannel channel, Path path) {
    return new LockedFile(channel, path, null, null, channel, null);
  }

  /** A part of such a file. Closing it closes {@code end}, and the channel stays open. */
  LockedFile part(Closeable partEnd, ChannelDisk disk) {
    return new LockedFile(channel, path, null, null, partEnd, disk);
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
    boolean kept = false;
    while (true) {
      Duration limit = kept ? KEEPER_TIMEOUT : timeout;
      boolean last = System.nanoTime() - start >= limit.toNanos();
      synchronized (OpenFiles.pathMonitor(path)) {
        FileIdentity identity = FileIdentity.of(path);
        synchronized (OpenFiles.monitor(identity)) {
          List<Entry> holders = OpenFiles.entries(identity);
          if (!agrees(mode, holders)) {
            throw StoreErrors.openElsewhere(
                operation, path, OpenFiles.describe(holders), holders.getFirst().isMember(), mode);
          }
          try {
            LockedFile opened =
                new Opener(operation, path, identity, mode, holder).open(holders, last);
            if (opened != null) {
              return opened;
            }
            kept = false;
          } catch (OverlappingFileLockException e) {
            if (last) {
              throw StoreErrors.openElsewhere(
                  operation, path, LockHolders.describe(path), false, mode);
            }
            kept = true;
          }
        }
      }
      LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
    }
  }

  /** Whether one can join those who have the file open in this JVM. */
  private static boolean agrees(OpenMode mode, List<Entry> holders) {
    return mode.exclusive()
        ? holders.isEmpty()
        : holders.stream()
            .noneMatch(each -> each.exclusive() || each.isMember() != mode.isMember());
  }

  /** Opens a file for somebody. Its monitors are held. */
  private record Opener(
      String operation, Path path, FileIdentity identity, OpenMode mode, String holder) {
    /**
     * Null if the lock is held, or if the path names another file by now.
     *
     * @param last whether to throw in place of that
     */
    @Nullable LockedFile open(List<Entry> holders, boolean last) throws IOException {
      FileChannel channel = FileIdentity.open(path, mode.writable());
      boolean done = false;
      try {
        MemberLocks member = mode.isMember() ? member(channel, holders) : null;
        boolean locked =
            mode.isMember()
                ? member != null
                : !holders.isEmpty() || tryLock(channel, mode.exclusive());
        if (locked && FileIdentity.matches(path, identity)) {
          Entry entry = Entry.create(mode.exclusive(), member == null ? 0 : member.self(), holder);
          OpenFiles.put(identity, entry);
          done = true;
          return new LockedFile(
              channel, path, new Registration(identity, entry), member, channel, null);
        }
        if (last) {
          boolean members = !locked && MemberLocks.isContentFree(channel, mode.writable());
          throw StoreErrors.openElsewhere(
              operation, path, LockHolders.describe(path), members, mode);
        }
        return null;
      } finally {
        if (!done) {
          OpenFiles.leave(identity, channel);
        }
      }
    }

    /** This process as the member that it is already, or is from now on; null if that failed. */
    private @Nullable MemberLocks member(FileChannel channel, List<Entry> holders)
        throws IOException {
      if (holders.isEmpty()) {
        MemberLocks.requireNoneHere(channel); // which OpenFiles is about to close
        return MemberLocks.tryJoin(channel, path).orElse(null);
      }
      MemberLocks same = MemberLocks.sharing(channel, path, holders.getFirst().member());
      return same.isExcluded() ? null : same;
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

  synchronized void renamed(Path newPath) {
    path = newPath;
    MemberLocks before = member;
    if (before != null) {
      member = before.at(newPath);
    }
  }

  /** This process as a member; null if it is none. */
  @Nullable MemberLocks member() {
    return member;
  }

  /**
   * Keeps all others out who could join: other processes, and openers in this one. Empty if the
   * file is open elsewhere.
   */
  Optional<RegionMembers.Hold> tryExclude() throws MemoryException {
    FileIdentity file = identity();
    synchronized (OpenFiles.monitor(file)) { // who joins in this JVM asks under it
      return OpenFiles.entries(file).size() > 1
          ? Optional.empty()
          : Objects.requireNonNull(member).tryExclude();
    }
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
      List<Closeable> descriptors = new ArrayList<>(List.of(new Descriptor(end, member)));
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
