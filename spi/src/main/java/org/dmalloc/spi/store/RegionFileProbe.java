/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.spi.checkpoint.JournalRef;
import org.dmalloc.spi.checkpoint.Journals;
import org.dmalloc.spi.machine.LockHolders;
import org.dmalloc.spi.sharing.MemberLocks;
import org.dmalloc.spi.store.OpenFiles.Entry;
import org.jspecify.annotations.Nullable;

/**
 * What can be said about a region file without opening the region. Asks {@link OpenFiles} first and
 * leaves a file that this JVM holds alone: closing it again would drop the holder's lock.
 *
 * @param region the region as listings show it
 * @param flaws what is not as it should be, though the region can be opened
 * @param note of a move between stores; null if there is none, or if the file is in use
 * @param journal of a checkpointed region; null for any other, or if it is open in this JVM
 */
record RegionFileProbe(
    StoredRegion region,
    List<String> flaws,
    @Nullable HandOver note,
    @Nullable JournalRef journal) {

  /** Empty if the file is gone by now. */
  static Optional<RegionFileProbe> of(Path path) throws IOException {
    String fileName = String.valueOf(path.getFileName());
    String stem = fileName.substring(0, fileName.length() - RegionFileName.SUFFIX.length());
    String name = RegionFileName.parse(fileName).orElse(stem);
    try {
      if (RegionFileName.parse(fileName).isEmpty()) {
        throw StoreErrors.foreignName(path);
      }
      return examine(
          path, holders -> heldHere(name, path, holders), file -> read(name, path, file));
    } catch (IOException e) {
      return Optional.of(unusable(name, path, StoreErrors.of("open", -1, path, e)));
    }
  }

  /** Reads a file that is not open in this JVM, and is not opened meanwhile. */
  @FunctionalInterface
  private interface Reading<T> {
    T of(FileIdentity.Opened file) throws IOException;
  }

  /** Empty if there is no such file. */
  private static <T> Optional<T> examine(
      Path path, Function<List<Entry>, T> ifHeld, Reading<T> reading) throws IOException {
    try {
      synchronized (OpenFiles.pathMonitor(path)) {
        FileIdentity identity = FileIdentity.of(path);
        synchronized (OpenFiles.monitor(identity)) {
          List<Entry> holders = OpenFiles.entries(identity);
          if (!holders.isEmpty()) {
            return Optional.of(ifHeld.apply(holders));
          }
          try (FileIdentity.Opened file = FileIdentity.openAsAllowed(path, identity)) {
            return Optional.of(reading.of(file));
          }
        }
      }
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Whether it is what a move that was cut off left of its source. */
  boolean isSuperseded() {
    return note != null && note.isSuperseded();
  }

  /** Like this one, unless a move that was cut off keeps the region from being opened now. */
  RegionFileProbe resolved() {
    if (note == null
        || note.role() != HandOver.Role.LEAVING
        || note.standing() != HandOver.Standing.UNKNOWN) {
      return this;
    }
    return unusable(
        region.name(), region.path(), StoreErrors.moveCutOff("open", region.path(), note));
  }

  /** Whether the file is open, here or in another process. */
  static boolean isHeld(Path path) throws IOException {
    return examine(path, holders -> true, file -> !LockedFile.lock(file.channel(), file.writable()))
        .orElse(false);
  }

  /** Whether it is not open here, and not a file of the store's. */
  static boolean isForeign(Path path) throws IOException {
    return examine(path, holders -> false, file -> HeaderCopies.isForeign(file.disk()))
        .orElse(false);
  }

  private static RegionFileProbe heldHere(String name, Path path, List<Entry> entries) {
    Entry last = entries.getLast();
    StoredRegion region =
        new StoredRegion(
            name,
            last.byteSize(),
            last.length(),
            path,
            StoredRegion.State.OPEN,
            "open " + describe(path, entries),
            Instant.ofEpochMilli(last.createdAtMillis()),
            last.snapshot(),
            false);
    return new RegionFileProbe(region, List.of(), null, null);
  }

  /** Who has it, those in other processes included where it is process-shared. */
  private static String describe(Path path, List<Entry> entries) {
    String here = OpenFiles.describe(entries);
    if (!entries.getFirst().isMember()) {
      return here;
    }
    long own = ProcessHandle.current().pid();
    List<Long> others = LockHolders.pids(path).stream().filter(pid -> pid != own).toList();
    String there = others.isEmpty() ? "" : ", and " + LockHolders.describe(others);
    return "process-shared " + here + there;
  }

  private static RegionFileProbe read(String name, Path path, FileIdentity.Opened file)
      throws IOException {
    // Exclusive where possible: a shared lock would not notice those who only read.
    boolean free = LockedFile.lock(file.channel(), file.writable());
    if (!free && file.channel().size() == 0) {
      throw new NoSuchFileException(
          path.toString()); // somebody is about to give the name to a file
    }
    RegionImage image = RegionImage.load(file.disk(), path);
    JournalRef journal = image.header().journal();
    Path directory = Objects.requireNonNull(path.getParent());
    if (journal != null && !Journals.exists(directory, journal.journal())) {
      throw StoreErrors.journalMissing(path, Journals.path(directory, journal.journal()));
    }
    StoredRegion region =
        new StoredRegion(
            name,
            image.header().byteSize(),
            image.header().length(),
            path,
            free ? StoredRegion.State.CLOSED : StoredRegion.State.OPEN,
            free ? "" : "open " + describe(path, file),
            image.header().createdAt(),
            image.header().snapshot(),
            journal != null);
    // A writer elsewhere may be between two writes; only at rest a difference is a flaw.
    return new RegionFileProbe(
        region, free ? flaws(image) : List.of(), free ? image.header().handOver() : null, journal);
  }

  private static String describe(Path path, FileIdentity.Opened file) throws IOException {
    boolean members = MemberLocks.isContentFree(file.channel(), file.writable());
    return (members ? "process-shared " : "") + LockHolders.describe(path);
  }

  private static List<String> flaws(RegionImage image) throws IOException {
    List<String> flaws = new ArrayList<>(image.flaws());
    boolean checkpointed = image.header().journal() != null; // which grow before their header does
    long surplus = checkpointed ? 0 : image.surplusBytes();
    if (surplus > 0) {
      flaws.add(
          surplus
              + " bytes too long, from a resize that was cut off; a resize trims it,"
              + " also to the size that it has");
    }
    return flaws.isEmpty() ? flaws : List.copyOf(flaws);
  }

  private static RegionFileProbe unusable(String name, Path path, MemoryException why) {
    String detail = Objects.requireNonNull(why.getMessage());
    return new RegionFileProbe(
        new StoredRegion(name, -1, -1, path, StoredRegion.State.UNUSABLE, detail, null),
        List.of(),
        null,
        null);
  }
}
