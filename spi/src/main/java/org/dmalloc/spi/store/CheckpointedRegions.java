/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;
import org.dmalloc.spi.checkpoint.Journal;
import org.dmalloc.spi.checkpoint.JournalRef;
import org.dmalloc.spi.checkpoint.Journals;
import org.dmalloc.spi.checkpoint.MemberFile;
import org.dmalloc.spi.checkpoint.OpenGroups;
import org.jspecify.annotations.Nullable;

/**
 * What a store does with regions that have a journal, so that file and journal never part.
 *
 * <p>The header of the file tells the journal and the member; the journal tells the name of the
 * file. A member without a name is one that is being created or deleted: what has its number goes,
 * the file first, when the journal is opened next, or the store. So a crash between the steps of
 * either leaves all or nothing. After one between the steps of a renaming the file is found by its
 * header.
 */
final class CheckpointedRegions {
  /** Of a member that is being created or deleted. */
  private static final String NO_NAME = "";

  private static final Logger LOG = System.getLogger(CheckpointedRegions.class.getName());

  private final RegionStore store;
  private final Path directory;
  private final DirectoryEntries entries;

  CheckpointedRegions(RegionStore store) {
    this.store = store;
    this.directory = store.directory();
    this.entries = store.entries();
  }

  /** What the header of a file says, which may be open; empty if it has no journal. */
  static Optional<JournalRef> journalOf(Path path) throws IOException {
    synchronized (OpenFiles.pathMonitor(path)) {
      FileIdentity identity = FileIdentity.of(path);
      synchronized (OpenFiles.monitor(identity)) {
        FileChannel channel = FileIdentity.open(path, false);
        try {
          return Optional.ofNullable(
              RegionImage.load(new ChannelDisk(channel, identity), path).header().journal());
        } finally {
          OpenFiles.leave(identity, channel);
        }
      }
    }
  }

  /** The same of what need be no region: null, too, if it is none, or is not there. */
  private static @Nullable JournalRef journalIfAny(Path path) {
    try {
      return journalOf(path).orElse(null);
    } catch (IOException e) {
      return null; // whoever opens it is told
    }
  }

  /** The name of the region that has a member's file; empty if none has. */
  private Optional<String> locate(JournalRef member, String name) throws IOException {
    if (!name.isEmpty() && member.equals(journalIfAny(store.path(name)))) {
      return Optional.of(name);
    }
    for (Path file : Temporaries.files(directory, CheckpointedRegions::isRegion)) {
      if (member.equals(journalIfAny(file))) {
        return RegionFileName.parse(String.valueOf(file.getFileName()));
      }
    }
    return Optional.empty();
  }

  private static boolean isRegion(Path file) {
    return RegionFileName.parse(String.valueOf(file.getFileName())).isPresent();
  }

  /** Creates a region as a member of a journal, durably. */
  StoreFile create(
      String name,
      long byteSize,
      Reservation reservation,
      SpaceReserver reserver,
      Journal journal,
      String holder)
      throws MemoryException {
    int member = journal.add(NO_NAME);
    JournalRef ref = new JournalRef(journal.id(), member);
    StoreFile file = null;
    try {
      file =
          store.create(
              name,
              OpenMode.WRITER,
              byteSize,
              reservation,
              ref,
              reserver,
              NameDurability.NOW,
              holder);
      journal.rename(member, name);
      return file;
    } catch (IOException | RuntimeException | Error e) {
      undo(e, file, journal, member);
      throw e;
    }
  }

