/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.dmalloc.benchmarks.peers.PeerReport.Entrant;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.store.Peer.Family;
import org.dmalloc.measure.compare.Duel;
import org.dmalloc.measure.compare.Sample;

/**
 * How this suite stands in one row: what finds its advice by itself, beside the best fixed advice,
 * the best peer and the raw disk. A difference within the spread of the runs is a draw.
 *
 * @param row the row
 * @param sentence in words
 */
public record Standing(Row row, String sentence) {
  private static final String FOUND = "panama:auto";
  private static final double WHOLE = 9.95;

  private record Result(String id, Sample rate) {}

  /** The standings in all rows that gave figures. */
  public static List<Standing> all(PeerReport report) {
    List<Standing> standings = new ArrayList<>();
    for (Row row : report.rows()) {
      of(report, row).ifPresent(standings::add);
    }
    return standings;
  }

  private static Optional<Standing> of(PeerReport report, Row row) {
    Optional<Result> fixed = best(report, row, e -> e.family() == Family.OURS_FIXED);
    // Where nothing finds its advice, the best fixed one speaks for the suite.
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
            raw ->
                parts.add(
                    String.format(
                        Locale.ROOT,
                        "%s of the raw disk",
                        times(ours.rate().median() / raw.median()))));
    return Optional.of(
        new Standing(
            row,
            String.format(
                Locale.ROOT, "%s: %s %s", row.label(), ours.id(), String.join("; ", parts))));
  }

  private static String against(Result ours, Result other, String what) {
    Duel duel = Duel.of(ours.rate(), other.rate());
    String ratio = times(duel.ratio());
    return duel.draw()
        ? String.format(Locale.ROOT, "a draw with %s (%s, %s ×)", what, other.id(), ratio)
        : String.format(Locale.ROOT, "%s × %s (%s)", ratio, what, other.id());
  }

  /** The contenders that are best in a row: the first, and those that it does not beat. */
  static List<String> leaders(PeerReport report, Row row) {
    Optional<Result> first = best(report, row, entrant -> true);
    if (first.isEmpty()) {
      return List.of();
    }
    List<String> leaders = new ArrayList<>();
    for (Entrant entrant : report.contenders()) {
      report
          .cell(row, entrant.id())
          .flatMap(PeerReport.Cell::rate)
          .filter(
              rate ->
                  entrant.id().equals(first.get().id()) || Duel.of(first.get().rate(), rate).draw())
          .ifPresent(rate -> leaders.add(entrant.id()));
    }
    return leaders;
  }

  private static Optional<Result> best(PeerReport report, Row row, Predicate<Entrant> which) {
    return report.contenders().stream()
        .filter(which)
        .flatMap(
            entrant ->
                report
                    .cell(row, entrant.id())
                    .flatMap(PeerReport.Cell::rate)
                    .map(rate -> new Result(entrant.id(), rate))
                    .stream())
        .max(Comparator.comparingDouble(result -> result.rate().median()));
  }

  static String times(double ratio) {
    return String.format(
        Locale.ROOT, ratio >= WHOLE ? "%.0f" : ratio >= 1.95 ? "%.1f" : "%.2f", ratio);
  }
}
