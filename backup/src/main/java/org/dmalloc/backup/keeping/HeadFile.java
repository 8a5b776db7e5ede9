/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.StoreConflictException;
import org.dmalloc.backup.TaggedObject;
import org.dmalloc.backup.archive.Head;
import org.jspecify.annotations.Nullable;

/**
 * A writer's way to the head of its backup: each change is a conditional write, so that of two
 * writers the one that came later has it, and the other is told. Safe for any thread.
 */
final class HeadFile {
  private final BackupStore store;
  private final InstantSource clock;
  private Head head;
  private String tag;

  /** A write of which it is not known whether it happened; null if there is none. */
  private @Nullable Head uncertain;

  private HeadFile(BackupStore store, InstantSource clock, Head head, String tag) {
    this.store = store;
    this.clock = clock;
    this.head = head;
    this.tag = tag;
  }

  /** The head of a backup as it is now; empty if there is none. */
  static Optional<Head> read(BackupStore store, UUID backup) throws MemoryException {
    Optional<TaggedObject> found = store.get(Head.key(backup));
    return found.isEmpty()
        ? Optional.empty()
        : Optional.of(Head.decode(found.get().content(), Head.key(backup), store.location()));
  }

  /** Says whether a writer may follow the one that has the head. */
  @FunctionalInterface
  interface Succession {
    /** Throws if not. */
    void check(Head current) throws MemoryException;
  }

  /**
   * Becomes the writer of a backup.
   *
   * @param group its name, for one that is not there yet; null to refuse that
   */
  static HeadFile claim(
      BackupStore store,
      UUID backup,
      @Nullable String group,
      String owner,
      Succession succession,
      InstantSource clock)
      throws MemoryException {
    String key = Head.key(backup);
    Optional<TaggedObject> found = store.get(key);
    UUID instance = UUID.randomUUID();
    Instant now = micros(clock.instant());
    Head next;
    if (found.isPresent()) {
      Head current = Head.decode(found.get().content(), key, store.location());
      succession.check(current);
      Head.Writer writer = new Head.Writer(current.writer().epoch() + 1, instance, owner, true);
      next = current.withWriter(writer).next(now);
    } else if (group != null) {
      Head.Writer writer = new Head.Writer(1, instance, owner, true);
      next = new Head(backup, group, List.of(), writer, now, now, 1, List.of());
    } else {
      throw missing(backup, store);
    }
    String expected = found.map(TaggedObject::tag).orElse(null);
    try {
      String tag = store.replace(key, expected, next.content(store.location()));
      return new HeadFile(store, clock, next, tag);
    } catch (StoreConflictException e) {
      Optional<TaggedObject> there = store.get(key);
      if (there.isPresent()) {
        Head other = Head.decode(there.get().content(), key, store.location());
        if (other.writer().instance().equals(instance)) { // the answer to it was lost
          return new HeadFile(store, clock, other, there.get().tag());
        }
        throw LostBackupException.to(other, store.location());
      }
      throw e;
    }
  }

  static MemoryException missing(UUID backup, BackupStore store) {
    return MemoryException.of(
        "read backup",
        backup + " in " + store.location(),
        "there is no such backup",
        "see 'backups' for those that there are");
  }

  /** What every head can hold. */
  private static Instant micros(Instant time) {
    return time.truncatedTo(ChronoUnit.MICROS);
  }

  synchronized Head head() {
    return head;
  }

  /**
   * Changes the head. When this throws, it may or may not have changed; the next call finds out.
   *
   * @throws LostBackupException if another one has it
   */
  synchronized Head update(UnaryOperator<Head> change) throws MemoryException {
    settle();
    Head next = change.apply(head).next(micros(clock.instant()));
    try {
      tag = store.replace(Head.key(head.backup()), tag, next.content(store.location()));
      head = next;
    } catch (StoreConflictException e) {
      uncertain = next;
      settle();
      if (head.sequence() != next.sequence()) {
        throw e; // it was this writer's, and older
      }
    } catch (MemoryException e) {
      uncertain = next;
      throw e;
    }
    return head;
  }

  /** Says that this writer has ended its work, so that any other may go on. */
  void end() throws MemoryException {
    update(
        current -> {
          Head.Writer writer = current.writer();
          return current.withWriter(
              new Head.Writer(writer.epoch(), writer.instance(), writer.owner(), false));
        });
  }

  /** Finds out what became of the last write. */
  private void settle() throws MemoryException {
    Head written = uncertain;
    if (written == null) {
      return;
    }
    String key = Head.key(head.backup());
    TaggedObject found =
        store.get(key).orElseThrow(() -> LostBackupException.gone(key, store.location()));
    Head there = Head.decode(found.content(), key, store.location());
    if (!there.writer().instance().equals(head.writer().instance())) {
      throw LostBackupException.to(there, store.location());
    }
    if (there.sequence() == written.sequence()) {
      head = written;
    }
    tag = found.tag();
    uncertain = null;
  }
}
