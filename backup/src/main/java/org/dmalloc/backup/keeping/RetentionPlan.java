/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.archive.Chain;
import org.dmalloc.backup.archive.Piece;

/**
 * What is to become of the pieces of a backup.
 *
 * @param merges each a list of pieces, the newest first, of which one is to be made
 * @param unused pieces that no kept checkpoint needs
 * @param removedPoints how many checkpoints cannot be restored afterwards
 */
record RetentionPlan(List<List<Piece>> merges, List<Piece> unused, int removedPoints) {
  /** A base is made anew when the delta behind it has this share of its bytes, or more. */
  private static final double ROLL_UP = 0.5;

  /** Behind the last rule checkpoints go in steps of this share of its age, not one by one. */
  private static final int STEPS = 16;

  static RetentionPlan of(List<Piece> pieces, RetentionPolicy policy, Instant now) {
    List<Piece> points = Chain.points(pieces);
    Set<Long> kept = kept(points, policy, now);
    Set<Piece> used = new LinkedHashSet<>();
    Set<Long> nodes = new HashSet<>(kept);
    for (long number : kept) {
      for (Piece piece : Chain.of(pieces, number).orElseThrow().newestFirst()) {
        used.add(piece);
        if (piece.kind() == Piece.Kind.BASE) {
          nodes.add(piece.to());
        }
      }
    }
    keepWhatIsAhead(pieces, points, used, nodes);
    List<List<Piece>> merges = new ArrayList<>();
    for (List<Piece> run : runs(used, nodes)) {
      Optional<Piece> base = baseToRollUp(run, used, kept);
      base.ifPresent(run::add);
      if (run.size() > 1) {
        merges.add(run);
      }
    }
    List<Piece> unused = pieces.stream().filter(piece -> !used.contains(piece)).toList();
    return new RetentionPlan(merges, unused, points.size() - kept.size());
  }

  boolean isEmpty() {
    return merges.isEmpty() && unused.isEmpty();
  }

  /**
   * Pieces that lead to no checkpoint yet, but will: a base whose deltas are on their way, deltas
   * whose base is.
   */
  private static void keepWhatIsAhead(
      List<Piece> pieces, List<Piece> points, Set<Piece> used, Set<Long> nodes) {
    long newest = points.isEmpty() ? 0 : points.getLast().to();
    for (Piece piece : pieces) {
      boolean base = piece.kind() == Piece.Kind.BASE;
      if (base ? piece.exact() > newest || points.isEmpty() : piece.to() > newest) {
        used.add(piece);
        nodes.add(piece.to());
        nodes.add(piece.from());
      }
    }
  }

  /** Deltas that may become one, the newest first. */
  private static List<List<Piece>> runs(Set<Piece> used, Set<Long> nodes) {
    List<Piece> deltas = new ArrayList<>(used);
    deltas.removeIf(piece -> piece.kind() == Piece.Kind.BASE);
    deltas.sort(Comparator.comparingLong(Piece::to));
    List<List<Piece>> runs = new ArrayList<>();
    List<Piece> run = new ArrayList<>();
    for (Piece delta : deltas) {
      boolean goesOn =
          !run.isEmpty() && run.getFirst().to() == delta.from() && !nodes.contains(delta.from());
      if (!goesOn) {
        run = new ArrayList<>();
        runs.add(run);
      }
      run.addFirst(delta);
    }
    return runs;
  }

  /** The base below a run, if the two are better one. */
  private static Optional<Piece> baseToRollUp(List<Piece> run, Set<Piece> used, Set<Long> kept) {
    long from = run.getLast().from();
    long bytes = run.stream().mapToLong(Piece::storedBytes).sum();
    return used.stream()
        .filter(piece -> piece.kind() == Piece.Kind.BASE && piece.to() == from)
        .filter(base -> !kept.contains(base.to()))
        .filter(base -> base.exact() <= run.getFirst().to())
        .filter(base -> bytes >= ROLL_UP * base.storedBytes())
        .findFirst();
  }

  private static Set<Long> kept(List<Piece> points, RetentionPolicy policy, Instant now) {
    Set<Long> kept = new LinkedHashSet<>();
    for (int i = 0; i < points.size(); i++) {
      Piece next = i + 1 < points.size() ? points.get(i + 1) : null;
      if (next == null || stays(points.get(i).at(), next.at(), policy, now)) {
        kept.add(points.get(i).to());
      }
    }
    return kept;
  }

  private static boolean stays(Instant at, Instant next, RetentionPolicy policy, Instant now) {
    Duration younger = Duration.ZERO;
    for (RetentionPolicy.Rule rule : policy.rules()) {
      boolean here = at.plus(rule.age()).isAfter(now);
      if (here && rule.every().isZero()) {
        return true;
      }
      if (here) {
        // An interval is thinned out once all of it is beyond the rules for younger ones.
        Instant end = end(at, rule.every());
        return !next.isBefore(end) || end.plus(younger).isAfter(now);
      }
      younger = rule.age();
    }
    RetentionPolicy.Rule last = policy.rules().getLast();
    Duration step = last.age().dividedBy(STEPS);
    Duration quantum = step.compareTo(last.every()) > 0 ? step : last.every();
    return end(at, quantum).plus(last.age()).isAfter(now);
  }

  /** Where the interval ends that a time is in. */
  private static Instant end(Instant at, Duration every) {
    long millis = Math.max(1, every.toMillis());
    return Instant.ofEpochMilli(
        Math.multiplyExact(Math.floorDiv(at.toEpochMilli(), millis) + 1, millis));
  }
}
