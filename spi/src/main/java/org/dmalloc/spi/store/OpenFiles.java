/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.SnapshotOrigin;
import org.jspecify.annotations.Nullable;

/**
 * The holders of open store files in this JVM, across class loaders: two versions of this bundle,
 * or two frameworks, have a copy of this class each, so the entries are strings in the system
 * properties, and the monitors are interned strings, which all class loaders share.
 *
 * <p>It is needed because POSIX record locks belong to the process: they do not hold off the same
 * process, and all of them on a file vanish as soon as the process closes <i>any</i> descriptor of
 * it. Hence two rules. Nobody opens a store file before asking here, under {@link #monitor}. And a
 * descriptor is kept until the JVM has the file open no more.
 */
final class OpenFiles {
  private static final String PREFIX = "dmalloc.store.open.";

  /** Tells the entries of this class loader's copy from those of others. */
  private static final String LOADER = UUID.randomUUID().toString();

  /** Descriptors that wait until the last holder of their file in this JVM is gone. */
  private static final Map<FileIdentity, List<Closeable>> KEPT = new ConcurrentHashMap<>();

  private OpenFiles() {}

  /**
   * One holder of a file.
   *
   * @param token tells this entry from all others; begins with the class loader's mark
   * @param exclusive whether it holds off everybody else
   * @param member its number as a member, which all members in this JVM share; 0 if it is none
   * @param byteSize the region's size; 0 while it is not known yet
   * @param length how many of its bytes are in use
   * @param createdAtMillis when the region was allocated
   * @param snapshot what it is a snapshot of; null if it is none
   * @param holder its name in messages
   */
  record Entry(
      String token,
      boolean exclusive,
      int member,
      long byteSize,
      long length,
      long createdAtMillis,
      @Nullable SnapshotOrigin snapshot,
      String holder) {
    private static final String EXCLUSIVE = "exclusive";
    private static final String MEMBER = "member,";

    Entry {
      // One line each, so no line ends inside.
      holder = holder.replaceAll("\\p{Cntrl}", " ");
    }

    static Entry create(boolean exclusive, int member, String holder) {
      return new Entry(LOADER + '/' + UUID.randomUUID(), exclusive, member, 0, 0, 0, null, holder);
    }

    boolean isMember() {
      return member != 0;
    }

    Entry describing(
        long newByteSize, long newLength, Instant createdAt, @Nullable SnapshotOrigin origin) {
      return new Entry(
          token,
          exclusive,
          member,
          newByteSize,
          newLength,
          createdAt.toEpochMilli(),
          origin,
          holder);
    }

    Entry heldBy(String newHolder) {
      return new Entry(
          token, exclusive, member, byteSize, length, createdAtMillis, snapshot, newHolder);
    }

    private boolean ofThisLoader() {
      return token.startsWith(LOADER);
    }

    private String line() {
      return String.join(
          " ",
          token,
          mode(),
          Long.toString(byteSize),
          Long.toString(length),
          Long.toString(createdAtMillis),
          holder);
    }

    /**
     * Of a member or a snapshot more than the one word; who does not know that takes it for shared.
     */
    private String mode() {
      if (isMember()) {
        return MEMBER + member;
      }
      if (exclusive || snapshot == null) {
        return exclusive ? EXCLUSIVE : "shared";
      }
      String region = snapshot.region() == null ? "" : RegionFileName.of(snapshot.region());
      return "snapshot," + snapshot.takenAt().toEpochMilli() + ',' + region;
    }

    private static int member(String mode) {
      return mode.startsWith(MEMBER) ? Integer.parseInt(mode.substring(MEMBER.length())) : 0;
    }

    private static @Nullable SnapshotOrigin origin(String mode) {
      String[] parts = mode.split(",", 3);
      return parts.length < 3
          ? null
          : new SnapshotOrigin(
              RegionFileName.parse(parts[2]).orElse(null),
              Instant.ofEpochMilli(Long.parseLong(parts[1])));
    }

    private static Entry parse(String line) {
      String[] parts = line.split(" ", 6);
      return new Entry(
          parts[0],
          parts[1].equals(EXCLUSIVE),
          member(parts[1]),
          Long.parseLong(parts[2]),
          Long.parseLong(parts[3]),
          Long.parseLong(parts[4]),
          origin(parts[1]),
          parts[5]);
    }
  }

