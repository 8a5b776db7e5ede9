/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.sharing;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionMembers;
import org.jspecify.annotations.Nullable;

/**
 * One user's part in its process's membership of a file that has no name. The process is one member
 * ({@link MemberLocks}), however many regions in it show the file, and stays it until the last of
 * them is gone: so the descriptors of those that end before are kept until then.
 *
 * <p>Two versions of this bundle, or two frameworks, have a copy of this class each. So the users
 * are noted in the system properties, as strings, and the monitors are interned strings, which all
 * class loaders share.
 *
 * <p><b>Threads.</b> All methods may be called from any thread.
 */
public final class Membership implements RegionMembers {
  private static final String PREFIX = "dmalloc.member.";

  /** Tells the users of this class loader's copy from those of others. */
  private static final String LOADER = UUID.randomUUID().toString();

  /** Descriptors that wait until the last user of their file in this process is gone. */
  private static final Map<String, List<Closeable>> KEPT = new ConcurrentHashMap<>();

  private final String file;
  private final String user = LOADER + '/' + UUID.randomUUID();
  private final MemberLocks locks;
  private final List<Closeable> descriptors;

  /** Keeps all others out; null while nobody is kept out. Guarded by the file's monitor. */
  private @Nullable Hold exclusion;

  /** How many keep others out; guarded by the file's monitor. */
  private int excluders;

  private Membership(String file, MemberLocks locks, List<? extends Closeable> descriptors) {
    this.file = file;
    this.locks = locks;
    this.descriptors = List.copyOf(descriptors);
  }

  /**
   * Held around every open and close of a descriptor of the file.
   *
   * @param file tells the file from all others that are open, by device and inode
   */
  public static Object monitor(String file) {
    return (PREFIX + file).intern();
  }

  /**
   * Makes a user of this process a member, or one more user of the member that it is; empty if
   * another process, or another user in this one, keeps all others out. Called under {@link
   * #monitor}.
   *
   * @param channel what locks go through
   * @param path where the channel's file is, for messages
   * @param descriptors all that this user has of the file, the channel too: they are closed when
   *     the last user in this process is gone, and stay the caller's if this fails
   */
  public static Optional<Membership> join(
      String file, FileChannel channel, Path path, List<? extends Closeable> descriptors)
      throws IOException {
    Users users = Users.of(file);
    if (users.excluded()) {
      return Optional.empty();
    }
    Optional<MemberLocks> locks =
        users.names.isEmpty()
            ? MemberLocks.join(channel, path)
            : Optional.of(MemberLocks.sharing(channel, path, users.number));
    return locks.map(
        found -> {
          Membership made = new Membership(file, found, descriptors);
          users.with(made.user, found.self()).store(file);
          return made;
        });
  }

  /**
   * Closes descriptors of the file, with the last user of it in this process if there is one.
   * Called under {@link #monitor}.
   */
  public static void leave(String file, List<? extends Closeable> descriptors) throws IOException {
    Users users = Users.of(file);
    KEPT.computeIfAbsent(file, f -> new ArrayList<>()).addAll(descriptors);
    if (users.names.isEmpty()) {
      closeKept(file);
    } else if (users.names.stream().noneMatch(each -> each.startsWith(LOADER))) {
      keepUntilLast(file);
    }
  }

  /** Ends this user's part; ending it again does nothing. */
  public void end() throws IOException {
    Object monitor = monitor(file);
    synchronized (monitor) {
      Users users = Users.of(file);
      if (users.names.contains(user)) {
        users.without(user).store(file);
        leave(file, descriptors);
        monitor.notifyAll();
      }
    }
  }

  /**
   * Waits, in a thread of its own, until users that other class loaders brought have gone. Were the
   * descriptors left to the garbage collector instead, a bundle that is uninstalled would drop the
   * locks of those that stay.
   */
  private static void keepUntilLast(String file) {
    Object monitor = monitor(file);
    Thread.ofPlatform()
        .daemon()
        .name("dmalloc keeps " + file)
        .start(
            () -> {
              synchronized (monitor) {
                while (!Users.of(file).names.isEmpty()) {
                  try {
                    monitor.wait();
                  } catch (InterruptedException e) {
                    // Nobody has a reason to interrupt this thread, and giving up would unlock.
                  }
                }
                try {
                  closeKept(file);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }
            });
  }

  private static void closeKept(String file) throws IOException {
    List<Closeable> kept = KEPT.remove(file);
    if (kept == null) {
      return; // closed by one who came before
    }
    IOException failure = null;
    for (Closeable descriptor : kept) {
      try {
        descriptor.close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  // --- RegionMembers ---

  @Override
  public int self() {
    return locks.self();
  }

  @Override
  public boolean isAlive(int member) throws MemoryException {
    return locks.isAlive(member);
  }

  @Override
  public List<Long> processes() {
    return locks.processes();
  }

  @Override
  public Optional<Hold> tryHold(String what) throws MemoryException {
    return locks.tryHold(what);
  }

  /**
   * Also empty if another region of this process shows the file. Those who keep others out by this
   * one do so together, until the last has ended that.
   */
  @Override
  public Optional<Hold> tryExclude() throws MemoryException {
    synchronized (monitor(file)) {
      Users users = Users.of(file);
      if (!users.names.equals(List.of(user))) {
        return Optional.empty();
      }
      if (exclusion == null) {
        exclusion = locks.tryExclude().orElse(null);
        if (exclusion == null) {
          return Optional.empty();
        }
        users.excludedBy(user).store(file);
      }
      excluders++;
      return Optional.of(new Excluder());
    }
  }

  private void admit() throws MemoryException {
    Hold last = exclusion;
    excluders--;
    if (excluders == 0 && last != null) {
      exclusion = null;
      Users.of(file).excludedBy("").store(file);
      last.close();
    }
  }

  private final class Excluder implements Hold {
    private boolean ended;

    @Override
    public void close() throws MemoryException {
      synchronized (monitor(file)) {
        if (!ended) {
          ended = true;
          admit();
        }
      }
    }
  }

  /**
   * Who in this process uses a file.
   *
   * @param number the process's number as a member; 0 while it is none
   * @param exclusive the one who keeps all others out; empty if nobody does
   */
  private record Users(int number, String exclusive, List<String> names) {
    private static final Users NONE = new Users(0, "", List.of());

    static Users of(String file) {
      @Nullable String line = System.getProperty(PREFIX + file);
      if (line == null) {
        return NONE;
      }
      String[] parts = line.split(" ", -1);
      return new Users(
          Integer.parseInt(parts[0]), parts[1], List.of(parts).subList(2, parts.length));
    }

    boolean excluded() {
      return !exclusive.isEmpty();
    }

    Users with(String name, int newNumber) {
      List<String> more = new ArrayList<>(names);
      more.add(name);
      return new Users(newNumber, exclusive, more);
    }

    Users without(String name) {
      List<String> fewer = names.stream().filter(each -> !each.equals(name)).toList();
      return new Users(number, exclusive.equals(name) ? "" : exclusive, fewer);
    }

    Users excludedBy(String name) {
      return new Users(number, name, names);
    }

    void store(String file) {
      if (names.isEmpty()) {
        System.clearProperty(PREFIX + file);
      } else {
        String all = String.join(" ", names);
        System.setProperty(PREFIX + file, number + " " + exclusive + " " + all);
      }
    }
  }

  @Override
  public String toString() {
    return locks.toString();
  }
}
