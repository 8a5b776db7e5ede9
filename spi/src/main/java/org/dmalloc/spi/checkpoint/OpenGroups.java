/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.CgroupMemory;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.MemoryInfo;
import org.dmalloc.spi.region.Uninterrupted;

/**
 * The groups that are open in this JVM, each once, whichever providers its regions come from.
 *
 * <p>A group is opened with the first of its regions: then its journal is replayed, for all regions
 * of the group. It is closed with the last one.
 */
public final class OpenGroups {
  /** The memory that is assumed where the machine does not tell. */
  private static final long MODEST_BYTES = 2L << 30;

  private static final int SHARE_OF_MEMORY = 8;
  private static final long LEAST_BOUND_BYTES = 1L << 20;

  /** By the directory of the journal: a copy of a store has the same ids. Guards all of this. */
  private static final Map<Path, Entry> OPEN = new HashMap<>();

  /**
   * How many journals with an id are just being opened or closed, which takes long: a replay, and
   * the wait for followers. Others wait for them without keeping those of other groups waiting.
   */
  private static final Map<UUID, Integer> BUSY = new HashMap<>();

  private OpenGroups() {}

  /** An open group, and how many regions it has or is about to get. */
  private static final class Entry {
    final CheckpointEngine engine;
    int members;

    Entry(CheckpointEngine engine) {
      this.engine = engine;
    }
  }

  /**
   * A place for a region that is about to be made: in its group, whose journal is made if it is not
   * there, or in one of its own.
   *
   * @param holder who has the journal, for the messages that others get
   * @param sectionTimeoutNanos how long a checkpoint waits for open sections
   * @throws MemoryException if the journal is open in another process, is damaged, or cannot be
   *     made
   * @throws IllegalArgumentException if the group is open with other options
   */
  public static GroupMember allocate(
      GroupStore store, CheckpointOptions options, String holder, long sectionTimeoutNanos)
      throws MemoryException {
    UUID id;
    synchronized (OPEN) {
      Optional<UUID> there = group(store, options);
      while (there.isPresent() && BUSY.containsKey(there.get())) {
        awaitIdle(there.get());
        there = group(store, options); // it may have gone with its last region
      }
      if (there.isEmpty()) {
        String group = options.group() == null ? "" : options.group();
        Journal made = Journal.create(store.directory(), group, holder);
        return enter(put(made, options, sectionTimeoutNanos));
      }
      id = there.get();
      Optional<Entry> open = find(store.directory(), id);
      if (open.isPresent()) {
        requireSame(open.get().engine, options);
        return enter(open.get());
      }
      beBusy(id);
    }
    return openBusy(store, id, options, holder, sectionTimeoutNanos);
  }

  private static Optional<UUID> group(GroupStore store, CheckpointOptions options)
      throws MemoryException {
    String group = options.group();
    return group == null ? Optional.empty() : Journal.find(store.directory(), group);
  }

  /** The place of a region that has come from another store, with its journal. */
  public static GroupMember adopt(
      Journal journal, CheckpointOptions options, long sectionTimeoutNanos) {
    synchronized (OPEN) {
      return enter(put(journal, options, sectionTimeoutNanos));
    }
  }

  private static GroupMember enter(Entry entry) {
    entry.members++;
    return new GroupMember(entry.engine);
  }

  /**
   * The place of a stored region that is about to be opened: its file is that of the last
   * checkpoint when this returns.
   */
  public static GroupMember open(
      GroupStore store,
      JournalRef place,
      CheckpointOptions options,
      String holder,
      long sectionTimeoutNanos)
      throws MemoryException {
    UUID id = place.journal();
    synchronized (OPEN) {
      awaitIdle(id);
      Optional<Entry> open = find(store.directory(), id);
      if (open.isPresent()) {
        requireSame(open.get().engine, options);
        return enter(open.get());
      }
      beBusy(id);
    }
    return openBusy(store, id, options, holder, sectionTimeoutNanos);
  }

