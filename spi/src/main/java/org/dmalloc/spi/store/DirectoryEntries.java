/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.spi.checkpoint.JournalRef;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.region.SuspectFiles;
import org.jspecify.annotations.Nullable;

/**
 * The names in a store's directory: a file gets one, another one, or loses it, each by one call of
 * the system that a crash makes or does not make. What is not to be waited for is noted in {@link
 * UnforcedNames}.
 */
final class DirectoryEntries {
  private final Path directory;
  private final RegionStore.Linker linker;
  private final UnforcedNames unforced;

  /** Calls of the system; a seam for others that come in between, and for devices that fail. */
  interface Calls {
    /** Makes an empty file where there is none. */
    default void createFile(Path path) throws IOException {
      Temporaries.createFile(path);
    }

    /** Moves a file over another one. */
    default void move(Path from, Path to) throws IOException {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Waits until the device has a directory's entries. */
    default void force(Path directory) throws IOException {
      DirectoryEntries.force(directory);
    }
  }

  DirectoryEntries(Path directory, RegionStore.Linker linker, UnforcedNames unforced) {
    this.directory = directory;
    this.linker = linker;
    this.unforced = unforced;
  }

  void callBy(Calls others) {
    unforced.callBy(others);
  }

  Calls calls() {
    return unforced.calls();
  }

  UnforcedNames unforced() {
    return unforced;
  }

  /**
   * Gives the finished file its name in place of its temporary one; of several creators one wins.
   * The device is waited for afterwards, so that a journal commits file and name together.
   */
  void publish(StoreFile file, Path target, NameDurability durable) throws IOException {
    Path temporary = file.path();
    synchronized (OpenFiles.pathMonitor(target)) {
      try {
        linker.link(target, temporary);
      } catch (FileAlreadyExistsException e) {
        throw StoreErrors.nameTaken("allocate", target);
      } catch (IOException | UnsupportedOperationException e) {
        moveToNew("allocate", temporary, target, e);
      }
      try {
        if (!FileIdentity.matches(target, file.identity())) {
          throw StoreErrors.detached(
              "allocate", -1, target, "its unfinished file was replaced by another file");
        }
        FileIdentity.deleteIfSame(temporary, file.identity());
        if (durable == NameDurability.NOW) {
          file.forceImage();
        }
        settle(durable);
        file.published(target, durable);
      } catch (IOException | RuntimeException | Error e) {
        RegionStore.deleteAfter(e, target, file.identity());
        throw e;
      }
    }
  }

  /**
   * Gives a file, which the caller has locked, another name that nothing has yet.
   *
   * @param renamed is told the name that it has got, and the old one if that has to be given back
   * @throws IOException if that is taken, the old one leads elsewhere, or the directory cannot be
   *     forced; the old name holds
   */
  void rename(
      Path from, Path to, FileIdentity identity, Consumer<Path> renamed, NameDurability durable)
      throws IOException {
    take("rename", to);
    boolean ordered = from.compareTo(to) < 0;
    synchronized (OpenFiles.pathMonitor(ordered ? from : to)) {
      synchronized (OpenFiles.pathMonitor(ordered ? to : from)) {
        if (!FileIdentity.matches(from, identity)) {
          throw StoreErrors.detached(
              "rename", -1, from, "it has just been renamed, deleted or replaced");
        }
        moveToNew("rename", from, to, null);
        renamed.accept(to);
        try {
          settle(durable);
        } catch (IOException | RuntimeException | Error e) {
          takeBack(from, to, renamed, e);
          throw e;
        }
      }
    }
  }

  /**
   * Takes a renaming back that the device may not have got, so that the old name holds. That is
   * waited for again; if it fails again, it stays noted.
   */
  private void takeBack(Path from, Path to, Consumer<Path> renamed, Throwable failure)
      throws MemoryException {
    unforced.changed(directory);
    try {
      moveToNew("rename", to, from, null);
    } catch (IOException | RuntimeException | Error e) {
      failure.addSuppressed(e);
      throw MemoryException.of(
          "rename",
          -1,
          from.toString(),
          "its directory could not be forced, nor the old name given back: its file is " + to,
          failure instanceof IOException io ? Errno.of(io) : MemoryException.NO_ERRNO,
          "mend the device, and rename it to the new name again",
          failure);
    }
    renamed.accept(from);
    try {
      settle(NameDurability.NOW);
    } catch (IOException | RuntimeException | Error e) {
      if (!e.equals(failure)) {
        failure.addSuppressed(e);
      }
    }
  }

