/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.MergeReport;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.archive.Chain;
import org.dmalloc.backup.archive.ChainReader;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.Merger;
import org.dmalloc.backup.archive.ObjectSink;
import org.dmalloc.backup.archive.Piece;

/**
 * Does what a {@link RetentionPlan} says. A merged piece is written and read again before the head
 * names it in place of those that it is made of; these are deleted after that.
 */
final class Compaction {
  private final BackupStore store;
  private final HeadFile head;
  private final PieceKeys keys;
  private final ObjectSink sink;
  private final ChainReader.Progress progress;

  Compaction(
      BackupStore store,
      HeadFile head,
      PieceKeys keys,
      ObjectSink sink,
      ChainReader.Progress progress) {
    this.store = store;
    this.head = head;
    this.keys = keys;
    this.sink = sink;
    this.progress = progress;
  }

  /**
   * Merges and deletes.
   *
   * @param sweep whether to look for what killed writers left although nothing is merged
   */
  MergeReport run(RetentionPolicy policy, Instant now, boolean sweep) throws MemoryException {
    RetentionPlan plan = RetentionPlan.of(head.head().pieces(), policy, now);
    long writtenBytes = 0;
    for (List<Piece> run : plan.merges()) {
      writtenBytes += merge(run);
    }
    if (!plan.unused().isEmpty()) {
      Set<Piece> unused = new HashSet<>(plan.unused());
      head.update(current -> current.withPieces(without(current, unused)));
    }
    long freedBytes = plan.isEmpty() && !sweep ? 0 : keys.deleteUnused(store, head);
    int points = Chain.points(head.head().pieces()).size();
    return new MergeReport(points, plan.removedPoints(), writtenBytes, freedBytes);
  }

  private long merge(List<Piece> newestFirst) throws MemoryException {
    String key = keys.next();
    try {
      Piece merged = Merger.merge(store, head.head().backup(), newestFirst, key, sink, progress);
      Set<Piece> replaced = new HashSet<>(newestFirst);
      head.update(
          current -> {
            List<Piece> pieces = without(current, replaced);
            pieces.add(merged);
            return current.withPieces(sorted(pieces));
          });
      return merged.storedBytes();
    } finally {
      keys.done(key);
    }
  }

  private static List<Piece> without(Head head, Set<Piece> removed) {
    List<Piece> pieces = new ArrayList<>(head.pieces());
    pieces.removeIf(removed::contains);
    return pieces;
  }

  /** In the order of the head. */
  static List<Piece> sorted(List<Piece> pieces) {
    List<Piece> sorted = new ArrayList<>(pieces);
    sorted.sort(Comparator.comparingLong(Piece::to).thenComparing(Piece::kind));
    return sorted;
  }
}
