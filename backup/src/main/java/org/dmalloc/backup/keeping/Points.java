/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.BackupPoint;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.backup.archive.Chain;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.Piece;

/** The checkpoints of a head. */
final class Points {
  private Points() {}

  static BackupInfo info(Head head) {
    List<BackupPoint> points = Chain.points(head.pieces()).stream().map(Points::point).toList();
    return new BackupInfo(
        head.backup(),
        head.group(),
        head.regions(),
        head.writer().owner(),
        head.writer().open(),
        head.created(),
        head.written(),
        head.pieces().stream().mapToLong(Piece::storedBytes).sum(),
        points,
        null);
  }

  private static BackupPoint point(Piece piece) {
    return new BackupPoint(piece.to(), piece.at(), piece.pages(), piece.storedBytes());
  }

  /** The checkpoint that is meant. */
  static BackupPoint find(Head head, RestorePoint point, BackupStore store) throws MemoryException {
    List<Piece> points = Chain.points(head.pieces());
    if (points.isEmpty()) {
      throw missing(head, store, "it has no checkpoint yet", "wait until the base is copied");
    }
    Instant at = point.at();
    Optional<Piece> found =
        at != null
            ? points.stream().filter(piece -> !piece.at().isAfter(at)).reduce((a, b) -> b)
            : point.number() == 0
                ? Optional.of(points.getLast())
                : points.stream().filter(piece -> piece.to() == point.number()).findFirst();
    if (found.isPresent()) {
      return point(found.get());
    }
    throw at == null
        ? missing(
            head, store, "checkpoint " + point.number() + " is not in it", near(points, point))
        : missing(
            head,
            store,
            "none of its checkpoints is as old as " + at.truncatedTo(ChronoUnit.MILLIS),
            "its first is " + text(points.getFirst()) + "; see 'backups'");
  }

  /** The next step: the points on both sides of the one that is not there. */
  private static String near(List<Piece> points, RestorePoint missing) {
    Optional<Piece> before =
        points.stream().filter(piece -> piece.to() < missing.number()).reduce((a, b) -> b);
    Optional<Piece> after =
        points.stream().filter(piece -> piece.to() > missing.number()).findFirst();
    return "the nearest is "
        + Stream.of(before, after)
            .flatMap(Optional::stream)
            .map(Points::text)
            .collect(Collectors.joining(" or "))
        + "; see 'backups'";
  }

  private static String text(Piece point) {
    return point.to() + " (" + point.at() + ")";
  }

  /** When a checkpoint was made that can be restored. */
  static Instant at(Head head, long number) {
    return Chain.points(head.pieces()).stream()
        .filter(piece -> piece.to() == number)
        .map(Piece::at)
        .findFirst()
        .orElse(Instant.EPOCH);
  }

  static Chain chain(Head head, long number, BackupStore store) throws MemoryException {
    return Chain.of(head.pieces(), number)
        .orElseThrow(
            () ->
                missing(
                    head,
                    store,
                    "checkpoint " + number + " is not in it any more",
                    "see 'backups' for those that it has"));
  }

  private static MemoryException missing(
      Head head, BackupStore store, String reason, String nextStep) {
    return MemoryException.of(
        "restore", "backup of " + head.group() + " in " + store.location(), reason, nextStep);
  }
}
