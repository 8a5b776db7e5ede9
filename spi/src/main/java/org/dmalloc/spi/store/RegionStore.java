/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.ProgressListener;
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
  /** The largest region that may share a file with others. */
  public static final long MOST_SHARED_BYTES = SharedFiles.LARGEST_BYTES;

  private final Path directory;
  private final boolean madeOnDemand;

  private final @Nullable Path home;
  private final DirectoryEntries entries;
  private final SharedFiles sharedFiles = new SharedFiles(this);
  private final FileStoreBelow below;

  /** Gives a file a second name; a seam for file systems without hard links. */
  @FunctionalInterface
  interface Linker {
    void link(Path newName, Path file) throws IOException;
  }

  private RegionStore(
      Path directory,
      boolean madeOnDemand,
      @Nullable Path home,
      Linker linker,
      UnforcedNames unforced) {
    this.directory = directory.toAbsolutePath().normalize();
    this.madeOnDemand = madeOnDemand;
    this.home = home;
    this.below = new FileStoreBelow(this.directory);
    this.entries = new DirectoryEntries(this.directory, linker, unforced);
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
    return open(directory, linker, new UnforcedNames());
  }

  /** Another directory of the provider that has this one; what it puts off is forced with it. */
  RegionStore beside(Path other) throws MemoryException {
    return open(other, Files::createLink, entries.unforced());
  }

  private static RegionStore open(Path directory, Linker linker, UnforcedNames unforced)
      throws MemoryException {
    RegionStore store = new RegionStore(directory, false, null, linker, unforced);
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
    RegionStore store =
        new RegionStore(directory, true, home, Files::createLink, new UnforcedNames());
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
   * Creates a named region, open for writing, its content zero. The name appears when all is done;
   * of several creators of one name exactly one wins.
   *
   * @param reservation what to record about the space; the reserver decides what happens
   * @param reserver takes the space
   * @param durable whether to wait until the device has it
   * @param holder its holder, for the messages that others get
   */
  public StoreFile create(
      String name,
      long byteSize,
      Reservation reservation,
      SpaceReserver reserver,
      NameDurability durable,
      String holder)
      throws MemoryException {
    Path target = path(name);
    StoreFile file = begin(name, byteSize, reservation, null, reserver, durable, holder);
    return StoreErrors.call(
        "allocate",
        byteSize,
        target,
        () -> finish(file, () -> entries.publish(file, target, durable)));
  }

  /** Creates one durably. */
  StoreFile create(
      String name, long byteSize, Reservation reservation, SpaceReserver reserver, String holder)
      throws MemoryException {
    return create(name, byteSize, reservation, reserver, NameDurability.NOW, holder);
  }

  /**
   * Creates what is to be a named region when it has got its content: until {@link
   * StoreFile#publish} it is a temporary file, which is not listed, cannot be opened, and goes with
   * its process.
   *
   * @param durable for changes that come later; its name is durable when it has it
   */
  public StoreFile createUnpublished(
      String name,
      long byteSize,
      Reservation reservation,
      StoreMove move,
      SpaceReserver reserver,
      NameDurability durable,
      String holder)
      throws MemoryException {
    HandOver note = HandOver.of(HandOver.Role.ARRIVED, move.id(), move.from());
    return begin(name, byteSize, reservation, note, reserver, durable, holder);
  }

  private StoreFile begin(
      String name,
      long byteSize,
      Reservation reservation,
      @Nullable HandOver note,
      SpaceReserver reserver,
      NameDurability durable,
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
          entries.take("allocate", target);
          StoreFile file = temporary(name, durable, holder);
          return finish(file, () -> file.initialise(byteSize, reservation, note, reserver));
        });
  }

  private static void checkAllocation(long byteSize, Path target) throws MemoryException {
    RegionLedger.checkNotInterrupted("allocate", -1, target.toString());
    checkAddressable("allocate", byteSize, target);
  }

  private StoreFile temporary(String name, NameDurability durable, String holder)
      throws IOException {
    LockedFile locked = Temporaries.create(directory, holder);
    return new StoreFile(this, locked, OpenMode.WRITER, durable, name);
  }

  /** Takes the last step of a creation; if it fails nothing is left of the file. */
  private static StoreFile finish(StoreFile file, ChannelDisk.Step step) throws IOException {
    try {
      step.run();
      return file;
    } catch (IOException | RuntimeException | Error e) {
      deleteAfter(e, file.path(), file.identity());
      closeAfter(e, file::abandon);
      throw e;
    }
  }

  /**
   * Creates a region without a name: its file has no path, no header, and ends with its use.
   *
   * @param reserver {@link SpaceReserver#moreZeros} for a region that is there and gets a file of
   *     its own, on an interrupted thread too
   */
  public StoreFile createUnnamed(long byteSize, SpaceReserver reserver) throws MemoryException {
    boolean grows = reserver instanceof ZeroFill zeros && zeros.grows();
    if (!grows) {
      RegionLedger.checkNotInterrupted("allocate", -1, directory.toString());
    }
    String operation = grows ? "resize" : "allocate";
    checkAddressable(operation, byteSize, directory);
    return StoreErrors.call(
        operation,
        byteSize,
        directory,
        () -> {
          requireDirectory("allocate");
          LockedFile unnamed = Temporaries.createUnnamed(directory);
          StoreFile file = new StoreFile(this, unnamed, OpenMode.WRITER, NameDurability.NOW, null);
          try {
            file.initialiseUnnamed(byteSize, reserver);
            return file;
          } catch (IOException | RuntimeException | Error e) {
            closeAfter(e, file::abandon);
            throw e;
          }
        });
  }

  /**
   * Creates a region without a name that nobody grows in place: a small one in a part of a file,
   * which others have parts of; another one as {@link #createUnnamed} does.
   *
   * @param progress of filling it
   */
  public StoreFile createShared(long byteSize, ProgressListener progress) throws MemoryException {
    checkAllocation(byteSize, directory);
    SpaceReserver zeros = SpaceReserver.zeros(progress); // a part has what others left there
    return StoreErrors.call(
        "allocate",
        byteSize,
        directory,
        () -> {
          requireDirectory("allocate");
          return sharedFiles.create(byteSize, zeros);
        });
  }

  /**
   * Opens a named region.
   *
   * @param durable whether changes of its header wait for the device, those included that others
   *     put off
   * @throws MemoryException if there is none, or it is damaged, foreign, cut short, too new, or
   *     open elsewhere
   */
  public StoreFile open(String name, OpenMode mode, NameDurability durable, String holder)
      throws MemoryException {
    Path path = path(name);
    RegionLedger.checkNotInterrupted("open", -1, path.toString());
    try {
      requireDirectory("open");
      LockedFile locked = LockedFile.open("open", path, mode, holder);
      try {
        StoreFile file = new StoreFile(this, locked, mode, durable, name);
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

  /** Opens one, and changes it durably. */
  StoreFile open(String name, OpenMode mode, String holder) throws MemoryException {
    return open(name, mode, NameDurability.NOW, holder);
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
      if (writes && note.removeOldFile(entries.calls())) {
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
          entries.removeIfSuperseded(file.path(), locked, note);
        }
        throw StoreErrors.movedTo("open", file.path(), note);
      }
      case UNKNOWN -> throw StoreErrors.moveCutOff("open", file.path(), note);
    }
  }

  /** The kind of file system below the store, as the system names it: {@code ext4} … */
  public String fileSystem() throws MemoryException {
    return StoreErrors.call("examine", -1, directory, () -> fileStore().type());
  }

  FileStore fileStore() throws IOException {
    return below.get();
  }

  /** The named regions, those that cannot be opened included, sorted by name. */
  public List<StoredRegion> list() throws MemoryException {
    requireDirectory("list");
    return StoreInspection.of(this).regions();
  }

  /** The named region of that name; empty if there is none. */
  public Optional<StoredRegion> find(String name) throws MemoryException {
    requireDirectory("list");
    Path path = path(name);
    return StoreErrors.call("list", -1, path, () -> RegionFileProbe.of(path))
        .filter(probe -> !probe.isSuperseded())
        .map(probe -> probe.resolved().region());
  }

  /** Checks the directory, its file system and every region file. Changes nothing. */
  public List<StoreFinding> verify() throws MemoryException {
    return StoreInspection.of(this).findings();
  }

  /**
   * Deletes a named region, also one that cannot be opened because it is damaged.
   *
   * @param whileOpen whether it loses its name also while it is open, here or elsewhere
   * @return whether it is still open in this JVM
   * @throws MemoryException if there is none, if it is open and must not be, or if its name leads
   *     to no region's file
   */
  public boolean delete(String name, boolean whileOpen, NameDurability durable)
      throws MemoryException {
    Path path = path(name);
    try {
      requireDirectory("delete");
      return ChannelDisk.call(
          () -> whileOpen ? entries.unlink(path, durable) : entries.delete(path, durable));
    } catch (NoSuchFileException e) {
      throw StoreErrors.noSuchRegion("delete", path);
    } catch (IOException e) {
      throw StoreErrors.of("delete", -1, path, e);
    }
  }

  /** Deletes a named region that nobody has open, for good at once. */
  void delete(String name) throws MemoryException {
    delete(name, false, NameDurability.NOW);
  }

  /**
   * Gives a named region that nobody has open another name.
   *
   * @throws MemoryException if there is none, if it is open, if the new name is taken, or if its
   *     name leads to no region's file; the old name holds
   */
  public void rename(String name, String newName, NameDurability durable) throws MemoryException {
    Path path = path(name);
    Path target = path(newName);
    try {
      requireDirectory("rename");
      ChannelDisk.run(() -> entries.renameClosed(path, target, durable));
    } catch (NoSuchFileException e) {
      throw StoreErrors.noSuchRegion("rename", path);
    } catch (IOException e) {
      throw StoreErrors.of("rename", -1, path, e);
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

  DirectoryEntries entries() {
    return entries;
  }

  /** What is to be forced, of this directory and those beside it. */
  UnforcedNames unforced() {
    return entries.unforced();
  }

  static void deleteAfter(Throwable cause, Path path, FileIdentity identity) {
    try {
      FileIdentity.deleteIfSame(path, identity);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  static void closeAfter(Throwable cause, Closeable file) {
    try {
      file.close();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }
}
