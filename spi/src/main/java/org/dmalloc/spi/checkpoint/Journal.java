/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.checkpoint.SlotFormat.Seal;
import org.jspecify.annotations.Nullable;

/**
 * Makes checkpoints of the regions of a group durable, all or nothing, before they get into the
 * regions' files: two places for one checkpoint each, which take turns, and a superblock that says
 * which checkpoints are in the files already. {@code docs/journal-format.md} describes the bytes.
 *
 * <p><b>Ownership.</b> One process has a journal open at a time, and one object in it; it closes
 * it.
 *
 * <p><b>Threads.</b> All methods may be called from any thread, and none minds an interrupt. A
 * {@link Writer} is for one thread, a {@link Sealed} for one at a time.
 *
 * <p><b>Failure.</b> What fails leaves the journal as it was, and can be tried again.
 *
 * <p><b>Durability.</b> What a method has changed is on the device when it returns.
 */
public final class Journal implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Journal.class.getName());
  private static final int SLOTS = JournalFiles.SLOTS;

  private final JournalFiles files;
  private final SuperblockFile superblock;

  /** The checkpoints of the slots; null for one that has none that counts. */
  private final @Nullable Seal[] seals;

  private long applied;
  private long sealed;
  private Instant sealedAt;

  /** What keeps the journal from being used; null if nothing does. */
  private final Recovery.@Nullable Damage damage;

  private @Nullable SlotWriter writer;

  /** The slot that has a seal which must not count, after a wait for it failed; -1 for none. */
  private int withdrawn = -1;

  private SlotWriter.@Nullable Batch batch;
  private boolean closed;

  private Journal(JournalFiles files, SuperblockFile superblock, Recovery recovery) {
    this.files = files;
    this.superblock = superblock;
    this.seals = recovery.seals().toArray(new @Nullable Seal[0]);
    this.applied = recovery.applied();
    this.sealed = recovery.sealed();
    this.sealedAt = recovery.sealedAt();
    this.damage = recovery.damage();
  }

  /** Opens the files of members for {@link #replay}. */
  @FunctionalInterface
  public interface Members {
    /**
     * Opens a member's file, which the journal closes; empty if there is none, as of a member that
     * was deleted.
     */
    Optional<MemberFile> open(int member, String region) throws MemoryException;
  }

  /** Writes one checkpoint. A call that throws {@link MemoryException} abandons it. */
  public interface Writer extends AutoCloseable {
    /**
     * Takes the space for so many more bytes of pages, with all that they bring along.
     *
     * @throws MemoryException if there is none; the checkpoint is not abandoned by that
     */
    void reserve(long bytes) throws MemoryException;

    /**
     * Adds pages. Of a page that is added several times the last content holds.
     *
     * @param offset in bytes from the start of the region, a multiple of 4096
     * @param pages whole pages; they may change meanwhile, and any mixture may be written then
     */
    void write(int member, long offset, MemorySegment pages) throws MemoryException;

    /**
     * Makes it durable; {@link Journal#sealed()} is its number when this has returned.
     *
     * @param members all members of the group as they are in the checkpoint
     */
    void seal(List<State> members) throws MemoryException;

    /** How much has been written, with what is about to be. */
    long writtenBytes();

    /** Abandons a checkpoint that is not sealed: nothing of it ever counts. */
    @Override
    void close();
  }

  /**
   * A member as a checkpoint has it.
   *
   * @param length how many bytes are in use; -1 if nobody has said
   */
  public record State(int member, long byteSize, long length) {}

  /** A durable checkpoint, for as long as its place is not used again. */
  public interface Sealed {
    long number();

    Instant at();

    List<State> members();

    /** How many different pages of a member it has. */
    long pages(int member);

    /**
     * Shows each page once, by member and offset ascending.
     *
     * @throws MemoryException if it is damaged, before anything wrong was shown; or by the visitor
     */
    void read(Visitor visitor) throws MemoryException;
  }

  /** Takes the pages of a checkpoint. */
  @FunctionalInterface
  public interface Visitor {
    /** As many bytes of zeros as are shown at once. */
    int ZERO_BYTES = 1 << 16;

    /**
     * Takes pages.
     *
     * @param content valid during the call
     */
    void pages(int member, long offset, ByteBuffer content) throws MemoryException;

    /** Takes pages that are zero; by default as content. */
    default void zeros(int member, long offset, long length) throws MemoryException {
      ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(length, ZERO_BYTES)).asReadOnlyBuffer();
      for (long at = 0; at < length; at += ZERO_BYTES) {
        zeros.clear().limit((int) Math.min(length - at, ZERO_BYTES));
        pages(member, offset + at, zeros);
      }
    }
  }

  /**
   * Makes a journal without members.
   *
   * @param store the directory of the regions
   * @param group the name of the group; empty for that of one region
   * @param holder who has it, for the messages that others get
   */
  public static Journal create(Path store, String group, String holder) throws MemoryException {
    UUID id = UUID.randomUUID();
    return JournalErrors.call(
        "create journal",
        -1,
        store,
        () -> {
          JournalDirectory made = JournalDirectory.create(store, id, holder);
          try {
            Journal journal = create(made, id, group);
            made.publish(store, id);
            return journal;
          } catch (IOException | RuntimeException | Error e) {
            deleteAfter(e, made);
            throw e;
          }
        });
  }

  private static void deleteAfter(Throwable cause, JournalFiles files) {
    try {
      files.delete();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  static Journal create(JournalFiles files, UUID id, String group) throws IOException {
    Superblock first = Superblock.first(id, group);
    return new Journal(
        files,
        SuperblockFile.create(files.group(), files.groupPath(), first),
        Recovery.of(files, first));
  }

  /**
   * Opens a journal and keeps it from everybody else. What is not in the regions' files yet is
   * brought there by {@link #replay}; before, no checkpoint can be written.
   *
   * @throws MemoryException if there is none, if it is open, or if it does not say what it has
   */
  public static Journal open(Path store, UUID id, String holder) throws MemoryException {
    Path path = JournalDirectory.path(store, id);
    return JournalErrors.call(
        "open",
        -1,
        path,
        () -> {
          JournalDirectory files = JournalDirectory.open(store, id, holder);
          try {
            Journal journal = open(files);
            if (!journal.id().equals(id)) {
              throw JournalErrors.copy(path, journal.id());
            }
            return journal;
          } catch (IOException | RuntimeException | Error e) {
            closeAfter(e, files);
            throw e;
          }
        });
  }

  private static void closeAfter(Throwable cause, JournalFiles files) {
    try {
      files.close();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  static Journal open(JournalFiles files) throws IOException {
    SuperblockFile superblock = SuperblockFile.open(files.group(), files.groupPath());
    return new Journal(files, superblock, Recovery.of(files, superblock.now()));
  }

  /** The journal of a group in a store; empty if there is none. */
  public static Optional<UUID> find(Path store, String group) throws MemoryException {
    return JournalErrors.call(
        "find journal",
        -1,
        store,
        () -> {
          for (Path directory : JournalDirectory.list(store)) {
            if (groupOf(directory).filter(group::equals).isPresent()) {
              return JournalDirectory.id(directory);
            }
          }
          return Optional.empty();
        });
  }

  /** Empty for a journal that is gone, or cannot be read: that is said when it is opened. */
  private static Optional<String> groupOf(Path directory) throws IOException {
    try {
      return Optional.of(Journals.superblock(directory).group());
    } catch (NoSuchFileException | MemoryException e) {
      return Optional.empty();
    }
  }

  private @Nullable Seal sealOf(long number) {
    Seal seal = seals[Recovery.slotOf(number)];
    return seal != null && seal.attempt().number() == number ? seal : null;
  }

  public UUID id() {
    return superblock.now().id();
  }

  public String group() {
    return superblock.now().group();
  }

  /** Its directory. */
  public Path path() {
    return files.path();
  }

  /** The names of the regions by their numbers in the journal. */
  public synchronized Map<Integer, String> members() {
    return Collections.unmodifiableSortedMap(superblock.now().members());
  }

  /**
   * Adds a region, which must not be one yet.
   *
   * @return its number, which none had before
   */
  public synchronized int add(String region) throws MemoryException {
    int member = superblock.now().nextMember();
    change("add " + region, members -> members.put(member, region), member + 1);
    return member;
  }

  /** Removes a member; a journal that has none left is to be {@linkplain #delete deleted}. */
  public synchronized void remove(int member) throws MemoryException {
    checkMember(member);
    change("remove", members -> members.remove(member), superblock.now().nextMember());
  }

  /** Notes the new name of a region. */
  public synchronized void rename(int member, String region) throws MemoryException {
    checkMember(member);
    change("rename", members -> members.put(member, region), superblock.now().nextMember());
  }

  private interface Change {
    void to(SortedMap<Integer, String> members);
  }

  private void change(String operation, Change change, int nextMember) throws MemoryException {
    checkOpen();
    SortedMap<Integer, String> next = new TreeMap<>(superblock.now().members());
    change.to(next);
    JournalErrors.run(operation, -1, files.groupPath(), () -> superblock.members(next, nextMember));
  }

  private void checkMember(int member) {
    if (!superblock.now().members().containsKey(member)) {
      throw new IllegalArgumentException(
          "member " + member + " of " + path() + "; it has " + superblock.now().members().keySet());
    }
  }

  /** The number of the last durable checkpoint; 0 before the first. */
  public synchronized long sealed() {
    return sealed;
  }

  /** When that was; {@link Instant#EPOCH} before the first. */
  public synchronized Instant sealedAt() {
    return sealedAt;
  }

  /** The number of the last checkpoint that is in the regions' files, on the device. */
  public synchronized long applied() {
    return applied;
  }

  /**
   * Notes that the members' files have a checkpoint, and the device has them: its place can be used
   * again.
   */
  public synchronized void applied(long number) throws MemoryException {
    checkOpen();
    if (number < applied || number > sealed) {
      throw new IllegalArgumentException(
          "applied " + number + "; give " + applied + " to " + sealed);
    }
    JournalErrors.run(
        "apply checkpoint",
        -1,
        files.groupPath(),
        () -> superblock.progress(superblock.now().withProgress(number, sealed, sealedAt)));
    applied = number;
  }

  /** How many bytes its files take. */
  public synchronized long byteSize() throws MemoryException {
    checkOpen();
    return JournalErrors.call(
        "examine",
        -1,
        path(),
        () -> {
          long sum = files.group().length();
          for (int slot = 0; slot < SLOTS; slot++) {
            sum += files.slot(slot).length();
          }
          return sum;
        });
  }

  /**
   * Begins a checkpoint, in the place of the one before the last.
   *
   * @param number one more than {@link #sealed()}; {@link #applied()} must be at most 2 less
   * @throws MemoryException if the journal is damaged, or an abandoned checkpoint can not be taken
   *     back yet
   * @throws IllegalStateException if one has begun and is neither sealed nor closed
   */
  public synchronized Writer begin(long number) throws MemoryException {
    checkUsable();
    if (number != sealed + 1 || applied < number - SLOTS) {
      throw new IllegalArgumentException(
          "checkpoint "
              + number
              + "; the next is "
              + (sealed + 1)
              + ", and "
              + applied
              + " is applied");
    }
    if (writer != null) {
      throw new IllegalStateException("checkpoint " + number + " has begun already");
    }
    int slot = Recovery.slotOf(number);
    SlotWriter begun =
        JournalErrors.call(
            "checkpoint",
            -1,
            files.slotPath(slot),
            () -> {
              withdraw();
              return new SlotWriter(
                  owner, files.slot(slot), files.slotPath(slot), id(), number, batch());
            });
    seals[slot] = null;
    writer = begun;
    return begun;
  }

  private SlotWriter.Batch batch() {
    SlotWriter.Batch made = batch;
    if (made == null) {
      made = new SlotWriter.Batch();
      batch = made;
    }
    return made;
  }

  private final SlotWriter.Owner owner =
      new SlotWriter.Owner() {
        @Override
        public void sealed(Seal seal) {
          Journal.this.sealed(seal);
        }

        @Override
        public void abandoned(SlotWriter abandoned, boolean sealMayBeThere) {
          Journal.this.abandoned(abandoned, sealMayBeThere);
        }

        @Override
        public void checkMember(int member) {
          synchronized (Journal.this) {
            Journal.this.checkMember(member);
          }
        }
      };

  private synchronized void sealed(Seal seal) {
    writer = null;
    sealed = seal.attempt().number();
    sealedAt = seal.at();
    seals[Recovery.slotOf(sealed)] = seal;
    try {
      superblock.progressLazily(superblock.now().withProgress(applied, sealed, sealedAt));
    } catch (IOException e) {
      // It is durable without; the next change of the superblock says so too.
      LOG.log(Level.WARNING, "{0}: {1}", files.groupPath(), e.getMessage());
    }
  }

  private synchronized void abandoned(SlotWriter abandoned, boolean sealMayBeThere) {
    writer = null;
    if (sealMayBeThere) {
      withdrawn = Recovery.slotOf(abandoned.number());
      try {
        withdraw();
      } catch (IOException e) {
        LOG.log(
            Level.WARNING,
            "{0} may have a checkpoint that failed; the next one tries again to take it back: {1}",
            files.slotPath(withdrawn),
            e.getMessage());
      }
    }
  }

  /**
   * Takes a checkpoint back that the device may have though a wait for it failed. The file is cut
   * to nothing: of what failed to be written the kernel may take blocks for written ones.
   */
  private void withdraw() throws IOException {
    if (withdrawn >= 0) {
      JournalDisk slot = files.slot(withdrawn);
      slot.setLength(0);
      slot.sync();
      withdrawn = -1;
    }
  }

  /** A durable checkpoint; empty if its place is used by another one, or by none. */
  public Optional<Sealed> read(long number) throws MemoryException {
    int slot = Recovery.slotOf(number);
    synchronized (this) {
      checkOpen();
      if (number < 1 || sealOf(number) == null) {
        return Optional.empty();
      }
    }
    return JournalErrors.call(
        "read",
        -1,
        files.slotPath(slot),
        () -> Optional.ofNullable(Recovery.reader(files, slot, id()).open(number)));
  }

  /**
   * Brings what is durable and not in the members' files there. A crash during it leaves it to be
   * done again.
   *
   * @throws MemoryException if the journal is damaged, or a file cannot be written
   */
  public synchronized void replay(Members members) throws MemoryException {
    checkUsable();
    while (applied < sealed) {
      long next = applied + 1;
      Sealed checkpoint =
          read(next).orElseThrow(() -> new IllegalStateException("checkpoint " + next));
      replay(checkpoint, members);
      applied(next);
    }
    noteProgress();
  }

  /** What the slots tell beyond the superblock gets into it. */
  private void noteProgress() throws MemoryException {
    Superblock now = superblock.now();
    if (now.applied() != applied || now.acknowledged() != sealed) {
      applied(applied);
    }
  }

  private void replay(Sealed checkpoint, Members members) throws MemoryException {
    try (Replay replay = new Replay(path(), checkpoint, superblock.now().members(), members)) {
      replay.run();
    } catch (IOException e) {
      throw JournalErrors.of("apply checkpoint " + checkpoint.number(), -1, path(), e);
    }
  }

  private void checkUsable() throws MemoryException {
    checkOpen();
    Recovery.Damage found = damage;
    if (found != null) {
      throw JournalErrors.damaged("open", found.file(), found.what());
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the journal " + path() + " is closed");
    }
  }

  /**
   * Deletes the journal, with all checkpoints that are not in the regions' files, and closes it.
   */
  public synchronized void delete() throws MemoryException {
    checkOpen();
    closed = true;
    JournalErrors.run("delete", -1, path(), files::delete);
  }

  /** Closes it; what is not applied yet is when it is opened. Closing again does nothing. */
  @Override
  public synchronized void close() throws MemoryException {
    if (!closed) {
      closed = true;
      JournalErrors.run("close", -1, path(), files::close);
    }
  }
}
