/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.sharing;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.spi.machine.LockHolders;
import org.jspecify.annotations.Nullable;

/**
 * Members of a shared file, by record locks on bytes far behind its content. A process has its own
 * byte exclusively, at an offset that is drawn at random, so that no number is given twice. Whoever
 * locks the whole file, as an opener does that shares it with nobody, excludes all members and is
 * excluded by each.
 *
 * <p>Record locks belong to the process. All on a file vanish when it closes <i>any</i> descriptor
 * of it, so descriptors have to stay until the last user in the process is gone; and two users in
 * one process do not hold each other off, so they are one member, {@linkplain #sharing by the
 * number} of the first.
 *
 * <p><b>Ownership.</b> The channel stays the caller's, and is closed when nothing here is used any
 * more. It has to be writable, and to survive interrupts: none of the calls here blocks.
 */
public final class MemberLocks implements RegionMembers {
  private static final long NUMBERS = 1L << 31;

  /** The byte of member 0, whom there is not. */
  private static final long MEMBERS = 1L << 62;

  /** The bytes of named locks: beside the members, so that these can be excluded as one range. */
  private static final long HOLDS = MEMBERS + NUMBERS;

  private static final long NAMES = 1L << 32;

  /** Somebody asks about a lock for a moment; a real holder keeps it longer. */
  private static final Duration ASKING = Duration.ofMillis(100);

  private static final SecureRandom RANDOM = new SecureRandom();

  private final FileChannel channel;
  private final Path file;
  private final int self;

  /**
   * Kept, as Java forgets a lock that nobody refers to, and would not tell another user in this
   * process of it; null for one of another channel.
   */
  private final @Nullable FileLock own;

  private MemberLocks(FileChannel channel, Path file, int self, @Nullable FileLock own) {
    this.channel = channel;
    this.file = file;
    this.self = self;
    this.own = own;
  }

  /**
   * Makes this process a member; empty if another process keeps members out.
   *
   * @param file where the channel's file is, for messages
   */
  public static Optional<MemberLocks> join(FileChannel channel, Path file) throws IOException {
    long start = System.nanoTime();
    do {
      try {
        Optional<MemberLocks> joined = tryJoin(channel, file);
        if (joined.isPresent()) {
          return joined;
        }
      } catch (OverlappingFileLockException e) {
        // Another user in this process has the file locked.
      }
      LockSupport.parkNanos(1_000_000);
    } while (System.nanoTime() - start < ASKING.toNanos());
    return Optional.empty();
  }

  /**
   * Like {@link #join}, and asks once.
   *
   * @throws OverlappingFileLockException if another user in this process has the file locked
   */
  public static Optional<MemberLocks> tryJoin(FileChannel channel, Path file) throws IOException {
    int number = 1 + RANDOM.nextInt((int) (NUMBERS - 2));
    FileLock own = channel.tryLock(MEMBERS + number, 1, false);
    return own == null
        ? Optional.empty()
        : Optional.of(new MemberLocks(channel, file, number, own));
  }

  /**
   * Throws if another channel of this process is a member's still: when that is closed, the locks
   * of all others go with its.
   *
   * @throws OverlappingFileLockException if so
   */
  public static void requireNoneHere(FileChannel channel) throws IOException {
    FileLock all = channel.tryLock(MEMBERS, NUMBERS, true);
    if (all != null) {
      all.release();
    }
  }

  /** The member that this process is already, by another channel of the same file. */
  public static MemberLocks sharing(FileChannel channel, Path file, int number) {
    return new MemberLocks(channel, file, number, null);
  }

  /** The same member, whose file has another path. */
  public MemberLocks at(Path path) {
    return new MemberLocks(channel, path, self, own);
  }

