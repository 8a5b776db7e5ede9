/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.dmalloc.measure.compare.ComparisonReport.Cell;
import org.dmalloc.measure.compare.ComparisonReport.Entrant;
import org.dmalloc.measure.compare.cell.ComparedWorkload;

/**
 * The result of one workload in a sentence, and the command for the contender that the sentence
 * names first. Where the figures permit no verdict, the sentence gives the reason and the next
 * step, and there is no command.
 *
 * @param sentence compares the best of each family by operations per second
 * @param winner the contender with the highest median among those that announce nothing; empty if
 *     there is no verdict
 * @param advice the command, and other steps as a comment; empty if there is no verdict or no
 *     command
 */
public record Verdict(ComparedWorkload workload, String sentence, String winner, String advice) {
  /** From here on a ratio is rounded to whole numbers. */
  private static final double WHOLE = 9.95;

  private static final String COMMENT = "  # ";

  private record Result(Entrant entrant, Sample speed) {
    String id() {
      return entrant.id();
    }

    Duel against(Result other) {
      return Duel.of(speed, other.speed);
    }

    boolean faster(Result other) {
      return speed.median() > other.speed.median();
    }

    boolean wins(Result other) {
      return faster(other) && !against(other).draw();
    }

    /** {@code file (panama:random)}. */
    String name() {
      return entrant.family().label() + " (" + id() + ")";
    }
  }

  /** Whether this is a verdict and not an obstacle. */
  public boolean given() {
    return !winner.isEmpty();
  }

  /** The verdicts on the workloads that have figures. */
  public static List<Verdict> all(ComparisonReport report) {
    return report.workloads().stream()
        .map(workload -> of(report, workload))
        .flatMap(Optional::stream)
        .toList();
  }

  /**
   * The verdict on one workload; empty if no contender gave a figure, or if the report has {@link
   * ComparisonReport#obstacles()}.
   */
  public static Optional<Verdict> of(ComparisonReport report, ComparedWorkload workload) {
    List<Result> results =
        report.cellsOf(workload).stream()
            .flatMap(
                cell ->
                    cell
                        .speed()
                        .map(speed -> new Result(report.entrant(cell.contender()), speed))
                        .stream())
            .toList();
    if (!report.obstacles().isEmpty() || results.isEmpty()) {
      return Optional.empty();
    }
    return obstacle(results)
        .map(why -> new Verdict(workload, workload.label() + ": no verdict: " + why, "", ""))
        .or(() -> Optional.of(given(workload, results)));
  }

  /** The obstacle to a verdict on one workload, and the next step. */
  private static Optional<String> obstacle(List<Result> results) {
    Optional<Result> file = best(results, Family.FILE, false);
    Optional<Result> swap = best(results, Family.SWAP, false);
    for (Optional<Result> one : List.of(file, swap)) {
      if (one.isPresent() && one.get().speed().count() < Schedule.LEAST_RUNS) {
        return Optional.of(
            String.format(
                Locale.ROOT,
                "%s has %d of the %d runs that a spread needs; give --runs %d or more, and the --time for them",
                one.get().id(),
                one.get().speed().count(),
                Schedule.LEAST_RUNS,
                Schedule.LEAST_RUNS));
      }
    }
    if (file.isPresent() && swap.isPresent()) {
      Duel duel = file.get().against(swap.get());
      if (duel.unclear()) {
        double difference = Math.max(duel.ratio(), 1 / duel.ratio()) - 1;
        return Optional.of(
            String.format(
                Locale.ROOT,
                "%s (± %.0f %%) and %s (± %.0f %%) differ by %.0f %%, which is within the spread of the runs; more --runs and --time may separate them",
                file.get().name(),
                100 * file.get().speed().spread(),
                swap.get().name(),
                100 * swap.get().speed().spread(),
                100 * difference));
      }
    }
    return Optional.empty();
  }

  private static Verdict given(ComparedWorkload workload, List<Result> results) {
    Optional<Result> file = best(results, Family.FILE, false);
    Optional<Result> swap = best(results, Family.SWAP, false);
    Optional<Result> pool = best(results, Family.POOL, false);
    List<Result> mapped = new ArrayList<>();
    file.ifPresent(mapped::add);
    swap.ifPresent(mapped::add);
    mapped.sort(Comparator.comparingDouble(result -> -result.speed().median()));
    List<String> parts = new ArrayList<>();
    if (mapped.size() > 1) {
      parts.add(duel(mapped.get(0), mapped.get(1)));
    } else {
      file.ifPresent(f -> parts.add(f.name() + "; no swap to compare with"));
      swap.ifPresent(s -> parts.add(s.name() + "; no file to compare with"));
    }
    Optional<Result> announced = Optional.empty();
    if (workload.foreseeable()) {
      Optional<Result> announcedFile = best(results, Family.FILE, true);
      Optional<Result> announcedSwap = best(results, Family.SWAP, true);
      announced = best(results, result -> result.announced());
      if (announcedFile.isPresent() && announcedSwap.isPresent()) {
        parts.add(
            "announced in batches, "
                + (announcedSwap.get().faster(announcedFile.get())
                    ? duel(announcedSwap.get(), announcedFile.get())
                    : duel(announcedFile.get(), announcedSwap.get())));
      } else if (announcedFile.isPresent() && file.isPresent()) {
        parts.add(
            "announced in batches, " + against(announcedFile.get(), file.get(), "unannounced"));
      }
    }
    if (pool.isPresent() && !mapped.isEmpty()) {
      Result first = mapped.getFirst();
      parts.add("buffer pool " + against(pool.get(), first, first.entrant().family().label()));
    } else if (pool.isPresent()) {
      parts.add("buffer pool only");
    }
    Result winner =
        mapped.isEmpty() || (pool.isPresent() && pool.get().wins(mapped.getFirst()))
            ? pool.orElseGet(() -> results.getFirst())
            : mapped.getFirst();
    return new Verdict(
        workload,
        workload.label() + ": " + String.join("; ", parts),
        winner.id(),
        mapped.isEmpty() ? "" : advice(results, mapped, winner, announced));
  }