  /** Opens a journal, while others who want it wait. */
  private static GroupMember openBusy(
      GroupStore store, UUID id, CheckpointOptions options, String holder, long sectionTimeoutNanos)
      throws MemoryException {
    try {
      Journal journal = Journal.open(store.directory(), id, holder);
      try {
        store.replay(journal);
        return adopt(journal, options, sectionTimeoutNanos);
      } catch (MemoryException | RuntimeException | Error e) {
        close(journal, e);
        throw e;
      }
    } finally {
      beIdle(id);
    }
  }

  private static void beBusy(UUID id) {
    BUSY.merge(id, 1, Integer::sum);
  }

  private static void beIdle(UUID id) {
    synchronized (OPEN) {
      BUSY.compute(id, (same, count) -> count == null || count == 1 ? null : count - 1);
      OPEN.notifyAll();
    }
  }

  private static void awaitIdle(UUID id) {
    Uninterrupted.await(
        () -> {
          while (BUSY.containsKey(id)) {
            OPEN.wait();
          }
          return true;
        });
  }

  /** The journal of a group that is open in this JVM. */
  public static Optional<Journal> journal(Path store, UUID id) {
    synchronized (OPEN) {
      awaitIdle(id);
      return find(store, id).map(entry -> entry.engine.journal);
    }
  }

  private static Optional<Entry> find(Path store, UUID id) {
    return OPEN.values().stream()
        .filter(each -> each.engine.id().equals(id) && isIn(store, each.engine.journal))
        .findFirst();
  }

  private static boolean isIn(Path store, Journal journal) {
    Path other = store.resolve(journal.path().getFileName());
    try {
      return other.equals(journal.path()) || Files.isSameFile(other, journal.path());
    } catch (IOException e) {
      return false; // there is none in this store
    }
  }

  private static void requireSame(CheckpointEngine engine, CheckpointOptions options) {
    CheckpointOptions others = engine.options;
    if (!options.withGroup(others.group()).equals(others)
        && !options.withGroup(null).equals(CheckpointOptions.DEFAULT)) {
      throw new IllegalArgumentException(
          "the group of "
              + engine.name()
              + " is open with "
              + others
              + "; give the same options, or none");
    }
  }

  private static Entry put(Journal journal, CheckpointOptions options, long sectionTimeoutNanos) {
    Entry entry =
        new Entry(new CheckpointEngine(journal, options, defaultBound(), sectionTimeoutNanos));
    OPEN.put(journal.path(), entry);
    return entry;
  }

  private static long defaultBound() {
    KernelFiles files = KernelFiles.ofThisMachine();
    long memory = MemoryInfo.bytes(files, "MemTotal").orElse(MODEST_BYTES);
    long limit = CgroupMemory.lowest(files).map(CgroupMemory::limitBytes).orElse(memory);
    return Math.max(LEAST_BOUND_BYTES, Math.min(memory, limit) / SHARE_OF_MEMORY);
  }

  private static void close(Journal journal, Throwable failure) {
    try {
      journal.close();
    } catch (MemoryException e) {
      failure.addSuppressed(e);
    }
  }

  /** Keeps a group open, also without a region, until it is {@linkplain #leave left}. */
  static void hold(CheckpointEngine engine) {
    synchronized (OPEN) {
      Entry entry = OPEN.get(engine.journal.path());
      if (entry == null) {
        throw new IllegalStateException("region is closed");
      }
      entry.members++;
    }
  }

  /** Lets a region go, or one that was not made. */
  static void leave(CheckpointEngine engine) throws MemoryException {
    synchronized (OPEN) {
      Entry entry = OPEN.get(engine.journal.path());
      if (entry == null || --entry.members > 0) {
        return;
      }
      OPEN.remove(engine.journal.path());
      beBusy(engine.id());
    }
    try {
      engine.close();
    } finally {
      beIdle(engine.id());
    }
  }
}
