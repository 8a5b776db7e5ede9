/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.BackupDamagedException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.StoredObject;
import org.dmalloc.backup.VerifyReport;
import org.dmalloc.backup.archive.Chain;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.Piece;
import org.dmalloc.backup.archive.PieceCheck;

/** Reads everything that a backup has. */
final class Verification {
  /** So many objects in a row that the store does not give: it is the store that is not well. */
  private static final int MOST_REFUSALS = 3;

  private final BackupStore store;
  private final Head head;
  private final List<String> findings = new ArrayList<>();
  private final Set<Piece> damaged = new HashSet<>();
  private int refusals;

  private Verification(BackupStore store, Head head) {
    this.store = store;
    this.head = head;
  }

  static VerifyReport of(BackupStore store, Head head, ProgressListener progress)
      throws MemoryException {
    return new Verification(store, head).run(progress);
  }

  private VerifyReport run(ProgressListener progress) throws MemoryException {
    List<StoredObject> objects = store.list(Head.objectPrefix(head.backup()));
    long total = head.pieces().stream().mapToLong(Piece::storedBytes).sum();
    WatchedRead watched =
        new WatchedRead("verify", head.group(), total, "nothing was changed", progress);
    PieceCheck check = new PieceCheck(store, head.backup(), watched);
    for (Piece piece : head.pieces()) {
      check.check(
          piece,
          (object, problem) -> {
            if (problem instanceof BackupDamagedException) {
              refusals = 0;
            } else if (isThere(objects, object.key()) && ++refusals >= MOST_REFUSALS) {
              throw problem;
            }
            damaged.add(piece);
            findings.add(String.valueOf(problem.getMessage()));
          });
    }
    List<Piece> points = Chain.points(head.pieces());
    List<Long> damagedPoints = new ArrayList<>();
    for (Piece point : points) {
      Chain chain = Chain.of(head.pieces(), point.to()).orElseThrow();
      if (chain.newestFirst().stream().anyMatch(damaged::contains)) {
        damagedPoints.add(point.to());
      }
    }
    long unused =
        PieceKeys.unused(objects, head, Set.of()).stream().mapToLong(StoredObject::byteSize).sum();
    return new VerifyReport(
        check.objects(), check.objectBytes(), points.size(), damagedPoints, findings, unused);
  }

  private static boolean isThere(List<StoredObject> objects, String key) {
    return objects.stream().anyMatch(object -> object.key().equals(key));
  }
}