  /** Held around every read of a file's entries and every open and close of it. */
  static Object monitor(FileIdentity file) {
    return property(file).intern();
  }

  /** Held while a path is made to name another file or none; taken before {@link #monitor}. */
  static Object pathMonitor(Path file) throws IOException {
    Path directory = Objects.requireNonNull(file.getParent()).toRealPath();
    return ("dmalloc.store.path." + directory.resolve(file.getFileName())).intern();
  }

  static String describe(List<Entry> entries) {
    return "in this JVM by " + String.join(", ", entries.stream().map(Entry::holder).toList());
  }

  static List<Entry> entries(FileIdentity file) {
    String value = System.getProperty(property(file));
    return value == null ? List.of() : value.lines().map(Entry::parse).toList();
  }

  /** Adds the entry, or replaces the one with its token. */
  static void put(FileIdentity file, Entry entry) {
    List<Entry> entries = new ArrayList<>(entries(file));
    entries.removeIf(e -> e.token.equals(entry.token));
    entries.add(entry);
    store(file, entries);
  }

  /** Removes the entry; closes its descriptors when the last entry of the file has gone. */
  static void release(FileIdentity file, Entry entry, List<Closeable> descriptors)
      throws IOException {
    synchronized (monitor(file)) {
      List<Entry> left = new ArrayList<>(entries(file));
      left.removeIf(e -> e.token.equals(entry.token));
      store(file, left);
      KEPT.computeIfAbsent(file, f -> new ArrayList<>()).addAll(descriptors);
      if (left.isEmpty()) {
        closeKept(file);
        monitor(file).notifyAll();
      } else if (left.stream().noneMatch(Entry::ofThisLoader)) {
        keepUntilLast(file);
      }
    }
  }

  /**
   * Closes a descriptor of a file, with the last holder of it in this JVM if there is one. Called
   * under the file's {@link #monitor}.
   */
  static void leave(FileIdentity file, Closeable descriptor) throws IOException {
    List<Entry> holders = entries(file);
    if (holders.isEmpty()) {
      descriptor.close();
      return;
    }
    KEPT.computeIfAbsent(file, f -> new ArrayList<>()).add(descriptor);
    if (holders.stream().noneMatch(Entry::ofThisLoader)) {
      keepUntilLast(file);
    }
  }

  /**
   * Waits, in a thread of its own, until holders that other class loaders brought have gone. Were
   * the descriptors left to the garbage collector instead, a bundle that is uninstalled would drop
   * the locks of those that stay.
   */
  private static void keepUntilLast(FileIdentity file) {
    Thread.ofPlatform()
        .daemon()
        .name("dmalloc store keeps " + file.key())
        .start(
            () -> {
              synchronized (monitor(file)) {
                while (!entries(file).isEmpty()) {
                  try {
                    monitor(file).wait();
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

  private static void closeKept(FileIdentity file) throws IOException {
    List<Closeable> kept = KEPT.remove(file);
    close(kept == null ? List.of() : kept);
  }

  /** Closes all; throws the first failure, with the others. */
  static void close(List<Closeable> descriptors) throws IOException {
    IOException failure = null;
    for (Closeable descriptor : descriptors) {
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

  private static void store(FileIdentity file, List<Entry> entries) {
    if (entries.isEmpty()) {
      System.clearProperty(property(file));
    } else {
      System.setProperty(
          property(file), String.join("\n", entries.stream().map(Entry::line).toList()));
    }
  }

  private static String property(FileIdentity file) {
    return PREFIX + file.key();
  }
}