  private static void undo(Throwable cause, @Nullable StoreFile file, Journal journal, int member) {
    try {
      if (file != null) {
        file.discard();
      }
      journal.remove(member);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /** Brings what a journal has into the files, and ends what a crash has cut off. */
  void replay(Journal journal) throws MemoryException {
    journal.replay((member, name) -> open(new JournalRef(journal.id(), member), name));
    StoreErrors.run("open", -1, directory, () -> reconcile(journal));
  }

  private Optional<MemberFile> open(JournalRef member, String name) throws MemoryException {
    Optional<String> found = StoreErrors.call("open", -1, directory, () -> locate(member, name));
    if (found.isEmpty()) {
      return Optional.empty();
    }
    StoreFile file =
        store.openUnchecked(found.get(), OpenMode.WRITER, NameDurability.NOW, "its journal");
    return Optional.of(file.memberFile(true));
  }

  /** Ends creations and deletions that were cut off, and takes note of new names. */
  private void reconcile(Journal journal) throws IOException {
    for (Map.Entry<Integer, String> member : Map.copyOf(journal.members()).entrySet()) {
      String name = member.getValue();
      Optional<String> found =
          locate(new JournalRef(journal.id(), member.getKey()), member.getValue());
      if (name.isEmpty()) {
        if (found.isPresent()) {
          entries.delete(store.path(found.get()), NameDurability.NOW, () -> {}, false);
        }
        journal.remove(member.getKey());
      } else if (found.isPresent() && !found.get().equals(name)) {
        journal.rename(member.getKey(), found.get());
      }
    }
  }

  /** Has the file of a region that is to be read all that its journal has for it. */
  void settle(Path path) throws MemoryException {
    JournalRef ref = journalIfAny(path);
    if (ref != null
        && Journals.exists(directory, ref.journal())
        && !Journals.isSettled(directory, ref.journal())) {
      try (Journal journal = Journal.open(directory, ref.journal(), "a reader's opening")) {
        replay(journal);
      }
    }
  }

  /**
   * Deletes the journal of that id, if no region here has it: a move that was cut off has left it.
   *
   * @throws MemoryException if a region has it, or another journal has the group's name
   */
  void requireNone(UUID id, String group) throws IOException {
    if (!group.isEmpty() && Journal.find(directory, group).filter(id::equals).isEmpty()) {
      requireNoGroup(group);
    }
    if (!Journals.exists(directory, id)) {
      return;
    }
    for (Path file : Temporaries.files(directory, CheckpointedRegions::isRegion)) {
      JournalRef ref = journalIfAny(file);
      if (ref != null && ref.journal().equals(id)) {
        throw MemoryException.of(
            "move",
            file.toString(),
            "it has the journal of the region that moves: it is a copy of it",
            "remove it, or move to another store");
      }
    }
    try (Journal left = Journal.open(directory, id, "its removal")) {
      left.delete();
    }
  }

  private void requireNoGroup(String group) throws MemoryException {
    if (Journal.find(directory, group).isPresent()) {
      throw MemoryException.of(
          "move",
          directory.toString(),
          "it has a group " + group + " of its own",
          "move to another store");
    }
  }

  /**
   * Takes a region whose file is gone out of its journal, as far as nobody has that open; else, and
   * where it cannot be written, the journal stays and verify tells.
   */
  static void forget(Path directory, @Nullable JournalRef ref) {
    if (ref == null || !Journals.exists(directory, ref.journal())) {
      return;
    }
    try (Journal journal = Journal.open(directory, ref.journal(), "the end of a move")) {
      if (journal.members().containsKey(ref.member())) {
        journal.remove(ref.member());
      }
      if (journal.members().isEmpty()) {
        journal.delete();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the journal of a region that has moved stays: {0}", e.getMessage());
    }
  }

  /** Throws if the journal of a region is missing: nobody knows what it had for it. */
  void requireJournal(StoreFile file) throws MemoryException {
    JournalRef ref = file.journal();
    if (ref != null && !Journals.exists(directory, ref.journal())) {
      throw StoreErrors.journalMissing(file.path(), Journals.path(directory, ref.journal()));
    }
  }

  /** Deletes a region, and its journal with the last one; false if it has no journal. */
  Optional<Boolean> delete(String name, boolean whileOpen, boolean wipe) throws IOException {
    JournalRef ref = journalIfAny(store.path(name));
    if (ref == null || !isReadable(ref)) {
      return Optional.empty();
    }
    Optional<Journal> open = OpenGroups.journal(directory, ref.journal());
    if (open.isPresent()) {
      return Optional.of(delete(name, whileOpen, open.get(), ref.member(), wipe));
    }
    try (Journal journal = Journal.open(directory, ref.journal(), "a deletion")) {
      boolean held = delete(name, whileOpen, journal, ref.member(), wipe);
      if (journal.members().isEmpty()) {
        if (wipe) {
          journal.wipe();
        }
        journal.delete();
      }
      return Optional.of(held);
    }
  }

  /** One that is damaged, or gone, keeps nobody from deleting or renaming a region of it. */
  private boolean isReadable(JournalRef ref) {
    return Journals.exists(directory, ref.journal())
        && Journals.isReadable(directory, ref.journal());
  }

  /** Deletes a region of a journal that is open here, which stays, also without a member. */
  boolean delete(String name, boolean whileOpen, Journal journal) throws IOException {
    JournalRef ref = journalOf(store.path(name)).orElse(null);
    if (ref == null || !ref.journal().equals(journal.id())) {
      throw new IllegalArgumentException(name + " is no member of " + journal.path());
    }
    return delete(name, whileOpen, journal, ref.member(), false);
  }

  private boolean delete(String name, boolean whileOpen, Journal journal, int member, boolean wipe)
      throws IOException {
    if (!journal.members().containsKey(member)) {
      return remove(name, whileOpen, () -> {}, wipe);
    }
    boolean[] marked = {false};
    try {
      boolean held =
          remove(
              name,
              whileOpen,
              () -> {
                marked[0] = true;
                journal.rename(member, NO_NAME);
              },
              wipe);
      journal.remove(member);
      return held;
    } catch (IOException | RuntimeException | Error e) {
      if (marked[0] && member(name).isPresent()) {
        restoreName(e, journal, member, name);
      }
      throw e;
    }
  }

  private Optional<JournalRef> member(String name) {
    return Optional.ofNullable(journalIfAny(store.path(name)));
  }

  private static void restoreName(Throwable cause, Journal journal, int member, String name) {
    try {
      journal.rename(member, name);
    } catch (MemoryException e) {
      cause.addSuppressed(e);
    }
  }

  private boolean remove(String name, boolean whileOpen, ChannelDisk.Step before, boolean wipe)
      throws IOException {
    Path path = store.path(name);
    return whileOpen
        ? entries.unlink(path, NameDurability.NOW, before)
        : entries.delete(path, NameDurability.NOW, before, wipe);
  }

  /** Renames a closed region; false if it has no journal. */
  boolean rename(String name, String newName) throws IOException {
    JournalRef ref = journalIfAny(store.path(name));
    if (ref == null || !isReadable(ref)) {
      return false;
    }
    Optional<Journal> open = OpenGroups.journal(directory, ref.journal());
    if (open.isPresent()) {
      rename(name, newName, ref, open.get());
      return true;
    }
    try (Journal journal = Journal.open(directory, ref.journal(), "a renaming")) {
      rename(name, newName, ref, journal);
      return true;
    }
  }

  private void rename(String name, String newName, JournalRef ref, Journal journal)
      throws IOException {
    boolean listed = journal.members().containsKey(ref.member());
    if (listed) {
      journal.rename(ref.member(), newName);
    }
    try {
      entries.renameClosed(store.path(name), store.path(newName), NameDurability.NOW);
    } catch (IOException | RuntimeException | Error e) {
      if (listed) {
        restoreName(e, journal, ref.member(), name);
      }
      throw e;
    }
  }

  /** Removes what crashes have left of journals, as far as this user may. */
  void removeLeft() throws MemoryException {
    try {
      Journals.removeUnfinished(directory);
    } catch (IOException e) {
      // In use, or not ours to remove: verify tells.
    }
    for (UUID id : Journals.list(directory)) {
      try {
        if (!Journals.isInUse(directory, id) && Journals.hasRemains(directory, id)) {
          removeLeft(id);
        }
      } catch (IOException e) {
        // Gone by now, damaged, or not ours to remove: verify tells.
      }
    }
  }

  private void removeLeft(UUID id) throws IOException {
    try (Journal journal = Journal.open(directory, id, "its removal")) {
      reconcile(journal);
      if (journal.members().isEmpty()) {
        journal.delete();
      }
    }
  }
}
