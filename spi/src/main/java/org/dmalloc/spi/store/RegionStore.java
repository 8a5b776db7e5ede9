/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.spi.region.RegionLedger;
import org.jspecify.annotations.Nullable;

/**
 * A directory of region files. Several stores, class loaders and processes may work on one
 * directory at the same time.
 *
 * <p><b>Threads.</b> All methods may be called from any thread. On an interrupted one, creating and
 * opening are refused and everything else works.
 *
 * <p><b>Failure.</b> A {@link MemoryException} has the reason; a failed creation leaves no file.
 */
public final class RegionStore {
  private final Path directory;
  private final boolean madeOnDemand;

  private final @Nullable Path home;
  private final Linker linker;

  /** Gives a file a second name; a seam for file systems without hard links. */
  @FunctionalInterface
  interface Linker {
    void link(Path newName, Path file) throws IOException;
  }

  private RegionStore(Path directory, boolean madeOnDemand, @Nullable Path home, Linker linker) {
    this.directory = directory.toAbsolutePath().normalize();
    this.madeOnDemand = madeOnDemand;
    this.home = home;
    this.linker = linker;
  }

  /**
   * The store in an existing directory. Removes what interrupted creations left there.
   *
   * @throws MemoryException if the directory does not exist or is none
   */
  public static RegionStore open(Path directory) throws MemoryException {
    return open(directory, Files::createLink);
  }

  static RegionStore open(Path directory, Linker linker) throws MemoryException {
    RegionStore store = new RegionStore(directory, false, null, linker);
    store.requireDirectory("open store");
    Temporaries.removeStale(store.directory);
    return store;
  }

  /**
   * The store in a directory that is made, with mode 0700, when the first region needs it.
   *
   * @param home what must exist then; null for nothing
   */
  static RegionStore openDefault(Path directory, @Nullable Path home) throws MemoryException {
    RegionStore store = new RegionStore(directory, true, home, Files::createLink);
    if (store.directoryExists("open store")) {
      store.requireDirectory("open store");
      Temporaries.removeStale(store.directory);
    }
    return store;
  }

  /** The store's directory, absolute. */
  public Path directory() {
    return directory;
  }

  /** Makes the directory if it is a default one, for callers that put an unnamed file there. */
  public void prepareDirectory() throws MemoryException {
    requireDirectory("allocate");
  }

  /** The file of the region of that name, whether it exists or not. */
  public Path path(String name) {
    return directory.resolve(RegionFileName.of(name));
  }

  /** The file of the region of that name in another directory; in this store's if that is null. */
  public Path path(String name, @Nullable Path other) {
    return other == null
        ? path(name)
        : other.toAbsolutePath().normalize().resolve(RegionFileName.of(name));
  }

  /**
   * Creates a named region, open for writing, its content zero. The name appears when all is done
   * and on the device; of several creators of one name exactly one wins.
   *
   * @param reservation what to record about the space; the reserver decides what happens
   * @param reserver takes the space
   * @param holder its holder, for the messages that others get
   */
  public StoreFile create(
      String name, long byteSize, Reservation reservation, SpaceReserver reserver, String holder)
      throws MemoryException {
    Path target = path(name);
    StoreFile file = begin(name, byteSize, reservation, null, reserver, holder);
    return StoreErrors.call(
        "allocate", byteSize, target, () -> finish(file, () -> publish(file, target)));
  }

  /**
   * Creates what is to be a named region when it has got its content: until {@link
   * StoreFile#publish} it is a temporary file, which is not listed, cannot be opened, and goes with
   * its process.
   */
  public StoreFile createUnpublished(
      String name,
      long byteSize,
      Reservation reservation,
      StoreMove move,
      SpaceReserver reserver,
      String holder)
      throws MemoryException {
    HandOver note = HandOver.of(HandOver.Role.ARRIVED, move.id(), move.from());
    return begin(name, byteSize, reservation, note, reserver, holder);
  }

  private StoreFile begin(
      String name,
      long byteSize,
      Reservation reservation,
      @Nullable HandOver note,
      SpaceReserver reserver,
      String holder)
      throws MemoryException {
    Path target = path(name);
    checkAllocation(byteSize, target);
    return StoreErrors.call(
        "allocate",
        byteSize,
        target,
        () -> {
          requireDirectory("allocate");
          if (Files.exists(target, LinkOption.NOFOLLOW_LINKS) && !removeSuperseded(target)) {
            throw StoreErrors.nameTaken(target);
          }
          StoreFile file = temporary(name, holder);
          return finish(file, () -> file.initialise(byteSize, reservation, note, reserver));
        });
  }

  private static void checkAllocation(long byteSize, Path target) throws MemoryException {
    RegionLedger.checkNotInterrupted("allocate", -1, target.toString());
    checkAddressable("allocate", byteSize, target);
  }

