/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.spi.checkpoint.JournalRef;
import org.dmalloc.spi.checkpoint.MemberFile;
import org.dmalloc.spi.machine.LockHolders;
import org.dmalloc.spi.region.MovableFile;
import org.dmalloc.spi.region.RegionBacking;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.dmalloc.spi.region.Uninterrupted.Work;
import org.jspecify.annotations.Nullable;

/**
 * One open file of a store: the backing of one region.
 *
 * <p><b>Ownership.</b> The region that opened it closes it, after it has unmapped the data.
 *
 * <p><b>Threads.</b> All methods may be called from any thread; none of them minds an interrupt,
 * except that {@link #resize} passes on the refusal of its reserver.
 *
 * <p>It is long because it is one lock's: what is done to file, header and name excludes each
 * other. What is done to the data does not; that is {@link FileData}'s.
 *
 * <p><b>Other descriptors.</b> Closing any descriptor of a file drops all locks that the process
 * has on it. Whoever opens another descriptor on {@link #path()} must hand its closing to {@link
 * #attach}, and do so before anything else can fail.
 */
public final class StoreFile implements MovableFile, AutoCloseable {
  private static final Logger LOG = System.getLogger(StoreFile.class.getName());

  private final RegionStore store;
  private final LockedFile locked;
  private final ChannelDisk disk;
  private final FileData data;
  private final OpenMode mode;
  private final NameDurability durable;
  private volatile @Nullable String name;
  private volatile long byteSize;
  private volatile boolean holes;
  private @Nullable RegionImage image;

  /** Of a file that it shares; null if it has one of its own. */
  private final SharedFile.@Nullable Part part;

  /** Null unless other processes may have the file open for writing too. */
  private final @Nullable FileMembers members;

  /** Whether this one changes the header in its turn, of a file that others change too. */
  private boolean inTurn;

  /** The header that this one has waited for last, of a file that others change too. */
  private @Nullable RegionHeader onDevice;

  /** Keeps others out until the file has its content and its name. */
  private RegionMembers.@Nullable Hold creation;

  /** Whether the file is to go. */
  private volatile boolean discarded;

  /**
   * Whether the file was opened and not forced since: another process may have put off its header
   * and its name, and a force of the region has to make up for that. Closing it need not.
   */
  private boolean inherited;

  /** Whether the device may not have the file's entry in its directory. */
  private boolean nameUnforced;

  /** The length that was set; in the header with the next force, resize or close. */
  private long ownLength = RegionHeader.NO_LENGTH;

  /** Whether it was set by this one, and is still to be written. */
  private boolean lengthSet;

  StoreFile(
      RegionStore store,
      LockedFile locked,
      OpenMode mode,
      NameDurability durable,
      @Nullable String name) {
    this(store, locked, mode, durable, name, null);
  }

  private StoreFile(
      RegionStore store,
      LockedFile locked,
      OpenMode mode,
      NameDurability durable,
      @Nullable String name,
      SharedFile.@Nullable Part part) {
    this.store = store;
    this.locked = locked;
    this.disk = locked.disk();
    this.data = new FileData(this, locked);
    this.mode = mode;
    this.durable = durable;
    this.name = name;
    this.part = part;
    this.members = mode.isMember() ? new FileMembers(locked) : null;
  }

  /** A part of a file as the file of an unnamed region, which gives it back when it is closed. */
  static StoreFile ofPart(RegionStore store, SharedFile.Part part) {
    LockedFile file = part.file().lend(part);
    return new StoreFile(store, file, OpenMode.WRITER, NameDurability.NOW, null, part);
  }

  /** Writes a new named region into the empty file. */
  synchronized void initialise(RegionHeader header, SpaceReserver reserver) throws IOException {
    if (members != null) {
      creation =
          members
              .tryExclude()
              .orElseThrow(
                  () ->
                      StoreErrors.openElsewhere(
                          "allocate", path(), LockHolders.describe(path()), false, mode));
    }
    image =
        shared(
            RegionImage.initialise(
                disk, header, (at, length) -> reserver.reserve(this, at, length)));
    adopt(image.header());
  }

