/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.dmalloc.api.MemoryException;
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

  /** One write of {@link #wipe}. */
  private static final int WIPE_BYTES = 1 << 20;

  private final JournalFiles files;
  private final SuperblockFile superblock;
  private final UUID id;
  private final String group;
  private final Slots slots;

  /** What keeps the journal from being used; null if nothing does. */
  private final Recovery.@Nullable Damage damage;

  /** Held while the superblock is changed, which waits for the device. */
  private final ReentrantLock changes = new ReentrantLock();

  private volatile SortedMap<Integer, String> members;
  private volatile long applied;
  private volatile boolean closed;

  private Journal(JournalFiles files, SuperblockFile superblock, Recovery recovery) {
    Superblock now = superblock.now();
    this.files = files;
    this.superblock = superblock;
    this.id = now.id();
    this.group = now.group();
    this.members = now.members();
    this.applied = recovery.applied();
    this.damage = recovery.damage();
    this.slots = new Slots(files, id, recovery, new SlotsOwner());
  }

  private final class SlotsOwner implements Slots.Owner {
    @Override
    public void checkMember(int member) {
      Journal.this.checkMember(member);
    }

    @Override
    public void sealed() {
      // Whoever changes the superblock at this moment waits for the device, and notes it himself.
      if (changes.tryLock()) {
        try {
          acknowledge();
        } finally {
          changes.unlock();
        }
      }
    }
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
    return make(store, id, group, holder, (journal, made) -> made.publish(store, id));
  }

  /** What is done to a journal that has just been made. */
  @FunctionalInterface
  private interface Completion {
    void complete(Journal journal, JournalDirectory made) throws IOException;
  }

  /** Makes a journal, of which nothing stays if it cannot be completed. */
  private static Journal make(
      Path store, UUID id, String group, String holder, Completion completion)
      throws MemoryException {
    return JournalErrors.call(
        "create journal",
        -1,
        store,
        () -> {
          JournalDirectory made = JournalDirectory.create(store, id, holder);
          try {
            Journal journal = create(made, id, group);
            completion.complete(journal, made);
            return journal;
          } catch (IOException | RuntimeException | Error e) {
            deleteAfter(e, made);
            throw e;
          }
        });
  }

  /**
   * Makes the journal of one region that comes from another store. It has no name, and goes with
   * its process, until {@link #arrive}.
   *
   * @param id that of the region's journal in the other store
   * @param member the region's number there
   */
  public static Journal receive(
      Path store, UUID id, String group, int member, String region, String holder)
      throws MemoryException {
    return make(
        store,
        id,
        group,
        holder,
        (journal, made) -> journal.change("add member", now -> now.put(member, region)));
  }

  /** Goes on from a checkpoint that the region's file has, and gets its name. */
  public void arrive(Path store, long number, Instant at) throws MemoryException {
    changes.lock();
    try {
      checkOpen();
      Superblock next = superblock.now().withProgress(number, number, at);
      JournalErrors.run(
          "move",
          -1,
          files.groupPath(),
          () -> {
            superblock.progress(next);
            ((JournalDirectory) files).publish(store, id);
          });
      slots.goOnFrom(number, at);
      applied = number;
    } finally {
      changes.unlock();
    }
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
    return Journals.find(store, group);
  }

  public UUID id() {
    return id;
  }

  public String group() {
    return group;
  }

  /** Its directory. */
  public Path path() {
    return files.path();
  }

  /** The names of the regions by their numbers in the journal. */
  public Map<Integer, String> members() {
    return Collections.unmodifiableSortedMap(members);
  }

  /**
   * Adds a region, which must not be one yet.
   *
   * @return its number, which none had before
   */
  public int add(String region) throws MemoryException {
    int[] member = new int[1];
    change(
        "add member",
        now -> {
          member[0] = superblock.now().nextMember();
          now.put(member[0], region);
        });
    return member[0];
  }

  /** Removes a member; a journal that has none left is to be {@linkplain #delete deleted}. */
  public void remove(int member) throws MemoryException {
    checkMember(member);
    change("remove member", now -> now.remove(member));
  }

  /** Notes the new name of a region. */
  public void rename(int member, String region) throws MemoryException {
    checkMember(member);
    change("rename member", now -> now.put(member, region));
  }

  private interface Change {
    void to(SortedMap<Integer, String> members);
  }

  private void change(String operation, Change change) throws MemoryException {
    changes.lock();
    try {
      checkOpen();
      SortedMap<Integer, String> next = new TreeMap<>(members);
      change.to(next);
      int nextMember =
          Math.max(superblock.now().nextMember(), next.isEmpty() ? 0 : next.lastKey() + 1);
      JournalErrors.run(
          operation, -1, files.groupPath(), () -> superblock.members(next, nextMember));
      members = next;
      acknowledge();
    } finally {
      changes.unlock();
    }
  }

  private void checkMember(int member) {
    SortedMap<Integer, String> now = members;
    if (!now.containsKey(member)) {
      throw new IllegalArgumentException(
          "member " + member + " of " + path() + "; it has " + now.keySet());
    }
  }

  /** Notes what is durable, without a wait; under the lock. */
  private void acknowledge() {
    Slots.Last last = slots.last();
    if (superblock.now().acknowledged() < last.number()) {
      try {
        superblock.progressLazily(superblock.now().withProgress(applied, last.number(), last.at()));
      } catch (IOException e) {
        // It is durable without; the next change of the superblock says so too.
        LOG.log(Level.WARNING, "{0}: {1}", files.groupPath(), e.getMessage());
      }
    }
  }

  /** The number of the last durable checkpoint; 0 before the first. */
  public long sealed() {
    return slots.last().number();
  }

  /** When that was; {@link Instant#EPOCH} before the first. */
  public Instant sealedAt() {
    return slots.last().at();
  }

  /** The number of the last checkpoint that is in the regions' files, on the device. */
  public long applied() {
    return applied;
  }

  /**
   * Notes that the members' files have a checkpoint, and the device has them: its place can be used
   * again.
   */
  public void applied(long number) throws MemoryException {
    changes.lock();
    try {
      checkOpen();
      Slots.Last last = slots.last();
      if (number < applied || number > last.number()) {
        throw new IllegalArgumentException(
            "applied " + number + "; give " + applied + " to " + last.number());
      }
      Superblock next = superblock.now().withProgress(number, last.number(), last.at());
      JournalErrors.run("apply checkpoint", -1, files.groupPath(), () -> superblock.progress(next));
      applied = number;
      acknowledge();
    } finally {
      changes.unlock();
    }
  }

  /** How many bytes its files take. */
  public long byteSize() throws MemoryException {
    checkOpen();
    return JournalErrors.call(
        "examine",
        -1,
        path(),
        () -> {
          long sum = files.group().length();
          for (int slot = 0; slot < JournalFiles.SLOTS; slot++) {
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
  public Writer begin(long number) throws MemoryException {
    checkUsable();
    return slots.begin(number, applied);
  }

  /** A durable checkpoint; empty if its place is used by another one, or by none. */
  public Optional<Sealed> read(long number) throws MemoryException {
    checkOpen();
    return slots.read(number);
  }

  /**
   * Brings what is durable and not in the members' files there. A crash during it leaves it to be
   * done again. Not to be called while checkpoints are applied otherwise.
   *
   * @throws MemoryException if the journal is damaged, or a file cannot be written
   */
  public void replay(Members files) throws MemoryException {
    checkUsable();
    while (applied < sealed()) {
      long next = applied + 1;
      Sealed checkpoint =
          read(next).orElseThrow(() -> new IllegalStateException("checkpoint " + next));
      replay(checkpoint, files);
      applied(next);
    }
    Superblock now = superblock.now();
    if (now.applied() != applied || now.acknowledged() != sealed()) {
      applied(applied); // what the slots tell beyond the superblock
    }
  }

  private void replay(Sealed checkpoint, Members opener) throws MemoryException {
    try (Replay replay = new Replay(path(), checkpoint, members, opener)) {
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
   * Overwrites all that it has with zeros, on the device; to be deleted next, for nothing can be
   * found in it any more.
   */
  public void wipe() throws MemoryException {
    changes.lock();
    try {
      checkOpen();
      JournalErrors.run("wipe", -1, path(), this::overwrite);
    } finally {
      changes.unlock();
    }
  }

  private void overwrite() throws IOException {
    for (int slot = 0; slot < JournalFiles.SLOTS; slot++) {
      overwrite(files.slot(slot));
    }
    overwrite(files.group());
  }

  private static void overwrite(JournalDisk disk) throws IOException {
    long length = disk.length();
    ByteBuffer zeros = ByteBuffer.allocateDirect(WIPE_BYTES);
    for (long done = 0; done < length; done += zeros.limit()) {
      disk.write(done, zeros.clear().limit((int) Math.min(WIPE_BYTES, length - done)));
    }
    disk.sync();
  }

  /**
   * Deletes the journal, with all checkpoints that are not in the regions' files, and closes it.
   */
  public void delete() throws MemoryException {
    changes.lock();
    try {
      checkOpen();
      closed = true;
      JournalErrors.run("delete", -1, path(), files::delete);
    } finally {
      changes.unlock();
    }
  }

  /** Closes it; what is not applied yet is when it is opened. Closing again does nothing. */
  @Override
  public void close() throws MemoryException {
    changes.lock();
    try {
      if (!closed) {
        closed = true;
        JournalErrors.run("close", -1, path(), files::close);
      }
    } finally {
      changes.unlock();
    }
  }
}
