/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.time.Instant;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.MergeReport;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.Piece;

/** Merges a backup that nobody keeps, as its writer for that time. */
final class OfflineMerge {
  private OfflineMerge() {}

  static MergeReport run(
      BackupStore store,
      HeadFile head,
      RetentionPolicy retention,
      Instant now,
      ProgressListener progress)
      throws MemoryException {
    Head claimed = head.head();
    RetentionPlan plan = RetentionPlan.of(claimed.pieces(), retention, now);
    // What is merged is read, and what comes of it is read again, which is less.
    long total =
        2 * plan.merges().stream().flatMap(run -> run.stream()).mapToLong(Piece::storedBytes).sum();
    WatchedRead watched =
        new WatchedRead(
            "merge", claimed.group(), total, "what was merged until then stays so", progress);
    PieceKeys keys = new PieceKeys(claimed.backup(), claimed.writer().epoch());
    try {
      return new Compaction(
              store, head, keys, (key, content) -> StorePut.put(store, key, content), watched)
          .run(retention, now, true);
    } finally {
      head.end();
    }
  }
}
