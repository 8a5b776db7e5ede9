/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.spi.checkpoint.GroupStore;
import org.dmalloc.spi.checkpoint.Journal;
import org.dmalloc.spi.checkpoint.JournalRef;
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
public final class RegionStore implements GroupStore {
  /** The largest region that may share a file with others. */
  public static final long MOST_SHARED_BYTES = SharedFiles.LARGEST_BYTES;

  private static final Logger LOG = System.getLogger(RegionStore.class.getName());

  private final Path directory;
  private final StorePlace place;
  private final DirectoryEntries entries;
  private final SharedFiles sharedFiles = new SharedFiles(this);
  private final FileStoreBelow below;
  private final CheckpointedRegions checkpointed;
  private volatile StoreQuota quota;
  private volatile boolean wipes;

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
    this.place = new StorePlace(this.directory, madeOnDemand, home);
    this.below = new FileStoreBelow(this.directory);
    this.entries = new DirectoryEntries(this.directory, linker, unforced);
    this.checkpointed = new CheckpointedRegions(this);
    this.quota = new StoreQuota(this.directory, StoreLimits.NONE);
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
    return open(other, Files::createLink, entries.unforced())
        .limitedTo(quota.limits())
        .wiping(wipes);
  }

  /** This store, which overwrites what is deleted from now on; for its start. */
  RegionStore wiping(boolean always) {
    wipes = always;
    return this;
  }

  /** Whether it overwrites whatever is deleted, and unnamed regions when they are closed. */
  public boolean wipes() {
    return wipes;
  }

  /** This store with limits from now on, also of what is there already; for its start. */
  RegionStore limitedTo(StoreLimits limits) {
    quota = new StoreQuota(directory, limits);
    return this;
  }

  StoreQuota quota() {
    return quota;
  }

  /**
   * What is used of the limits that are set, and of the file system below. A store that cannot be
   * read now, or is not made yet, has nothing to tell: whoever uses it is told why.
   */
  List<ResourceUse> limits() {
    List<ResourceUse> uses = new ArrayList<>();
    try {
      uses.addAll(quota.uses());
      FileStore fileStore = fileStore();
      long total = fileStore.getTotalSpace();
      if (total > 0) {
        long used = Math.max(0, total - fileStore.getUsableSpace());
        uses.add(
            new ResourceUse(
                ResourceKind.DISK, directory.toString(), null, used, total, "free disk space"));
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "no limits of {0}: {1}", directory, e.getMessage());
    }
    return uses;
  }

  private static RegionStore open(Path directory, Linker linker, UnforcedNames unforced)
      throws MemoryException {
    RegionStore store = new RegionStore(directory, false, null, linker, unforced);
    store.requireDirectory("open store");
    store.removeStale();
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
    if (store.place.exists("open store")) {
      store.requireDirectory("open store");
      store.removeStale();
    }
    return store;
  }

  private void removeStale() throws MemoryException {
    Temporaries.removeStale(directory);
    checkpointed.removeLeft();
  }

  @Override
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
   * @param mode WRITER, or MEMBER for a region that other processes may then open too
   * @param reservation what to record about the space; the reserver decides what happens
   * @param reserver takes the space
   * @param durable whether to wait until the device has it
   * @param holder its holder, for the messages that others get
   */
  public StoreFile create(
      String name,
      OpenMode mode,
      long byteSize,
      Reservation reservation,
      SpaceReserver reserver,
      NameDurability durable,
      String holder)
      throws MemoryException {
    return create(name, mode, byteSize, reservation, null, reserver, durable, holder);
  }

  /**
   * Creates a checkpointed region, as a new member of a journal that is open here, durably.
   *
   * @throws MemoryException also if the journal cannot be written
   */
  public StoreFile create(
      String name,
      long byteSize,
      Reservation reservation,
      SpaceReserver reserver,
      Journal journal,
      String holder)
      throws MemoryException {
    return checkpointed.create(name, byteSize, reservation, reserver, journal, holder);
  }

  StoreFile create(
      String name,
      OpenMode mode,
      long byteSize,
      Reservation reservation,
      @Nullable JournalRef journal,
      SpaceReserver reserver,
      NameDurability durable,
      String holder)
      throws MemoryException {
    Path target = path(name);
    RegionHeader header =
        RegionHeader.first(byteSize, RegionImage.DATA_OFFSET, reservation, null, journal);
    StoreFile file = begin(name, mode, header, reserver, durable, holder);
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

  /** Creates one for this process alone. */
  StoreFile create(
      String name,
      long byteSize,
      Reservation reservation,
      SpaceReserver reserver,
      NameDurability durable,
      String holder)
      throws MemoryException {
    return create(name, OpenMode.WRITER, byteSize, reservation, reserver, durable, holder);
  }

  /**
   * Creates what is to be a named region when it has got its content: until {@link
   * StoreFile#publish} it is a temporary file, which is not listed, cannot be opened, and goes with
   * its process.
   *
   * @param mode as for {@link #create}
   * @param move null for a snapshot
   */
  public StoreFile createUnpublished(
      String name,
      OpenMode mode,
      long byteSize,
      Reservation reservation,
      @Nullable StoreMove move,
      SpaceReserver reserver,
      NameDurability durable,
      String holder)
      throws MemoryException {
    HandOver note = HandOver.arriving(move);
    RegionHeader header =
        RegionHeader.first(byteSize, RegionImage.DATA_OFFSET, reservation, note, null);
    return begin(name, mode, header, reserver, durable, holder);
  }

  /**
   * Creates what is to be a checkpointed region that comes from another store, like {@link
   * #createUnpublished}, with the journal that it is to have here.
   */
  public StoreFile createArriving(
      String name,
      long byteSize,
      Reservation reservation,
      StoreMove move,
      SpaceReserver reserver,
      JournalRef journal,
      String holder)
      throws MemoryException {
    RegionHeader header =
        RegionHeader.first(
            byteSize, RegionImage.DATA_OFFSET, reservation, HandOver.arriving(move), journal);
    return begin(name, OpenMode.WRITER, header, reserver, NameDurability.NOW, holder);
  }

  /**
   * Makes the journal of a checkpointed region that comes from another store. What an earlier move
   * of it that was cut off has left here goes.
   *
   * @throws MemoryException if the store has the name, or a journal of that id or group, and a
   *     region of it
   */
  public Journal receiveJournal(String name, UUID id, String group, int member, String holder)
      throws MemoryException {
    requireDirectory("move");
    entries.take("move", path(name));
    StoreErrors.run("move", -1, path(name), () -> checkpointed.requireNone(id, group));
    return Journal.receive(directory, id, group, member, name, holder);
  }

  private StoreFile begin(
      String name,
      OpenMode mode,
      RegionHeader header,
      SpaceReserver reserver,
      NameDurability durable,
      String holder)
      throws MemoryException {
    Path target = path(name);
    checkAllocation(header.byteSize(), target);
    return StoreErrors.call(
        "allocate",
        header.byteSize(),
        target,
        () -> {
          requireDirectory("allocate");
          entries.take("allocate", target);
          StoreQuota.Hold held = quota.hold("allocate", header.byteSize(), 1, target);
          boolean made = false;
          try {
            LockedFile locked = Temporaries.create(directory, mode, holder);
            StoreFile file = new StoreFile(this, locked, mode, durable, name);
            finish(file, () -> file.initialise(header, reserver));
            made = true;
            return file;
          } finally {
            held.end(made);
          }
        });
  }

  private static void checkAllocation(long byteSize, Path target) throws MemoryException {
    RegionLedger.checkNotInterrupted("allocate", -1, target.toString());
    FileLengths.checkAddressable("allocate", byteSize, target);
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
    return UnnamedFiles.create(this, byteSize, reserver);
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
   * Opens a named region. Who opens a checkpointed one for writing has its journal open, and has
   * brought all of it into the files ({@link #replay}); for reading this does it.
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
    if (mode == OpenMode.READER || mode == OpenMode.PRIVATE_COPY) {
      checkpointed.settle(path);
    }
    return openUnchecked(name, mode, durable, holder);
  }

  /** Opens one on an interrupted thread too, and as it is, whatever its journal has for it. */
  StoreFile openUnchecked(String name, OpenMode mode, NameDurability durable, String holder)
      throws MemoryException {
    Path path = path(name);
    try {
      requireDirectory("open");
      LockedFile locked = LockedFile.open("open", path, mode, holder);
      try {
        StoreFile file = new StoreFile(this, locked, mode, durable, name);
        file.load();
        entries.resolve(file, locked);
        checkpointed.requireJournal(file);
        if (mode.isMember() && file.journal() != null) {
          throw StoreErrors.checkpointed(path);
        }
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
   * The journal of a checkpointed region, and its number there; empty for any other. Needs no lock:
   * the region may be open.
   *
   * @throws MemoryException if there is none, or its header cannot be read
   */
  public Optional<JournalRef> journalOf(String name) throws MemoryException {
    Path path = path(name);
    try {
      requireDirectory("open");
      return ChannelDisk.call(() -> CheckpointedRegions.journalOf(path));
    } catch (NoSuchFileException e) {
      throw StoreErrors.noSuchRegion("open", path);
    } catch (IOException e) {
      throw StoreErrors.of("open", -1, path, e);
    }
  }

  /**
   * Brings what a journal of this store has into the regions' files, and ends creations, deletions
   * and renamings that were cut off. None of the regions is open for writing.
   *
   * @throws MemoryException if the journal is damaged, if a file is open elsewhere, or cannot be
   *     written
   */
  @Override
  public void replay(Journal journal) throws MemoryException {
    checkpointed.replay(journal);
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
    return delete(name, whileOpen, durable, false);
  }

  /**
   * Deletes a named region that nobody has open, once its file, and the journal that goes with the
   * last region of a group, have been overwritten with zeros on the device.
   *
   * @throws MemoryException as for {@link #delete}, or if that fails; it is not deleted then
   */
  public void wipe(String name, NameDurability durable) throws MemoryException {
    delete(name, false, durable, true);
  }

  private boolean delete(String name, boolean whileOpen, NameDurability durable, boolean wipe)
      throws MemoryException {
    Path path = path(name);
    try {
      requireDirectory("delete");
      return ChannelDisk.call(
          () -> {
            Optional<Boolean> deleted = checkpointed.delete(name, whileOpen, wipe);
            if (deleted.isPresent()) {
              return deleted.get();
            }
            return whileOpen
                ? entries.unlink(path, durable, () -> {})
                : entries.delete(path, durable, () -> {}, wipe);
          });
    } catch (NoSuchFileException e) {
      throw StoreErrors.noSuchRegion("delete", path);
    } catch (IOException e) {
      throw StoreErrors.of("delete", -1, path, e);
    }
  }

  /**
   * Deletes a checkpointed region of a journal that is open here, durably. The journal stays, also
   * when it has no member any more; its owner deletes it then.
   */
  public boolean delete(String name, boolean whileOpen, Journal journal) throws MemoryException {
    return StoreErrors.call(
        "delete",
        -1,
        path(name),
        () -> ChannelDisk.call(() -> checkpointed.delete(name, whileOpen, journal)));
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
      ChannelDisk.run(
          () -> {
            if (!checkpointed.rename(name, newName)) {
              entries.renameClosed(path, target, durable);
            }
          });
    } catch (NoSuchFileException e) {
      throw StoreErrors.noSuchRegion("rename", path);
    } catch (IOException e) {
      throw StoreErrors.of("rename", -1, path, e);
    }
  }

  /** Whether the directory is still to be made; throws if that cannot be told. */
  boolean isMissingByDesign(String operation) throws MemoryException {
    return place.isMissingByDesign(operation);
  }

  void requireDirectory(String operation) throws MemoryException {
    place.require(operation);
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
