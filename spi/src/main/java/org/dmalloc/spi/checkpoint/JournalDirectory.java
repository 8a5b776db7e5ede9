/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * The directory of a journal, {@code <32 hexadecimal digits>.journal} in its store: the files
 * {@code group}, {@code 0} and {@code 1}, and {@code lock}. Until it is whole, and when it is being
 * deleted, it has a name that no journal has, so that a journal is there with all of its files or
 * not at all.
 */
final class JournalDirectory implements JournalFiles {
  static final String SUFFIX = ".journal";
  private static final String UNFINISHED_PREFIX = ".dmalloc-";
  private static final String UNFINISHED_SUFFIX = ".unfinished";
  private static final String LOCK = "lock";
  private static final int ID_DIGITS = 32;

  private final Closeable lock;
  private final ChannelJournalDisk group;
  private final List<ChannelJournalDisk> slots;
  private Path path;

  private JournalDirectory(
      Path path, Closeable lock, ChannelJournalDisk group, List<ChannelJournalDisk> slots) {
    this.path = path;
    this.lock = lock;
    this.group = group;
    this.slots = slots;
  }

  static Path path(Path store, UUID id) {
    return store.resolve(digits(id) + SUFFIX);
  }

  private static String digits(UUID id) {
    return id.toString().replace("-", "");
  }

