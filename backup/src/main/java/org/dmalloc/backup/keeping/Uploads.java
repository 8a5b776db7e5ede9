/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.archive.ObjectRef;
import org.dmalloc.backup.archive.Piece;

/** Brings pieces from the spool to the store. One thread. */
final class Uploads {
  private static final Logger LOG = System.getLogger(Uploads.class.getName());
  private static final long LOOK_MILLIS = 200;

  /** How many pieces one write of the head adds while more wait. */
  private static final int BATCH = 64;

  private final String group;
  private final BackupStore store;
  private final HeadFile head;
  private final PieceKeys keys;
  private final Spool spool;
  private final Throttle throttle;
  private final Pauses pauses;

  Uploads(
      String group,
      BackupStore store,
      HeadFile head,
      PieceKeys keys,
      Spool spool,
      Throttle throttle,
      Pauses pauses) {
    this.group = group;
    this.store = store;
    this.head = head;
    this.keys = keys;
    this.spool = spool;
    this.throttle = throttle;
    this.pauses = pauses;
  }

  /** Brings what waits until the backup is over; tries again what fails. */
  void run(KeeperState state, Consumer<LostBackupException> lost) {
    int failures = 0;
    while (!pauses.ended() && !state.isOver()) {
      try {
        if (bringBatch()) {
          state.answered();
        } else {
          state.awaitChange(LOOK_MILLIS);
        }
        failures = 0;
      } catch (LostBackupException e) {
        lost.accept(e);
        return;
      } catch (SpoolDamagedException e) {
        LOG.log(Level.WARNING, "backup of " + group + ": " + e.getMessage());
        state.refused(String.valueOf(e.getMessage()));
        state.breakChain();
        pauses.pause(Pauses.backoffMillis(failures++));
      } catch (MemoryException e) {
        state.refused(String.valueOf(e.getMessage()));
        pauses.pause(Pauses.backoffMillis(failures++));
      } catch (RuntimeException | Error e) {
        LOG.log(Level.ERROR, "backup of " + group + ": " + e, e);
        state.refused(e.toString());
        pauses.pause(Pauses.backoffMillis(failures++));
      }
    }
  }

  /**
   * Brings what waits, up to a batch; false if nothing did.
   *
   * @throws SpoolDamagedException if the first piece is not what was written
   */
  private boolean bringBatch() throws MemoryException {
    List<Spool.Entry> entries = spool.firstOf(BATCH);
    List<Spool.Entry> brought = new ArrayList<>();
    SpoolDamagedException damage = null;
    for (Spool.Entry entry : entries) {
      try {
        bring(entry);
        brought.add(entry);
      } catch (SpoolDamagedException e) {
        damage = e; // those before are right
        break;
      }
    }
    if (!brought.isEmpty()) {
      add(brought);
    }
    if (damage != null) {
      throw damage;
    }
    return !brought.isEmpty();
  }

  private void bring(Spool.Entry entry) throws MemoryException {
    for (ObjectRef object : entry.record().objects()) {
      if (!pauses.pause(throttle.book(object.byteSize()) / 1_000_000)) {
        throw MemoryException.interrupted(
            "write backup", object.byteSize(), store.location(), -1, "it stays in the spool");
      }
      StorePut.put(store, object.key(), Spool.content(entry, object));
    }
  }

  private void add(List<Spool.Entry> brought) throws MemoryException {
    List<Piece> pieces = new ArrayList<>();
    for (Spool.Entry entry : brought) {
      if (!head.head().pieces().contains(entry.piece())) { // from a process that was killed here
        pieces.add(entry.piece());
      }
    }
    if (!pieces.isEmpty()) {
      KeptCheckpoints.add(head, pieces, brought.getLast().record().regions());
    }
    for (Spool.Entry entry : brought) {
      spool.remove(entry);
      Optional.ofNullable(entry.piece().root()).ifPresent(root -> keys.done(root.key()));
    }
  }
}