  private RegionImage shared(RegionImage read) {
    if (members != null) {
      read.shareWithOthers();
    }
    return read;
  }

  /**
   * Changes size or header. Of a file that other processes change too, in this one's turn, and as
   * the file has them by then.
   */
  private void inTurn(String operation, ChannelDisk.Step change) throws IOException {
    if (members == null || inTurn) {
      change.run();
      return;
    }
    RegionMembers.Hold turn = members.awaitTurn(operation, path());
    try (turn) {
      inTurn = true;
      if (image == null) {
        change.run(); // which loads it; the device may not have it yet
        return;
      }
      reload(image);
      change.run();
      if (!image.isUnforced()) {
        onDevice = image.header();
      }
    } finally {
      inTurn = false;
    }
  }

  /** Works with the file's length while no other process changes it. */
  <T> T whileLengthStays(String operation, Work<T, IOException> work) throws IOException {
    if (members == null) {
      return work.run();
    }
    List<T> result = new ArrayList<>();
    synchronized (this) {
      inTurn(operation, () -> result.add(work.run()));
    }
    return result.getFirst();
  }

  /** Takes over what others have changed; the size is this one's own. */
  private void reload(RegionImage before) throws IOException {
    RegionImage now = shared(RegionImage.load(disk, path()));
    if (now.header().generation() < before.header().generation()) {
      return; // a failed write has lost the newer one, which is known here
    }
    if (!now.header().equals(onDevice)) {
      now.doubt(); // what others have put off
    }
    image = now;
    holes = now.header().hasHoles();
    if (!lengthSet) {
      ownLength = now.header().ownLength();
    }
  }

  /** Backs an unnamed region by the empty file or its part, with data from its first byte. */
  synchronized void initialiseUnnamed(long newByteSize, SpaceReserver reserver) throws IOException {
    long length = FileLengths.of(0, newByteSize);
    if (!(reserver instanceof ZeroFill)) { // which makes it that long
      disk.setLength(length);
    }
    reserver.reserve(this, dataOffset(), length);
    byteSize = newByteSize;
  }

  synchronized void load() throws IOException {
    boolean lost = disk.isLost() && mode.stores();
    if (lost && members == null) {
      tryAgain(() -> store.unforced().rewrite(locked));
    }
    inTurn("open", () -> loadInTurn(lost));
  }

  private void loadInTurn(boolean lost) throws IOException {
    RegionImage loaded = shared(RegionImage.load(disk, path()));
    SnapshotOrigin origin = loaded.header().snapshot();
    if (origin != null && mode.stores()) {
      throw StoreErrors.snapshot(path(), origin);
    }
    image = loaded;
    if (lost) {
      tryAgain(loaded::heal);
    } else if (mode.stores() && (durable == NameDurability.NOW || loaded.isAiling())) {
      loaded.heal();
    }
    if (durable == NameDurability.ON_FORCE) {
      nameUnforced = true;
      if (members == null) {
        loaded.doubt(); // what others have put off
      }
    } else {
      inherited = true;
    }
    adopt(loaded.header());
  }