  private StoreFile temporary(@Nullable String name, String holder) throws IOException {
    LockedFile locked = Temporaries.create(directory, holder);
    return new StoreFile(this, locked, OpenMode.WRITER, name, locked.path());
  }

  /** Takes the last step of a creation; if it fails nothing is left of the file. */
  private static StoreFile finish(StoreFile file, ChannelDisk.Step step) throws IOException {
    try {
      step.run();
      return file;
    } catch (IOException | RuntimeException | Error e) {
      deleteAfter(e, file.path(), file.identity());
      closeAfter(e, file::close);
      throw e;
    }
  }

  /** Whether the name was that of an old file, left by a move that was cut off, which is gone. */
  private boolean removeSuperseded(Path path) {
    try (LockedFile locked = LockedFile.open("remove", path, OpenMode.WRITER, "its removal")) {
      HandOver note = RegionImage.load(locked.disk(), path).header().handOver();
      return note != null && removeIfSuperseded(path, locked, note);
    } catch (IOException e) {
      return false; // in use, damaged, or not ours to delete: the name is taken
    }
  }

  private boolean removeIfSuperseded(Path path, LockedFile locked, HandOver note)
      throws IOException {
    if (note.role() != HandOver.Role.LEAVING || note.standing() != HandOver.Standing.SUPERSEDED) {
      return false;
    }
    FileIdentity.deleteIfSame(path, locked.identity());
    forceDirectory();
    return true;
  }

  /** Creates a region without a name: its file has no path, no header, and ends with its use. */
  public StoreFile createUnnamed(long byteSize, SpaceReserver reserver, String holder)
      throws MemoryException {
    checkAllocation(byteSize, directory);
    return StoreErrors.call(
        "allocate",
        byteSize,
        directory,
        () -> {
          requireDirectory("allocate");
          StoreFile file = temporary(null, holder);
          return finish(file, () -> file.initialiseUnnamed(byteSize, reserver));
        });
  }

  /**
   * Opens a named region.
   *
   * @throws MemoryException if there is none, or it is damaged, foreign, cut short, too new, or
   *     open elsewhere
   */
  public StoreFile open(String name, OpenMode mode, String holder) throws MemoryException {
    Path path = path(name);
    RegionLedger.checkNotInterrupted("open", -1, path.toString());
    try {
      requireDirectory("open");
      LockedFile locked = LockedFile.open("open", path, mode, holder);
      try {
        StoreFile file = new StoreFile(this, locked, mode, name, path);
        file.load();
        resolve(file, locked);
        return file;
      } catch (IOException | RuntimeException | Error e) {
        closeAfter(e, locked::close);
        throw e;
      }
    } catch (NoSuchFileException e) {
      throw StoreErrors.noSuchRegion("open", path);
    } catch (IOException e) {
      throw StoreErrors.of("open", -1, path, e);
    }
  }