  /**
   * Whether nobody has the content locked, as an opener does who shares it with nobody: then who
   * keeps the caller off is a member.
   *
   * @param exclusive whether to ask for an exclusive lock, which needs a writable channel
   */
  public static boolean isContentFree(FileChannel channel, boolean exclusive) throws IOException {
    try {
      FileLock probe = channel.tryLock(0, MEMBERS, !exclusive);
      if (probe != null) {
        probe.release();
      }
      return probe != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /** Whether another user in this process keeps new members out ({@link #tryExclude}). */
  public boolean isExcluded() throws MemoryException {
    return !probe(MEMBERS, false);
  }

  /** Whether the byte can be locked, which it is for no longer than that. */
  private boolean probe(long position, boolean shared) throws MemoryException {
    return call(
        () -> {
          FileLock probe = tryLock(channel, position, 1, shared);
          if (probe != null) {
            probe.release();
          }
          return probe != null;
        });
  }

  @Override
  public int self() {
    return self;
  }

  @Override
  public boolean isAlive(int member) throws MemoryException {
    if (member <= 0) {
      throw new IllegalArgumentException("member " + member + "; numbers are positive");
    }
    if (member == self) {
      return true;
    }
    return !probe(MEMBERS + member, true);
  }

  @Override
  public List<Long> processes() {
    long own = ProcessHandle.current().pid();
    return LockHolders.pids(file).stream().filter(pid -> pid != own).toList();
  }

  @Override
  public Optional<Hold> tryHold(String what) throws MemoryException {
    CRC32C name = new CRC32C();
    name.update(what.getBytes(StandardCharsets.UTF_8));
    return call(
        () -> {
          FileLock lock = tryLock(channel, HOLDS + name.getValue() % NAMES, 1, false);
          return lock == null ? Optional.empty() : Optional.of(new Held(List.of(lock)));
        });
  }

  @Override
  public Optional<Hold> tryExclude() throws MemoryException {
    return call(
        () -> {
          List<FileLock> locks = new ArrayList<>();
          boolean done = false;
          try {
            done =
                add(tryLock(channel, MEMBERS, self, false), locks)
                    && add(tryLock(channel, MEMBERS + self + 1, NUMBERS - self - 1, false), locks);
            return done ? Optional.of(new Held(locks)) : Optional.empty();
          } finally {
            if (!done) {
              release(locks);
            }
          }
        });
  }

  private static boolean add(@Nullable FileLock lock, List<FileLock> to) {
    return lock != null && to.add(lock);
  }

  /**
   * Null if another process has a part of it locked, or another user in this one has, after a time
   * in which somebody who only asks would be gone.
   */
  private static @Nullable FileLock tryLock(
      FileChannel channel, long position, long size, boolean shared) throws IOException {
    long start = System.nanoTime();
    while (true) {
      try {
        return channel.tryLock(position, size, shared);
      } catch (OverlappingFileLockException e) {
        if (System.nanoTime() - start > ASKING.toNanos()) {
          return null;
        }
        LockSupport.parkNanos(50_000);
      }
    }
  }

  /** Locks that are released once, in the order in which they were taken. */
  private final class Held implements Hold {
    private final List<FileLock> locks;

    Held(List<FileLock> locks) {
      this.locks = new ArrayList<>(locks);
    }

    @Override
    public synchronized void close() throws MemoryException {
      call(
          () -> {
            release(locks);
            return true;
          });
    }
  }

  private static void release(List<FileLock> locks) throws IOException {
    while (!locks.isEmpty()) {
      FileLock last = locks.removeLast();
      try {
        last.release();
      } catch (ClosedChannelException e) {
        // The kernel has released it with the file.
      }
    }
  }

  @FunctionalInterface
  private interface Call<T> {
    T call() throws IOException;
  }

  private <T> T call(Call<T> call) throws MemoryException {
    try {
      return call.call();
    } catch (ClosedChannelException e) {
      throw new IllegalStateException("the region that shares " + file + " is closed", e);
    } catch (IOException e) {
      throw MemoryException.of(
          "lock",
          -1,
          file.toString(),
          String.valueOf(e.getMessage()),
          MemoryException.NO_ERRNO,
          "the file system has to have record locks (fcntl)",
          e);
    }
  }

  @Override
  public String toString() {
    return "member " + self + " of " + file;
  }
}
