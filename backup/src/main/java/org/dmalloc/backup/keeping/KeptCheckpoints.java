/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.MemberState;
import org.dmalloc.backup.archive.ObjectSink;
import org.dmalloc.backup.archive.PackWriter;
import org.dmalloc.backup.archive.Piece;
import org.jspecify.annotations.Nullable;

/**
 * Takes a checkpoint as a piece: straight into a local store, or into the spool of one that is not.
 */
final class KeptCheckpoints {
  /** How long a checkpoint is tried again at a local store while the group waits. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(3);

  private final BackupStore store;
  private final HeadFile head;
  private final PieceKeys keys;
  private final @Nullable Spool spool;
  private final Pauses pauses;

  KeptCheckpoints(
      BackupStore store, HeadFile head, PieceKeys keys, @Nullable Spool spool, Pauses pauses) {
    this.store = store;
    this.head = head;
    this.keys = keys;
    this.spool = spool;
    this.pauses = pauses;
  }

  /** Keeps a checkpoint, or throws. */
  void keep(SealedCheckpoint checkpoint) throws MemoryException {
    if (spool != null) {
      toSpool(checkpoint, spool);
      return;
    }
    long start = System.nanoTime();
    while (true) {
      try {
        toStore(checkpoint);
        return;
      } catch (LostBackupException e) {
        throw e;
      } catch (MemoryException e) {
        if (System.nanoTime() - start > PATIENCE_NANOS || !pauses.pause(200)) {
          throw e;
        }
      }
    }
  }

  private void toStore(SealedCheckpoint checkpoint) throws MemoryException {
    String key = keys.next();
    try {
      Piece piece = write(checkpoint, key, (name, content) -> StorePut.put(store, name, content));
      add(head, List.of(piece), names(checkpoint));
    } finally {
      keys.done(key);
    }
  }

  private void toSpool(SealedCheckpoint checkpoint, Spool into) throws MemoryException {
    String key = keys.next();
    Spool.Incoming incoming = into.begin(checkpoint.number());
    boolean complete = false;
    try {
      incoming.complete(write(checkpoint, key, incoming), names(checkpoint));
      complete = true;
    } finally {
      if (!complete) {
        keys.done(key);
        incoming.abandon();
      }
    }
  }

  private Piece write(SealedCheckpoint checkpoint, String key, ObjectSink sink)
      throws MemoryException {
    long number = checkpoint.number();
    Members members = Members.of(checkpoint);
    PackWriter writer = PackWriter.delta(head.head().backup(), number - 1, number, key, sink);
    checkpoint.read(
        (region, offset, content) ->
            writer.pages(members.number(region), offset / SealedCheckpoint.PAGE_BYTES, content));
    return writer.finish(members.states(), checkpoint.at());
  }

  /** Adds pieces to the head. */
  static Head add(HeadFile head, List<Piece> added, @Nullable List<String> regions)
      throws MemoryException {
    return head.update(
        current -> {
          List<Piece> pieces = new ArrayList<>(current.pieces());
          pieces.addAll(added);
          Head next = current.withPieces(Compaction.sorted(pieces));
          return regions == null ? next : next.withRegions(regions);
        });
  }

  static List<String> names(SealedCheckpoint checkpoint) {
    return checkpoint.members().stream().map(SealedCheckpoint.Member::region).toList();
  }

  /** The members of a checkpoint. */
  record Members(List<MemberState> states) {
    static Members of(SealedCheckpoint checkpoint) {
      return new Members(
          checkpoint.members().stream()
              .map(
                  member ->
                      new MemberState(
                          member.number(),
                          member.region(),
                          member.byteSize(),
                          member.length(),
                          member.byteSize()))
              .toList());
    }

    int number(String region) throws MemoryException {
      for (MemberState state : states) {
        if (state.region().equals(region)) {
          return state.number();
        }
      }
      throw MemoryException.of(
          "keep checkpoint",
          region,
          "the checkpoint has pages of it and does not list it as a member",
          "report it as a mistake of the backend");
    }
  }
}