  /**
   * Ends what a move between stores left when it was cut off: of an old and a new file one holds
   * the region, and the other goes as soon as one of the two is opened for writing.
   */
  private void resolve(StoreFile file, LockedFile locked) throws IOException {
    HandOver note = file.handOver();
    if (note == null) {
      return;
    }
    boolean writes = file.mode() == OpenMode.WRITER;
    if (note.role() == HandOver.Role.ARRIVED) {
      if (writes && note.removeOldFile()) {
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

  /** The kind of file system below the store, as the system names it: {@code ext4} … */
  public String fileSystem() throws MemoryException {
    return StoreErrors.call("examine", -1, directory, () -> Files.getFileStore(directory).type());
  }

  /** The named regions, those that cannot be opened included, sorted by name. */
  public List<StoredRegion> list() throws MemoryException {
    requireDirectory("list");
    return StoreInspection.of(this).regions();
  }

  /** Checks the directory, its file system and every region file. Changes nothing. */
  public List<StoreFinding> verify() throws MemoryException {
    return StoreInspection.of(this).findings();
  }

  /**
   * Deletes a named region, also one that cannot be opened because it is damaged.
   *
   * @throws MemoryException if there is none, if it is open, or if its name leads to no region's
   *     file
   */
  public void delete(String name) throws MemoryException {
    Path path = path(name);
    try {
      requireDirectory("delete");
      try (LockedFile locked = LockedFile.open("delete", path, OpenMode.WRITER, "its deletion")) {
        if (RegionImage.isForeign(locked.disk())) {
          throw StoreErrors.foreign(
              "delete", path, "remove it yourself, or move it out of the store");
        }
        HandOver note = noteOf(locked);
        if (note != null && note.role() == HandOver.Role.ARRIVED) {
          note.removeOldFile(); // or it would be the region again
        } else if (note != null && removeIfSuperseded(path, locked, note)) {
          throw StoreErrors.movedTo("delete", path, note);
        }
        if (!FileIdentity.deleteIfSame(path, locked.identity())) {
          throw StoreErrors.detached("delete", -1, path, "it has just been renamed or replaced");
        }
      }
      forceDirectory();
    } catch (NoSuchFileException e) {
      throw StoreErrors.noSuchRegion("delete", path);
    } catch (IOException e) {
      throw StoreErrors.of("delete", -1, path, e);
    }
  }

  /** The note of a move in a file, which need be no region that can be opened. */
  private static @Nullable HandOver noteOf(LockedFile locked) {
    try {
      return RegionImage.load(locked.disk(), locked.path()).header().handOver();
    } catch (IOException e) {
      return null;
    }
  }

  /** Refuses what no file can hold, before it overflows. */
  static void checkAddressable(String operation, long byteSize, Path target)
      throws MemoryException {
    if (byteSize < 0) {
      throw new IllegalArgumentException("byteSize " + byteSize + "; give at least 0");
    }
    if (byteSize > Long.MAX_VALUE - 2 * RegionImage.DATA_OFFSET) {
      throw StoreErrors.of(operation, byteSize, target, new IOException("File too large"));
    }
  }

  /** Whether the directory is still to be made; throws if that cannot be told. */
  boolean isMissingByDesign(String operation) throws MemoryException {
    return madeOnDemand && !directoryExists(operation);
  }

  /** A directory that this user may not read, or on a path that is none, is not a missing one. */
  private boolean directoryExists(String operation) throws MemoryException {
    // Java has one exception for ENOENT and ENOTDIR: what exists of the path tells which it was.
    for (Path path = directory; path != null; path = path.getParent()) {
      try {
        if (Files.readAttributes(path, BasicFileAttributes.class).isDirectory()) {
          return path.equals(directory);
        }
      } catch (NoSuchFileException e) {
        continue;
      } catch (IOException e) {
        throw StoreErrors.of(operation, -1, directory, e);
      }
      throw MemoryException.of(operation, path.toString(), "not a directory", "name a directory");
    }
    return false;
  }

  private void requireDirectory(String operation) throws MemoryException {
    if (directoryExists(operation)) {
      StoreDirectory.use(directory);
      return;
    }
    if (StoreDirectory.hasGone(directory)) {
      throw StoreErrors.directoryGone(operation, directory);
    }
    if (!madeOnDemand) {
      throw StoreErrors.directoryMissing(operation, directory);
    }
    if (operation.equals("allocate")) {
      if (home != null && !Files.isDirectory(home)) {
        throw StoreErrors.homeMissing(directory, home);
      }
      try {
        Temporaries.createDirectories(directory);
        StoreDirectory.use(directory);
      } catch (IOException e) {
        throw StoreErrors.of("create directory", -1, directory, e);
      }
    }
  }

  /** Gives the finished file its name, atomically, and waits until the directory is on disk. */
  void publish(StoreFile file, Path target) throws IOException {
    Path temporary = file.path();
    synchronized (OpenFiles.pathMonitor(target)) {
      try {
        linker.link(target, temporary);
      } catch (FileAlreadyExistsException e) {
        throw StoreErrors.nameTaken(target);
      } catch (IOException | UnsupportedOperationException e) {
        renameOver(temporary, target, e);
      }
      try {
        if (!FileIdentity.matches(target, file.identity())) {
          throw StoreErrors.detached(
              "allocate", -1, target, "its unfinished file was replaced by another file");
        }
        FileIdentity.deleteIfSame(temporary, file.identity());
        forceDirectory();
        file.renamed(target);
      } catch (IOException | RuntimeException | Error e) {
        deleteAfter(e, target, file.identity());
        throw e;
      }
    }
  }

  /**
   * For file systems without hard links: an empty file takes the name, so that one creator wins,
   * and the finished file is renamed over it. A crash between the two leaves the empty file, which
   * listings show as a creation that was cut off.
   */
  private static void renameOver(Path temporary, Path target, Exception linkFailure)
      throws IOException {
    try {
      Temporaries.createFile(target);
    } catch (FileAlreadyExistsException e) {
      throw StoreErrors.nameTaken(target);
    }
    FileIdentity empty = FileIdentity.of(target);
    try {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | RuntimeException | Error e) {
      e.addSuppressed(linkFailure);
      deleteAfter(e, target, empty);
      throw e;
    }
  }

  /** Waits until the directory's entries are on the device. */
  void forceDirectory() throws IOException {
    forceDirectory(directory);
  }

  static void forceDirectory(Path directory) throws IOException {
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

  private static void deleteAfter(Throwable cause, Path path, FileIdentity identity) {
    try {
      FileIdentity.deleteIfSame(path, identity);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private static void closeAfter(Throwable cause, Closeable file) {
    try {
      file.close();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }
}