  /** Where the device still fails, the region can be opened even so, and its data be read. */
  private void tryAgain(ChannelDisk.Step toWrite) {
    try {
      toWrite.run();
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "the header of {0} is still not on the device; each force tries again: {1}",
          path(),
          e.getMessage());
    }
  }

  private void renamed(Path newPath, String newName) {
    locked.renamed(newPath);
    name = newName;
    nameUnforced = true;
  }

  /**
   * Gives the region another name, which nothing has yet.
   *
   * @param told gets the name that holds afterwards, if it is another one
   * @throws IllegalStateException if it is not open for writing
   * @throws MemoryException if the name is taken, if the file has lost its own, or if the directory
   *     cannot be forced; the old name holds then, and the next {@link #forceName} forces it. Where
   *     the device refuses to give the old name back too, the new one holds, as the message says
   */
  public synchronized void rename(
      String newName, NameDurability durable, RegionBacking.Renamed told) throws MemoryException {
    String oldName = Objects.requireNonNull(name);
    try {
      rename(oldName, newName, durable);
    } finally {
      String now = Objects.requireNonNull(name);
      if (!now.equals(oldName)) {
        told.to(now, path());
      }
    }
  }

  private void rename(String oldName, String newName, NameDurability durable)
      throws MemoryException {
    requireWriter("rename");
    checkName("rename");
    HandOver note = handOver();
    boolean leaves = note != null && note.role() == HandOver.Role.LEAVING;
    if (leaves || !path().equals(store.path(oldName))) {
      throw StoreErrors.moves(path());
    }
    requireArrived("rename"); // the file that it came from knows it by its path
    Path target = store.path(newName);
    if (!target.equals(path())) {
      StoreErrors.run(
          "rename",
          byteSize,
          path(),
          () ->
              ChannelDisk.run(
                  () ->
                      store
                          .entries()
                          .rename(
                              path(),
                              target,
                              identity(),
                              now -> renamed(now, now.equals(target) ? newName : oldName),
                              durable)));
      nameUnforced = durable == NameDurability.ON_FORCE;
    } else if (nameUnforced && durable == NameDurability.NOW) {
      forceName(); // the name was left unforced by a renaming that failed
    }
  }

  ChannelDisk disk() {
    return disk;
  }

  FileIdentity identity() {
    return locked.identity();
  }

  synchronized @Nullable HandOver handOver() {
    return image == null ? null : image.header().handOver();
  }

  /** The journal of a checkpointed region, and its number there; null for any other. */
  public synchronized @Nullable JournalRef journal() {
    return image == null ? null : image.header().journal();
  }

  /**
   * The file as the journal of a checkpointed region writes it; it stays open.
   *
   * @throws IllegalStateException if the region is not checkpointed, or not open for writing
   */
  public MemberFile memberFile() {
    return memberFile(false);
  }

  MemberFile memberFile(boolean owned) {
    requireWriter("checkpoint");
    if (journal() == null) {
      throw new IllegalStateException(path() + " is not checkpointed");
    }
    return new CheckpointedFile(this, owned);
  }

  /** Has the header tell size and length of a checkpoint; false if it does already. */
  synchronized boolean settleAt(long checkpointBytes, long length) throws IOException {
    boolean changed = Objects.requireNonNull(image).settleAt(checkpointBytes, length);
    noteUnforced();
    return changed;
  }

  /** Waits until the device has all of the file. */
  synchronized void forceAll() throws IOException {
    RegionImage forced = Objects.requireNonNull(image);
    forced.doubt();
    forced.force();
    store.unforced().forced(this);
  }

  /**
   * Makes the file of a checkpointed region longer, and waits until the device has that. The header
   * tells it when a checkpoint does. Does nothing if the file is as long already.
   *
   * @throws MemoryException if the space cannot be had; the old size holds
   */
  public synchronized void growFile(long newByteSize, SpaceReserver reserver)
      throws MemoryException {
    requireWriter("resize");
    if (journal() == null) {
      throw new IllegalStateException(path() + " is not checkpointed; resize it");
    }
    checkName("resize");
    FileLengths.checkAddressable("resize", newByteSize, path());
    RegionImage grown = Objects.requireNonNull(image);
    holding(
        newByteSize,
        () -> grown.lengthen(newByteSize, (at, length) -> reserver.reserve(this, at, length)));
    byteSize = newByteSize;
    describe(ownLength == RegionHeader.NO_LENGTH ? newByteSize : ownLength);
  }

  private void adopt(RegionHeader header) {
    byteSize = header.byteSize();
    holes = header.hasHoles();
    ownLength = header.ownLength();
    describe(header.length());
  }

  private void describe(long length) {
    RegionHeader header = Objects.requireNonNull(image).header();
    long shown = Math.min(length, byteSize); // others may have made it larger
    locked.describe(
        entry -> entry.describing(byteSize, shown, header.createdAt(), header.snapshot()));
  }

  public RegionStore store() {
    return store;
  }

  /** Whether it backs a named region, which has a header and outlives its process. */
  public boolean isNamed() {
    return name != null;
  }

  /** Whether others have parts of the file: then it keeps its size. */
  public boolean isShared() {
    return part != null;
  }

  /** The region's name; null for an unnamed region. */
  public @Nullable String name() {
    return name;
  }

  /** The path; a temporary one during a creation. That of an unnamed region is gone afterwards. */
  public Path path() {
    return locked.path();
  }

  /** What messages name, not the temporary path; the store's directory for an unnamed region. */
  Path target() {
    return name == null ? store.directory() : store.path(name);
  }

  /**
   * The file itself, whatever its path is: two files that are open, or the same one closed and
   * opened again, have equal keys only if they are one. With the time of the region's allocation,
   * because a deleted file's number is given to another one some time.
   */
  @Override
  public String fileKey() {
    Instant created = createdAt();
    return identity().key() + (created == null ? "" : " of " + created.toEpochMilli());
  }

  /**
   * Detects that another descriptor, opened by this file's path, leads to another file; it is where
   * the system shows it: {@code /proc/PID/fd/N}.
   */
  public void requireSame(Path descriptor) throws MemoryException {
    Object key =
        StoreErrors.call("open", -1, path(), () -> Files.getAttribute(descriptor, "fileKey"));
    if (key != null && !identity().key().equals(key.toString())) {
      throw StoreErrors.detached("open", -1, path(), "it was replaced by another file just now");
    }
  }

  /** What became of the file, if the region's name does not lead to it any more. */
  public Optional<String> fate() {
    return name == null ? Optional.empty() : FileFate.of(path(), identity());
  }

  /** Throws if the region's name does not lead to its file. */
  public void checkName(String operation) throws MemoryException {
    Optional<String> fate = fate();
    if (fate.isPresent()) {
      throw StoreErrors.detached(operation, byteSize, path(), fate.get());
    }
  }

  /** Ends an earlier move by deleting the file that it came from; on failure nothing changes. */
  @Override
  public synchronized void requireArrived() throws MemoryException {
    requireArrived("move");
  }

  private void requireArrived(String operation) throws MemoryException {
    HandOver before = handOver();
    if (before != null
        && before.role() == HandOver.Role.ARRIVED
        && !before.removeOldFile(store.entries().calls())) {
      throw StoreErrors.oldFileStays(operation, path(), before);
    }
  }

  /**
   * Notes on the device that the region goes to another file: after a crash the other one is
   * examined first. A file that has lost its name gets no note.
   *
   * @throws MemoryException if that failed; {@link #endMove} takes the note away, if it stands
   */
  @Override
  public synchronized void leaving(StoreMove move) throws MemoryException {
    requireArrived();
    requireWhole("move");
    if (fate().isEmpty()) {
      note(HandOver.of(HandOver.Role.LEAVING, move.id(), move.to()));
    }
  }

  /**
   * Throws if another process has made a process-shared region larger than this one has it.
   *
   * @param operation what would lose the rest
   */
  public synchronized void requireWhole(String operation) throws MemoryException {
    if (members != null) {
      StoreErrors.run(operation, byteSize, target(), () -> inTurn(operation, () -> {}));
      long whole = Objects.requireNonNull(image).header().byteSize();
      if (whole != byteSize) {
        throw MemoryException.of(
            operation,
            byteSize,
            target().toString(),
            "another process has made it " + whole + " bytes",
            "resize it to that first");
      }
    }
  }

  /** Takes the note of a move away, once it has failed or the other file is gone. */
  @Override
  public synchronized void endMove() throws MemoryException {
    if (handOver() != null) {
      note(null);
    }
  }

  private synchronized void note(@Nullable HandOver note) throws MemoryException {
    StoreErrors.run(
        "move",
        byteSize,
        target(),
        () -> inTurn("move", () -> Objects.requireNonNull(image).note(note)));
  }

  /** Gives the file its region's name, once it has its content, and waits for the device. */
  @Override
  public void publish() throws MemoryException {
    publish("move");
  }

  private void publish(String operation) throws MemoryException {
    Path target = store.path(Objects.requireNonNull(name));
    StoreErrors.run(
        operation,
        byteSize,
        target,
        () -> store.entries().publish(this, target, NameDurability.NOW));
  }

  /** Like {@link #publish}; from then on nobody opens it for writing. */
  @Override
  public synchronized void publishSnapshot(SnapshotOrigin origin) throws MemoryException {
    RegionImage marked = Objects.requireNonNull(image);
    StoreErrors.run("snapshot", byteSize, target(), () -> marked.mark(origin));
    publish("snapshot");
    describe(marked.header().length());
  }

  /** Overwrites bytes of the region with zeros, on the device; nobody stores to it meanwhile. */
  public void wipe(long offset, long length) throws MemoryException {
    requireWriter("wipe");
    StoreErrors.run(
        "wipe", length, target(), () -> Wiping.overwrite(disk, dataOffset() + offset, length));
  }

  /** The region's bytes in the file. */
  public FileData data() {
    return data;
  }

  /** Who has the file open; empty unless it is open process-shared. */
  public Optional<RegionMembers> members() {
    return Optional.ofNullable(members);
  }

  public OpenMode mode() {
    return mode;
  }

  /** Where in the file the region's first byte is, a multiple of 2 MiB unless others wrote it. */
  public synchronized long dataOffset() {
    long start = part == null ? 0 : part.offset();
    return image == null ? start : image.header().dataOffset();
  }

  public long byteSize() {
    return byteSize;
  }

  /** How its space was taken at allocation; RESERVED for unnamed regions. */
  public synchronized Reservation reservation() {
    return image == null ? Reservation.RESERVED : image.header().reservation();
  }

  /** Whether space that was reserved has been given up since, of a named region. */
  public boolean hasHoles() {
    return holes;
  }

  /**
   * Notes in a named region's file, on the device, whether space is given up: before it is, or
   * after all of it was taken again.
   *
   * @throws MemoryException if that cannot be written; nothing is to be given up then
   */
  public synchronized void noteHoles(boolean given) throws MemoryException {
    if (given != holes || members != null) {
      requireWriter("punch");
      try {
        StoreErrors.run(
            "punch", byteSize, target(), () -> inTurn("punch", () -> noteHolesInTurn(given)));
      } finally {
        holes = Objects.requireNonNull(image).header().hasHoles();
      }
    }
  }

  private void noteHolesInTurn(boolean given) throws IOException {
    RegionImage noted = Objects.requireNonNull(image);
    if (noted.header().hasHoles() != given) {
      noted.noteHoles(given);
    }
  }

  /** When the region was allocated; null for an unnamed one. */
  public synchronized @Nullable Instant createdAt() {
    return image == null ? null : image.header().createdAt();
  }

  /** Names its holder for the messages that others get: {@code filechannel region 7}. */
  public void describeHolder(String holder) {
    locked.describe(entry -> entry.heldBy(holder));
  }

  /**
   * Leaves another descriptor of the same file to be closed when that cannot drop a lock: on {@link
   * #close()}, or later if others in this JVM still have the file open.
   */
  public void attach(Closeable descriptor) {
    locked.attach(descriptor);
  }

  /**
   * Throws if a change of size was told of pages that could not be written, since it was asked
   * last: the kernel tells one call, and then no other.
   */
  public void checkSync() throws MemoryException {
    IOException failed = disk.takeFailedSync();
    if (failed != null) {
      throw StoreErrors.of("resize", byteSize, target(), failed);
    }
  }

  /** Makes a call that may be told that pages of the file could not be written. */
  void watch(Action call) throws MemoryException {
    if (part == null) {
      call.run();
    } else {
      part.watch("force", this, call);
    }
  }

  /**
   * Detects a file that was truncated under its mapping, where an access would raise a signal; and
   * one whose header may differ from the region, as a change failed and cannot be undone yet.
   *
   * @param operation what is about to be done, for the message
   * @throws MemoryException if the file does not hold the whole region any more
   */
  public void checkLength(String operation) throws MemoryException {
    long needed = dataOffset() + byteSize; // before the length, which growth changes first
    long length = StoreErrors.call(operation, byteSize, target(), this::settledLength);
    if (length < needed) {
      throw StoreErrors.cutShort(operation, path(), length, needed);
    }
  }

  MemoryException cutShort(String operation) throws IOException {
    return StoreErrors.cutShort(operation, path(), disk.length(), dataOffset() + byteSize);
  }

  synchronized void settle() throws IOException {
    if (image != null && members == null) { // or each turn begins with what the file has
      image.settle();
    }
  }

  /** How many bytes of the region the file has now, or more if it is longer. */
  public long backedBytes() throws MemoryException {
    long length = StoreErrors.call("stat", byteSize, target(), this::settledLength);
    return Math.max(0, length - dataOffset());
  }

  private long settledLength() throws IOException {
    settle();
    // By the name while it leads to the file: the descriptor is asked by a thread of its own.
    long named = name == null ? -1 : FileIdentity.lengthIfSame(path(), identity());
    return named >= 0 ? named : disk.length();
  }

  /**
   * Cuts what a resize of a named region that was cut off has left behind its last page; of a
   * checkpointed one, what is behind its last byte, when its journal has nothing for it.
   */
  public synchronized void trim() throws MemoryException {
    RegionImage trimmed = image;
    if (trimmed != null && members != null) {
      requireWriter("resize");
      Optional<RegionMembers.Hold> alone = members.tryExclude();
      if (alone.isPresent()) { // or what is behind the end may be what others are adding
        RegionMembers.Hold until = alone.get();
        try (until) {
          StoreErrors.run("resize", byteSize, target(), () -> inTurn("resize", this::trimInTurn));
        }
      }
    } else if (trimmed != null) {
      requireWriter("resize");
      boolean exactly = trimmed.header().journal() != null;
      StoreErrors.run("resize", byteSize, target(), exactly ? trimmed::trimExactly : trimmed::trim);
    }
  }

  private void trimInTurn() throws IOException {
    RegionImage trimmed = Objects.requireNonNull(image);
    if (trimmed.surplusBytes() > 0) {
      trimmed.trim();
      disk.sync(); // or the next one to grow it would not know that this is still to be done
    }
  }

  /**
   * Changes the region's size in the file, atomically even under power loss: after a failure or a
   * power cut the file has the old size or the new one, with all bytes that both have. New bytes
   * are zero. Before shrinking, the caller must have unmapped what goes away, and of a
   * process-shared one keep others out. Where another process has made that larger already, growth
   * up to there takes over what the file has.
   *
   * @throws MemoryException if the space cannot be had; the old size holds
   * @throws IllegalStateException if it is not open for writing
   */
  public synchronized void resize(long newByteSize, SpaceReserver reserver) throws MemoryException {
    requireWriter("resize");
    if (part != null) {
      throw new IllegalStateException("a part has one size; move the region to a file of its own");
    }
    if (journal() != null) {
      throw new IllegalStateException(path() + " is checkpointed: only a checkpoint resizes it");
    }
    checkName("resize");
    checkLength("resize");
    FileLengths.checkAddressable("resize", newByteSize, path());
    if (members != null && newByteSize < byteSize && !members.excludes()) {
      throw new IllegalStateException("to shrink what is process-shared, keep others out");
    }
    ChannelDisk.Step change = () -> inTurn("resize", () -> resizeInTurn(newByteSize, reserver));
    if (image == null) {
      StoreErrors.run("resize", newByteSize, target(), change);
    } else {
      holding(newByteSize, change);
    }
  }

  private void resizeInTurn(long newByteSize, SpaceReserver reserver) throws IOException {
    RegionImage resized = image;
    FileLengths.Reserve reserve = (at, length) -> reserver.reserve(this, at, length);
    if (resized == null) {
      FileLengths.resizePlain(disk, byteSize, newByteSize, reserve);
      byteSize = newByteSize;
      return;
    }
    boolean shrinks = newByteSize < byteSize;
    if (members != null && !shrinks && newByteSize <= resized.header().byteSize()) {
      byteSize = newByteSize; // another process has grown it
      describe(resized.header().length());
      return;
    }
    writeLength();
    // The next one to grow it may be another process, which does not know what was not waited for.
    boolean waits = members != null && shrinks;
    IOException undone = resized.resize(newByteSize, reserve, waits ? NameDurability.NOW : durable);
    if (undone == null && waits) {
      undone = trySync();
    }
    noteUnforced();
    adopt(resized.header());
    if (undone != null) {
      LOG.log(
          Level.WARNING,
          "{0} has its new size, and is to be tidied by its next opening or resize: {1}",
          path(),
          undone.getMessage());
    }
  }

  private @Nullable IOException trySync() {
    try {
      disk.sync();
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  /**
   * Takes a growth back that could not be mapped. A process-shared file keeps what it has got, as
   * others may be using it.
   */
  public synchronized void undoGrowth(long oldByteSize) throws MemoryException {
    if (members == null) {
      resize(oldByteSize, SpaceReserver.SPARSE);
    } else {
      byteSize = oldByteSize;
      describe(Objects.requireNonNull(image).header().length());
    }
  }

  /** Changes the size of a named region's file, held against the limits of the store. */
  private void holding(long newByteSize, ChannelDisk.Step change) throws MemoryException {
    StoreQuota.Hold held = store.quota().hold("resize", newByteSize - byteSize, 0, target());
    boolean done = false;
    try {
      StoreErrors.run("resize", newByteSize, target(), change);
      done = true;
    } finally {
      held.end(done);
    }
  }

  /**
   * Closes the file and leaves nothing of it, after a failed mapping or a move elsewhere. A file
   * that has lost its name stays.
   *
   * @throws IllegalStateException if it is not open for writing
   */
  public void discard() throws MemoryException {
    requireWriter("discard");
    try (locked) {
      if (name != null) {
        discarded = true;
        store.unforced().forced(this);
        if (FileIdentity.deleteIfSame(path(), identity())) {
          store.entries().settle(NameDurability.NOW);
        } else {
          endMove();
        }
      }
    } catch (IOException e) {
      throw StoreErrors.of("discard", -1, path(), e);
    }
  }

  /**
   * The length that was set, and goes with the region; {@link RegionBacking#NO_LENGTH} for none.
   */
  public synchronized long ownLength() {
    return ownLength;
  }

  /**
   * Sets the length; {@link #forceHeader}, or closing the file, makes it durable, of a checkpointed
   * region only a checkpoint does.
   */
  public synchronized void keepLength(long length) {
    if (image != null) {
      ownLength = length;
      lengthSet = true;
      describe(length);
      if (mode.stores() && journal() == null && length != image.header().ownLength()) {
        store.unforced().add(this);
      }
    }
  }

  private void writeLength() throws IOException {
    if (image != null && journal() == null && ownLength != image.header().ownLength()) {
      image.use(ownLength);
    }
    lengthSet = false;
  }

  /**
   * Waits until the device has what the header is to say, and all that it counts on. May be told of
   * a failed write-back of the data, where that was mapped by this file's channel.
   */
  public synchronized void forceHeader() throws MemoryException {
    if (inherited) {
      if (members == null) {
        Objects.requireNonNull(image).doubt();
      }
      nameUnforced = true;
      inherited = false; // from here on both are noted as what this file has put off itself
    }
    try {
      StoreErrors.run("force", byteSize, target(), this::forceImage);
    } catch (MemoryException e) {
      disk.takeFailedSync(); // told by this
      throw e;
    }
  }

  /** Like {@link #forceHeader}, and until it has the file's entry in the directory. */
  public synchronized void forceName() throws MemoryException {
    forceHeader();
    forceEntry();
  }

  /**
   * Waits until the device has the file's entry in its directory, if that was put off. What fails
   * here says nothing about the file's own bytes.
   */
  public synchronized void forceEntry() throws MemoryException {
    if (nameUnforced) {
      StoreErrors.run("force", -1, target(), () -> store.entries().settle(NameDurability.NOW));
      nameUnforced = false;
    }
  }

  void forceImage() throws IOException {
    if (members != null) {
      forceBesideOthers();
    } else if (mode == OpenMode.WRITER) {
      writeLength();
      if (image != null) {
        image.force();
      }
    } else if (image != null) {
      image.forceAsItIs(path()); // who opens it for writing makes the copies equal
    }
    store.unforced().forced(this);
  }

  private void forceBesideOthers() throws IOException {
    RegionImage now = RegionImage.load(disk, path());
    if (!lengthSet && !now.isUnforced() && now.header().equals(onDevice)) {
      return; // nobody has changed it since this one waited
    }
    if (mode.stores()) {
      inTurn(
          "force",
          () -> {
            writeLength();
            Objects.requireNonNull(image).force();
          });
    } else {
      now.doubt();
      now.forceAsItIs(path());
      onDevice = now.header();
    }
  }

  /** What the device is to get: a header, and that the path leads to it. */
  record Unforced(RegionHeader header, Path path) {}

  /** Has the header say what it is to say, and tells what the device may not have of it. */
  synchronized @Nullable Unforced written() throws IOException {
    if (members != null) {
      if (!locked.isClosed()) {
        forceImage(); // in its turn, which ends before others wait for the device
      }
      return null;
    }
    if (mode == OpenMode.WRITER && !locked.isClosed()) {
      writeLength();
    }
    return unforced();
  }

  /** What the device may not have; null if that is nothing. */
  synchronized @Nullable Unforced unforced() {
    return image != null && image.isUnforced() ? new Unforced(image.header(), path()) : null;
  }

  /** The device has got all of the file, and of its directory, since {@link #unforced} told. */
  synchronized void forced(Unforced seen) throws IOException {
    if (image == null || locked.isClosed() || !path().equals(seen.path())) {
      return;
    }
    if (image.forced(seen.header())) {
      nameUnforced = false;
      store.unforced().forced(this);
    }
  }

  /**
   * Takes note of a failed write-back that another descriptor or mapping of the file was told of:
   * the kernel tells each of them once, so this one is asked now, that no later wait is told of
   * what is known, and the header is written again.
   *
   * @param told gets what this one tells as a suppressed exception
   */
  public synchronized void writeBackFailed(MemoryException told) {
    if (!locked.isClosed() && part == null) { // which has one descriptor, and no header
      waitFailed();
      try {
        disk.sync();
      } catch (IOException e) {
        told.addSuppressed(e);
      }
      disk.takeFailedSync(); // told by that, or a resize would tell it once more
    }
  }

  /** A wait for the device has failed that was for this file too. */
  synchronized void waitFailed() {
    disk.noteLost(true);
  }

  /** Closes a file whose creation has failed. */
  void abandon() throws MemoryException {
    discarded = true;
    close();
  }

  /** The file got its name. */
  synchronized void published(Path target, NameDurability how) throws MemoryException {
    locked.renamed(target);
    nameUnforced = how == NameDurability.ON_FORCE;
    noteUnforced();
    if (creation != null) {
      creation.close();
      creation = null;
    }
  }

  private void noteUnforced() {
    if (unforced() != null) {
      store.unforced().add(this);
    }
  }

  private void requireWriter(String operation) {
    if (!mode.stores() || locked.isClosed()) {
      throw new IllegalStateException(operation + " of " + path() + ": it is not open for writing");
    }
  }

  /** Releases the locks and closes what is attached. Closing again does nothing. */
  @Override
  public synchronized void close() throws MemoryException {
    StoreErrors.run("close", -1, path(), this::release);
  }

  private void release() throws IOException {
    try (locked) {
      if (!locked.isClosed() && mode.stores() && !discarded) {
        if (durable == NameDurability.NOW || members != null) {
          try {
            if (members == null || lengthSet || unforced() != null) {
              forceImage();
            } else {
              store.unforced().forced(this);
            }
          } catch (IOException | RuntimeException | Error e) {
            store.unforced().closed(this); // who forces the names has to make up for it
            throw e;
          }
        } else {
          try {
            writeLength();
          } finally {
            if (fate().isEmpty()) {
              store.unforced().closed(this);
            } else {
              store.unforced().forced(this); // nobody can want a file without a name
            }
          }
        }
      }
    }
  }
}