  /** The journal that a name in a store's directory denotes; empty if it is no journal's. */
  static Optional<UUID> id(Path directory) {
    String name = String.valueOf(directory.getFileName());
    if (name.length() != ID_DIGITS + SUFFIX.length()
        || !name.endsWith(SUFFIX)
        || !name.equals(name.toLowerCase(Locale.ROOT))) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new UUID(
              HexFormat.fromHexDigitsToLong(name, 0, ID_DIGITS / 2),
              HexFormat.fromHexDigitsToLong(name, ID_DIGITS / 2, ID_DIGITS)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The journals in a store's directory. */
  static List<Path> list(Path store) throws IOException {
    return files(store).stream().filter(file -> id(file).isPresent()).toList();
  }

  private static List<Path> files(Path store) throws IOException {
    try (Stream<Path> files = Files.list(store)) {
      return files.sorted().toList();
    } catch (UncheckedIOException e) {
      throw new IOException(e);
    }
  }

  /** Makes the files under an unfinished name; {@link #publish} gives them the journal's. */
  static JournalDirectory create(Path store, UUID id, String holder) throws IOException {
    Path directory = store.resolve(UNFINISHED_PREFIX + digits(id) + UNFINISHED_SUFFIX);
    Files.createDirectory(directory, mode(directory, "rwx------"));
    try {
      Files.createFile(directory.resolve(LOCK), mode(directory, "rw-------"));
      JournalLock lock = JournalLock.take("create", directory.resolve(LOCK), holder);
      return openFiles(directory, lock, StandardOpenOption.CREATE_NEW);
    } catch (IOException | RuntimeException | Error e) {
      deleteAfter(e, directory);
      throw e;
    }
  }

  /** Opens and locks a journal's files. */
  static JournalDirectory open(Path store, UUID id, String holder) throws IOException {
    Path directory = path(store, id);
    requireNoLink(directory);
    JournalLock lock = JournalLock.take("open", directory.resolve(LOCK), holder);
    return openFiles(directory, lock, StandardOpenOption.CREATE);
  }

  /** Opens what nobody has locked, to read it. */
  static JournalDirectory read(Path directory) throws IOException {
    requireNoLink(directory);
    return openFiles(directory, () -> {}, StandardOpenOption.READ);
  }

  /** A slot that is missing is an empty one; the file of the group must be there. */
  private static JournalDirectory openFiles(
      Path directory, Closeable lock, StandardOpenOption option) throws IOException {
    List<ChannelJournalDisk> opened = new ArrayList<>();
    try {
      Path group = directory.resolve("group");
      boolean made = option == StandardOpenOption.CREATE;
      opened.add(open(group, made ? StandardOpenOption.WRITE : option));
      for (int slot = 0; slot < SLOTS; slot++) {
        opened.add(open(directory.resolve(Integer.toString(slot)), option));
      }
      return new JournalDirectory(
          directory, lock, opened.getFirst(), List.copyOf(opened.subList(1, opened.size())));
    } catch (IOException | RuntimeException | Error e) {
      closeAll(e, opened, lock);
      throw e;
    }
  }

  private static ChannelJournalDisk open(Path file, StandardOpenOption option) throws IOException {
    return option == StandardOpenOption.READ
        ? ChannelJournalDisk.open(file, option)
        : ChannelJournalDisk.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, option);
  }

  private static void closeAll(Throwable cause, List<ChannelJournalDisk> disks, Closeable lock) {
    try (lock) {
      for (ChannelJournalDisk disk : disks) {
        disk.close();
      }
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /** Gives the finished files the journal's name, and waits until the device has it. */
  void publish(Path store, UUID id) throws IOException {
    force(path);
    Path target = path(store, id);
    Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
    path = target;
    force(store);
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public JournalDisk group() {
    return group;
  }

  @Override
  public JournalDisk slot(int index) {
    return slots.get(index);
  }

  @Override
  public void delete() throws IOException {
    Path store = path.toAbsolutePath().getParent();
    Optional<UUID> id = id(path);
    if (store != null && id.isPresent()) {
      // What a crash leaves of it then is no journal, and goes when the store is opened.
      Path going = store.resolve(UNFINISHED_PREFIX + digits(id.get()) + UNFINISHED_SUFFIX);
      Files.move(path, going, StandardCopyOption.ATOMIC_MOVE);
      path = going;
      force(store);
    }
    close();
    deleteTree(path);
  }

  @Override
  public void close() throws IOException {
    try (lock) {
      group.close();
      for (ChannelJournalDisk slot : slots) {
        slot.close();
      }
    }
  }

  /** Deletes what creations and deletions that were cut off have left in a store. */
  static void removeUnfinished(Path store) throws IOException {
    for (Path directory : unfinished(store)) {
      if (!Files.isSymbolicLink(directory)) { // verify tells of it
        removeUnlessHeld(directory);
      }
    }
  }

  /** What creations and deletions have left, those under way included. */
  static List<Path> unfinished(Path store) throws IOException {
    return files(store).stream().filter(JournalDirectory::isUnfinished).toList();
  }

  private static boolean isUnfinished(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.startsWith(UNFINISHED_PREFIX) && name.endsWith(UNFINISHED_SUFFIX);
  }

  private static void removeUnlessHeld(Path directory) throws IOException {
    // Without a lock it was cut off before it had one, or when it had none any more.
    if (!isHeld(directory)) {
      deleteTree(directory);
    }
  }

  /** Deletes a journal's directory with the files that a journal has; any other file keeps it. */
  private static void deleteTree(Path directory) throws IOException {
    requireNoLink(directory);
    for (String name : List.of("group", "0", "1", LOCK)) {
      Files.deleteIfExists(directory.resolve(name));
    }
    try {
      Files.deleteIfExists(directory);
    } catch (DirectoryNotEmptyException e) {
      throw new IOException(directory + " has files that are no journal's; remove them", e);
    }
  }

  /**
   * Refuses what leads out of the store: whoever may write there could have files of the names of a
   * journal's read, written and deleted in a directory of his choice.
   */
  static void requireNoLink(Path directory) throws IOException {
    if (Files.isSymbolicLink(directory)) {
      throw new FileSystemException(
          directory.toString(), null, "a symbolic link, not a directory of a journal");
    }
  }

  private static void deleteAfter(Throwable cause, Path directory) {
    try {
      deleteTree(directory);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /** Waits until the device has a directory's entries. */
  static void force(Path directory) throws IOException {
    if (isPosix(directory)) {
      ChannelJournalDisk.call(
          () -> {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
              channel.force(true);
            }
            return true;
          });
    }
  }

  static FileAttribute<?>[] mode(Path path, String permissions) {
    return isPosix(path)
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  private static boolean isPosix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  /** Whether somebody has the journal in that directory open. */
  static boolean isHeld(Path directory) throws IOException {
    requireNoLink(directory);
    Path lock = directory.resolve(LOCK);
    return Files.exists(lock, LinkOption.NOFOLLOW_LINKS) && JournalLock.isHeld(lock);
  }
}