  /**
   * Renames a file to a name that nothing has, where rename(2) alone would replace what has it: an
   * empty file takes the name first, locked, so that nobody takes it for left over. A crash between
   * the two leaves the file its old name, and the empty one, which listings show as a creation that
   * was cut off, and whose name can be taken again.
   *
   * <p>Before it is locked, another process may take the empty file for left over, and give the
   * name to a file of its own, which can get the same inode. So it counts as the empty one only
   * while it is locked here and has no content; without the lock nothing is done to the name.
   */
  private void moveToNew(String operation, Path from, Path to, @Nullable Exception linkFailure)
      throws IOException {
    try {
      calls().createFile(to);
    } catch (FileAlreadyExistsException e) {
      throw StoreErrors.nameTaken(operation, to);
    }
    try (LockedFile placeholder = openPlaceholder(operation, to)) {
      try {
        if (!holdsEmpty(to, placeholder)) {
          throw StoreErrors.nameTaken(operation, to);
        }
        calls().move(from, to);
      } catch (IOException | RuntimeException | Error e) {
        deleteEmpty(e, to, placeholder);
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      if (linkFailure != null) {
        e.addSuppressed(linkFailure);
      }
      throw e;
    }
  }

  private static LockedFile openPlaceholder(String operation, Path to) throws IOException {
    try {
      return LockedFile.open(operation, to, OpenMode.WRITER, "a new name");
    } catch (NoSuchFileException e) {
      throw StoreErrors.nameTaken(operation, to); // somebody is about to take it
    }
  }

  /** Whether the name leads to the file that is locked, and that is empty. */
  private static boolean holdsEmpty(Path path, LockedFile locked) throws IOException {
    return locked.disk().length() == 0 && FileIdentity.lengthIfSame(path, locked.identity()) == 0;
  }

  private static void deleteEmpty(Throwable cause, Path path, LockedFile placeholder) {
    try {
      if (holdsEmpty(path, placeholder)) {
        FileIdentity.deleteIfSame(path, placeholder.identity());
      }
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /** Makes room for a new name where a crash left something; throws if it is taken. */
  void take(String operation, Path target) throws MemoryException {
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS) && !removeSuperseded(target)) {
      throw StoreErrors.nameTaken(operation, target);
    }
  }

  /** Whether the name was that of something that a crash left, and is free now. */
  private boolean removeSuperseded(Path path) {
    try (LockedFile locked = LockedFile.open("remove", path, OpenMode.WRITER, "its removal")) {
      if (locked.disk().length() == 0) { // a creation or renaming that was cut off
        return FileIdentity.deleteIfSame(path, locked.identity());
      }
      HandOver note = RegionImage.load(locked.disk(), path).header().handOver();
      return note != null && removeIfSuperseded(path, locked, note);
    } catch (IOException e) {
      return false; // in use, damaged, or not ours to delete: the name is taken
    }
  }

  /**
   * Ends what a move between stores left when it was cut off: of an old and a new file one holds
   * the region, and the other goes as soon as one of the two is opened for writing.
   */
  void resolve(StoreFile file, LockedFile locked) throws IOException {
    HandOver note = file.handOver();
    if (note == null) {
      return;
    }
    boolean writes = file.mode().stores();
    if (note.role() == HandOver.Role.ARRIVED) {
      if (writes && note.removeOldFile(calls())) {
        file.endMove();
      }
      return;
    }
    switch (note.standing()) {
      case HOLDS -> {
        if (writes) {
          file.endMove();
        }
      }
      case SUPERSEDED -> {
        if (writes) {
          removeIfSuperseded(file.path(), locked, note);
        }
        throw StoreErrors.movedTo("open", file.path(), note);
      }
      case UNKNOWN -> throw StoreErrors.moveCutOff("open", file.path(), note);
    }
  }

  boolean removeIfSuperseded(Path path, LockedFile locked, HandOver note) throws IOException {
    if (!note.isSuperseded()) {
      return false;
    }
    JournalRef journal = RegionImage.load(locked.disk(), path).header().journal();
    FileIdentity.deleteIfSame(path, locked.identity());
    settle(NameDurability.NOW);
    CheckpointedRegions.forget(directory, journal);
    return true;
  }

  /**
   * Deletes the file of a region that nobody has open; it is not open then: false.
   *
   * @param before what is to be done first, once nothing but the system can keep it from being
   *     deleted
   * @param wipe whether its bytes are overwritten before it goes; if that fails it stays
   */
  boolean delete(Path path, NameDurability durable, ChannelDisk.Step before, boolean wipe)
      throws IOException {
    try (LockedFile locked = LockedFile.open("delete", path, OpenMode.WRITER, "its deletion")) {
      endMove(path, locked.identity(), examine(path, locked.disk()));
      before.run();
      if (wipe) {
        Wiping.overwrite(locked.disk(), 0, locked.disk().length());
      }
      FileIdentity.deleteIfSame(path, locked.identity(), "delete");
      unforced.deleted(locked.identity());
    }
    settle(durable);
    return false;
  }

  /**
   * Takes the name away from a region's file, and needs no lock: whoever has it open keeps it.
   *
   * @param before as for {@link #delete}
   * @return whether it is still open in this JVM
   */
  boolean unlink(Path path, NameDurability durable, ChannelDisk.Step before) throws IOException {
    FileIdentity identity;
    boolean held;
    HandOver note;
    synchronized (OpenFiles.pathMonitor(path)) {
      identity = FileIdentity.of(path);
      synchronized (OpenFiles.monitor(identity)) {
        held = !OpenFiles.entries(identity).isEmpty();
        FileIdentity.Opened opened = FileIdentity.openAsAllowed(path, identity);
        try {
          ChannelDisk disk = opened.disk();
          if (disk.length() == 0 && !LockedFile.lock(opened.channel(), opened.writable())) {
            throw StoreErrors.noSuchRegion("delete", path); // somebody is about to take the name
          }
          note = examine(path, disk);
        } finally {
          OpenFiles.leave(identity, opened.channel());
        }
      }
    }
    endMove(path, identity, note); // without the monitors, as it takes those of another file
    before.run();
    FileIdentity.deleteIfSame(path, identity, "delete");
    unforced.deleted(identity);
    settle(durable);
    return held;
  }

  /** The note of a file that is to be deleted; throws if it is no region's. */
  private static @Nullable HandOver examine(Path path, ChannelDisk disk) throws IOException {
    if (HeaderCopies.isForeign(disk)) {
      throw StoreErrors.foreign("delete", path, "remove it yourself, or move it out of the store");
    }
    return noteOf(disk, path);
  }

  /** Deletes what would be the region again when this file is gone, or was one no more. */
  private void endMove(Path path, FileIdentity identity, @Nullable HandOver note)
      throws IOException {
    if (note != null && note.role() == HandOver.Role.ARRIVED) {
      note.removeOldFile(calls());
    } else if (note != null && note.isSuperseded()) {
      FileIdentity.deleteIfSame(path, identity);
      settle(NameDurability.NOW);
      throw StoreErrors.movedTo("delete", path, note);
    }
  }

  /** Gives a closed region's file another name. */
  void renameClosed(Path path, Path target, NameDurability durable) throws IOException {
    try (LockedFile locked = LockedFile.open("rename", path, OpenMode.WRITER, "its renaming")) {
      if (HeaderCopies.isForeign(locked.disk())) {
        throw StoreErrors.foreign("rename", path, "move it out of the store");
      }
      HandOver note = noteOf(locked.disk(), path);
      if (note != null && note.role() == HandOver.Role.ARRIVED && !note.removeOldFile(calls())) {
        throw StoreErrors.oldFileStays("rename", path, note); // it knows this one by its path
      }
      if (note != null && note.isSuperseded()) {
        removeIfSuperseded(path, locked, note);
        throw StoreErrors.movedTo("rename", path, note);
      }
      if (note != null && note.standing() == HandOver.Standing.UNKNOWN) {
        throw StoreErrors.moveCutOff("rename", path, note);
      }
      if (!path.equals(target)) {
        if (durable == NameDurability.NOW) {
          unforced.force(
              locked, path); // or the new name could be durable, and what it leads to not
        }
        FileIdentity identity = locked.identity();
        rename(
            path,
            target,
            identity,
            now -> {
              unforced.renamed(identity, now);
              SuspectFiles.renamed(now.equals(target) ? path : target, now);
            },
            durable);
      }
    }
  }

  /** The note of a move in a file, which need be no region that can be opened. */
  private static @Nullable HandOver noteOf(ChannelDisk disk, Path path) {
    try {
      return RegionImage.load(disk, path).header().handOver();
    } catch (IOException e) {
      return null;
    }
  }

  /** Waits until the entries are on the device, or notes that somebody has to. */
  void settle(NameDurability durable) throws IOException {
    boolean done = false;
    try {
      if (durable == NameDurability.NOW) {
        calls().force(directory);
        done = true;
      }
    } finally {
      if (!done) {
        unforced.changed(directory);
      }
    }
  }

  /** Waits until a directory's entries are on the device. */
  static void force(Path directory) throws IOException {
    // Only POSIX systems can, and need to, force a directory.
    if (directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      ChannelDisk.run(
          () -> {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
              channel.force(true);
            }
          });
    }
  }
}
