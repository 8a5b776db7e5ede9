/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.dmalloc.benchmarks.peers.PeerReport.Entrant;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.store.Peer.Family;
import org.dmalloc.measure.compare.Duel;
import org.dmalloc.measure.compare.Sample;

/**
 * This suite's result in one row: the contender that finds its own advice, beside the best fixed
 * advice, the best peer and the raw disk. A difference within the spread of the runs is a draw.
 */
public record Standing(Row row, String sentence) {
  private static final String FOUND = "panama:auto";
  private static final double WHOLE = 9.95;

  private static final Comparator<Result> BY_RATE =
      Comparator.comparingDouble(result -> result.rate().median());

  private record Result(String id, Sample rate) {}

  /** The standings in all rows with figures. */
  public static List<Standing> all(PeerReport report) {
    return report.rows().stream().flatMap(row -> of(report, row).stream()).toList();
  }

  private static Optional<Standing> of(PeerReport report, Row row) {
    Optional<Result> fixed = best(report, row, e -> e.family() == Family.OURS_FIXED);
    // Without a contender that finds its advice, the best fixed one represents the suite.
    Optional<Result> own =
        best(report, row, e -> e.id().equals(FOUND))
            .or(() -> fixed)
            .or(() -> best(report, row, e -> e.family() != Family.PEER));
    if (own.isEmpty()) {
      return Optional.empty();
    }
    Result ours = own.get();
    List<String> parts = new ArrayList<>();
    fixed
        .filter(f -> !f.id().equals(ours.id()))
        .ifPresent(f -> parts.add(against(ours, f, "the best fixed pattern")));
    best(report, row, e -> e.family() == Family.PEER)
        .ifPresentOrElse(
            peer -> parts.add(against(ours, peer, "the best peer")),
            () -> parts.add("no peer has a way to do it"));
    report
        .ceiling(row)
        .ifPresent(
            raw -> parts.add(times(ours.rate().median() / raw.median()) + " of the raw disk"));
    return Optional.of(
        new Standing(row, row.label() + ": " + ours.id() + " " + String.join("; ", parts)));
  }

  private static String against(Result ours, Result other, String what) {
    Duel duel = Duel.of(ours.rate(), other.rate());
    String ratio = times(duel.ratio());
    return duel.draw()
        ? "a draw with " + what + " (" + other.id() + ", " + ratio + " ×)"
        : ratio + " × " + what + " (" + other.id() + ")";
  }

  /** The first contender of a row, and those that it does not beat. */
  static List<String> leaders(PeerReport report, Row row) {
    List<Result> results = results(report, row, entrant -> true).toList();
    Optional<Result> best = results.stream().max(BY_RATE);
    return results.stream()
        .filter(r -> r.equals(best.get()) || Duel.of(best.get().rate(), r.rate()).draw())
        .map(Result::id)
        .toList();
  }

  private static Optional<Result> best(PeerReport report, Row row, Predicate<Entrant> which) {
    return results(report, row, which).max(BY_RATE);
  }

  private static Stream<Result> results(PeerReport report, Row row, Predicate<Entrant> which) {
    return report.contenders().stream()
        .filter(which)
        .flatMap(
            entrant ->
                report
                    .cell(row, entrant.id())
                    .flatMap(PeerReport.Cell::rate)
                    .map(rate -> new Result(entrant.id(), rate))
                    .stream());
  }

  private static String times(double ratio) {
    return String.format(
        Locale.ROOT, ratio >= WHOLE ? "%.0f" : ratio >= 1.95 ? "%.1f" : "%.2f", ratio);
  }
}
