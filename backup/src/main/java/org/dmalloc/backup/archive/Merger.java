/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.util.List;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;

/** Makes one piece of several that follow each other: of each page the newest. */
public final class Merger {
  private Merger() {}

  /**
   * Writes the piece, reads it again, and returns it.
   *
   * @param newestFirst deltas, each from where the next in the list leads to; at the end a base,
   *     for a base
   * @param key of its root
   */
  public static Piece merge(
      BackupStore store,
      UUID backup,
      List<Piece> newestFirst,
      String key,
      ObjectSink sink,
      ChainReader.Progress progress)
      throws MemoryException {
    Piece newest = newestFirst.getFirst();
    Piece oldest = newestFirst.getLast();
    PackWriter writer =
        oldest.isBase()
            ? PackWriter.base(backup, newest.to(), key, sink)
            : PackWriter.delta(backup, oldest.from(), newest.to(), key, sink);
    ChainReader reader = new ChainReader(store);
    reader.read(new Chain(newestFirst), writer::pages, progress);
    Piece merged = writer.finish(reader.mergedMembers(), newest.at());
    new PieceCheck(store, backup, progress).check(merged);
    return merged;
  }
}
