/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.compare;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.dmalloc.workloads.compare.ComparisonReport.Cell;
import org.dmalloc.workloads.compare.ComparisonReport.Entrant;
import org.dmalloc.workloads.compare.cell.ComparedWorkload;

/**
 * What one workload showed, in a sentence, and the command that follows from it.
 *
 * @param workload the workload
 * @param sentence the best of each family against each other, by operations per second
 * @param winner the contender with the highest median
 * @param advice the command that allocates for this workload, and what else to do as a comment
 */
public record Verdict(ComparedWorkload workload, String sentence, String winner, String advice) {
  /** From here on a ratio is given in whole numbers. */
  private static final double WHOLE = 9.95;

  private static final String COMMENT = "  # ";

  /** One contender's result. */
  private record Result(Entrant entrant, Sample speed) {}

  /** The verdicts on all workloads of a report that gave figures. */
  public static List<Verdict> all(ComparisonReport report) {
    return report.workloads().stream()
        .map(workload -> of(report, workload))
        .flatMap(Optional::stream)
        .toList();
  }

  /** The verdict on one workload; empty if nobody gave a figure. */
  public static Optional<Verdict> of(ComparisonReport report, ComparedWorkload workload) {
    List<Result> results = new ArrayList<>();
    for (Cell cell : report.cellsOf(workload)) {
      cell.speed()
          .ifPresent(speed -> results.add(new Result(report.entrant(cell.contender()), speed)));
    }
    Optional<Result> winner = best(results, entrant -> true);
    return winner.map(
        won ->
            new Verdict(
                workload,
                String.format(Locale.ROOT, "%s: %s", workload.label(), sentence(workload, results)),
                won.entrant().id(),
                advice(workload, results, won)));
  }

  /**
   * The command that is best over all workloads: the highest geometric mean of its speed as a part
   * of the best speed. Contenders without figures for some workload are left out.
   */
  public static Optional<String> overall(ComparisonReport report) {
    List<ComparedWorkload> workloads = report.workloads();
    String best = "";
    double highest = Double.NEGATIVE_INFINITY;
    for (Entrant entrant : report.contenders()) {
      if (!entrant.command().isEmpty() && !entrant.announced()) {
        double mean = 0;
        for (ComparedWorkload workload : workloads) {
          mean += Math.log(partOfBest(report, workload, entrant.id()));
        }
        if (mean > highest) {
          highest = mean;
          best = entrant.command();
        }
      }
    }
    return best.isEmpty() || workloads.size() < 2 ? Optional.empty() : Optional.of(best);
  }

  private static double partOfBest(
      ComparisonReport report, ComparedWorkload workload, String contender) {
    double best = 0;
    double own = 0;
    for (Cell cell : report.cellsOf(workload)) {
      double speed = cell.speed().map(Sample::median).orElse(0.0);
      best = Math.max(best, speed);
      if (cell.contender().equals(contender)) {
        own = speed;
      }
    }
    return best == 0 ? 1 : own / best;
  }

  private static String sentence(ComparedWorkload workload, List<Result> results) {
    Optional<Result> file = best(results, e -> e.family() == Family.FILE && !e.announced());
    Optional<Result> swap = best(results, e -> e.family() == Family.SWAP && !e.announced());
    List<String> parts = new ArrayList<>();
    if (file.isPresent() && swap.isPresent()) {
      parts.add(duel(file.get(), swap.get()));
    } else if (file.isPresent()) {
      parts.add(
          String.format(
              Locale.ROOT, "file (%s); no swap to compare with", file.get().entrant().id()));
    } else {
      swap.ifPresent(
          s ->
              parts.add(
                  String.format(
                      Locale.ROOT, "swap (%s); no file to compare with", s.entrant().id())));
    }
    if (workload.foreseeable()) {
      Optional<Result> announcedFile =
          best(results, e -> e.family() == Family.FILE && e.announced());
      Optional<Result> announcedSwap =
          best(results, e -> e.family() == Family.SWAP && e.announced());
      if (announcedFile.isPresent() && announcedSwap.isPresent()) {
        parts.add("announced in batches, " + duel(announcedFile.get(), announcedSwap.get()));
      } else if (announcedFile.isPresent() && file.isPresent()) {
        parts.add(
            "announced in batches, " + against(announcedFile.get(), file.get(), "unannounced"));
      }
    }
    Optional<Result> pool = best(results, e -> e.family() == Family.POOL);
    Optional<Result> mapped = best(results, e -> e.family() != Family.POOL && !e.announced());
    if (pool.isPresent() && mapped.isPresent()) {
      parts.add(
          "buffer pool "
              + against(pool.get(), mapped.get(), mapped.get().entrant().family().label()));
    } else if (pool.isPresent()) {
      parts.add("buffer pool only");
    }
    return String.join("; ", parts);
  }

  /** {@code file (a) 11 × swap (b)}, the faster first, or a draw. */
  private static String duel(Result first, Result second) {
    Duel duel = Duel.of(first.speed(), second.speed());
    String firstName = name(first);
    String secondName = name(second);
    if (duel.draw()) {
      return String.format(Locale.ROOT, "draw of %s and %s", firstName, secondName);
    }
    return duel.ratio() >= 1
        ? String.format(Locale.ROOT, "%s %s × %s", firstName, times(duel.ratio()), secondName)
        : String.format(Locale.ROOT, "%s %s × %s", secondName, times(1 / duel.ratio()), firstName);
  }

  private static String name(Result result) {
    return String.format(
        Locale.ROOT, "%s (%s)", result.entrant().family().label(), result.entrant().id());
  }

  private static String against(Result first, Result second, String secondName) {
    Duel duel = Duel.of(first.speed(), second.speed());
    return duel.draw()
        ? "a draw with " + secondName
        : String.format(Locale.ROOT, "%s × %s", times(duel.ratio()), secondName);
  }

  /** A ratio to two digits. */
  static String times(double ratio) {
    return String.format(
        java.util.Locale.ROOT, ratio >= WHOLE ? "%.0f" : ratio >= 1 ? "%.1f" : "%.2f", ratio);
  }

  private static String advice(ComparedWorkload workload, List<Result> results, Result winner) {
    Optional<Result> command = best(results, e -> !e.command().isEmpty());
    if (command.isEmpty()) {
      return "";
    }
    Entrant best = command.get().entrant();
    List<String> hints = new ArrayList<>();
    if (best.announced() && workload.foreseeable()) {
      hints.add("announce pages in batches (MemoryRegion.prefetch)");
    }
    if (best.id().contains(":" + ContenderList.BUDGET)) {
      hints.add("its resident bytes within a budget (MemoryRegion.limitResident)");
    }
    best.settings()
        .forEach(
            (file, value) -> hints.add(String.format(Locale.ROOT, "echo %s > %s", value, file)));
    if (winner.entrant().command().isEmpty()
        && !Duel.of(winner.speed(), command.get().speed()).draw()) {
      hints.add("faster still: " + winner.entrant().id());
    }
    // A comment: the whole line can be pasted into the shell.
    return hints.isEmpty() ? best.command() : best.command() + COMMENT + String.join("; ", hints);
  }

  private static Optional<Result> best(List<Result> results, Predicate<Entrant> which) {
    return results.stream()
        .filter(result -> which.test(result.entrant()))
        .max(Comparator.comparingDouble(result -> result.speed().median()));
  }
}