  /** The line below the sentence: the command of its first contender, and hints as a comment. */
  private static String advice(
      List<Result> results, List<Result> mapped, Result winner, Optional<Result> announced) {
    Result first = mapped.getFirst();
    List<String> hints = new ArrayList<>();
    String command = first.entrant().command();
    if (command.isEmpty()) {
      hints.add(first.id() + " won, and no command allocates it");
      // The same kind of memory and speed under another name.
      Optional<Result> alike =
          best(
              results,
              e ->
                  e.family() == first.entrant().family()
                      && !e.announced()
                      && !e.command().isEmpty());
      if (alike.isPresent() && alike.get().against(first).draw()) {
        command = alike.get().entrant().command();
        hints.add(alike.get().id() + " is level with it");
        hints.addAll(conditions(alike.get().entrant()));
      }
    } else {
      hints.addAll(conditions(first.entrant()));
    }
    if (mapped.size() > 1 && first.against(mapped.get(1)).level()) {
      hints.add(orElse("level with it", mapped.get(1)));
    }
    if (!winner.equals(first)) {
      hints.add("faster: " + winner.id() + ", a cache of the program's own");
    }
    if (announced.isPresent() && announced.get().wins(first)) {
      hints.add(
          orElse(
              times(announced.get().against(first).ratio())
                  + " × that if pages are announced (MemoryRegion.prefetch)",
              announced.get()));
    }
    // Hints are a comment, so that the whole line can be pasted into the shell.
    return hints.isEmpty() ? command : (command + COMMENT + String.join("; ", hints)).strip();
  }

  private static String orElse(String why, Result other) {
    String command = other.entrant().command();
    return why + ": " + (command.isEmpty() ? other.id() : command);
  }

  /** The other conditions of a contender. */
  private static List<String> conditions(Entrant entrant) {
    List<String> hints = new ArrayList<>();
    if (entrant.id().contains(":" + ContenderList.BUDGET)) {
      hints.add("its resident bytes within a budget (MemoryRegion.limitResident)");
    }
    entrant.settings().forEach((file, value) -> hints.add("echo " + value + " > " + file));
    return hints;
  }

  /**
   * The command with the highest geometric mean of relative speed over all workloads with a
   * verdict. Contenders without figures for some workload are left out.
   */
  public static Optional<String> overall(ComparisonReport report) {
    List<ComparedWorkload> workloads =
        all(report).stream().filter(Verdict::given).map(Verdict::workload).toList();
    String best = "";
    double highest = Double.NEGATIVE_INFINITY;
    for (Entrant entrant : report.contenders()) {
      if (!entrant.command().isEmpty() && !entrant.announced()) {
        double mean =
            workloads.stream()
                .mapToDouble(workload -> Math.log(partOfBest(report, workload, entrant.id())))
                .sum();
        if (mean > highest) {
          highest = mean;
          best = entrant.command() + COMMENT + entrant.id() + ", seldom far from the best";
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
      own = cell.contender().equals(contender) ? speed : own;
    }
    return best == 0 ? 1 : own / best;
  }

  /** {@code file (a) 11 × swap (b)}, the faster first, or a draw. */
  private static String duel(Result faster, Result slower) {
    Duel duel = faster.against(slower);
    return duel.draw()
        ? "draw of " + faster.name() + " and " + slower.name()
        : faster.name() + " " + times(duel.ratio()) + " × " + slower.name();
  }

  private static String against(Result first, Result second, String secondName) {
    Duel duel = first.against(second);
    return duel.draw() ? "a draw with " + secondName : times(duel.ratio()) + " × " + secondName;
  }

  /** A ratio to two digits. */
  static String times(double ratio) {
    return String.format(
        Locale.ROOT, ratio >= WHOLE ? "%.0f" : ratio >= 1 ? "%.1f" : "%.2f", ratio);
  }

  private static Optional<Result> best(List<Result> results, Family family, boolean announced) {
    return best(results, e -> e.family() == family && e.announced() == announced);
  }

  private static Optional<Result> best(List<Result> results, Predicate<Entrant> which) {
    return results.stream()
        .filter(result -> which.test(result.entrant()))
        .max(Comparator.comparingDouble(result -> result.speed().median()));
  }
}
