/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;

/**
 * How long changed pages take until they are durable, each way, with nobody else at work. In a
 * round all ways take turns, in an order of their own, with the same pages.
 */
final class Durable {
  private final Plan plan;
  private final PrintStream progress;
  private final Map<Way, Persistence> open = new EnumMap<>(Way.class);
  private final Map<Way, String> lacking = new EnumMap<>(Way.class);
  private final List<Cell> cells = new ArrayList<>();
  private long stamp = 1;

  private Durable(Plan plan, PrintStream progress) {
    this.plan = plan;
    this.progress = progress;
  }

  /**
   * What is measured.
   *
   * @param pages how many there are
   * @param percents how many of a hundred change
   * @param rowBytes how many bytes change in a row of checkpoints
   * @param mostInARow how many checkpoints a row has at most
   */
  record Plan(
      int pages,
      List<Double> percents,
      List<Way> ways,
      int rounds,
      long rowBytes,
      int mostInARow,
      Path directory,
      long seed) {
    /** How many checkpoints a row has. */
    int inARow(double percent) {
      long bytes = (long) PageBytes.count(pages, percent) * PageBytes.BYTES;
      return (int) Math.max(2, Math.min(mostInARow, rowBytes / bytes));
    }
  }

  /** What one checkpoint took by its own account, in nanoseconds and bytes. */
  record Own(
      double stopNanos,
      double durableNanos,
      double appliedNanos,
      double writtenPerChanged,
      double privateBytes) {}

  /**
   * One turn.
   *
   * @param storeNanos of the stores
   * @param durableNanos from then until they were durable, when nothing else was under way
   * @param settledNanos until nothing was left to do behind it
   * @param rowNanos of stores and waiting in a row, for each time; NaN if that is not measured
   * @param writtenPerChanged bytes
   */
  record Turn(
      double storeNanos,
      double durableNanos,
      double settledNanos,
      double rowNanos,
      double writtenPerChanged) {
    double togetherNanos() {
      return storeNanos + durableNanos;
    }
  }

  /** All turns of a way, and what its checkpoints say of themselves; or why there are none. */
  record Cell(double percent, Way way, List<Turn> turns, List<Own> own, String lacking) {
    Figures of(ToDoubleFunction<Turn> figure) {
      return Figures.of(turns.stream().map(turn -> figure.applyAsDouble(turn)).toList());
    }

    Figures ofOwn(ToDoubleFunction<Own> figure) {
      return Figures.of(own.stream().map(each -> figure.applyAsDouble(each)).toList());
    }
  }

  static List<Cell> measure(Plan plan, PrintStream progress)
      throws IOException, InterruptedException {
    return new Durable(plan, progress).run();
  }

  private List<Cell> run() throws IOException, InterruptedException {
    try {
      for (Way way : plan.ways) {
        progress.println("checkpoint: preparing " + way.label());
        open(way);
      }
      for (double percent : plan.percents) {
        for (Way way : plan.ways) {
          String reason = lacking.getOrDefault(way, "");
          cells.add(new Cell(percent, way, new ArrayList<>(), new ArrayList<>(), reason));
        }
      }
      Random random = new Random(plan.seed);
      // The first round is for the compilers.
      for (int round = -1; round < plan.rounds; round++) {
        round(round, random);
      }
      return cells;
    } finally {
      for (Persistence each : open.values()) {
        each.close();
      }
    }
  }

  private void open(Way way) throws IOException, InterruptedException {
    Path own = Files.createDirectory(plan.directory.resolve("durable-" + way.label()));
    try {
      open.put(way, way.open(own, plan.pages));
    } catch (LinkageError e) {
      lacking.put(way, "cannot be loaded: " + (e.getCause() == null ? e : e.getCause()));
    } catch (IOException e) {
      if (way != Way.FICLONE) {
        throw e;
      }
      lacking.put(way, "needs root and XFS: " + e.getMessage());
    }
    if (!open.containsKey(way)) {
      OpenDirectory.delete(own);
    }
  }

  private void round(int round, Random random) throws IOException, InterruptedException {
    for (double percent : plan.percents) {
      List<Cell> turns =
          new ArrayList<>(
              cells.stream()
                  .filter(cell -> cell.percent == percent && open.containsKey(cell.way))
                  .toList());
      Collections.shuffle(turns, random);
      int row = round < 0 ? 1 : plan.inARow(percent);
      List<int[]> changed = new ArrayList<>();
      for (int i = 0; i <= row; i++) {
        changed.add(PageBytes.choose(plan.pages, percent, random.nextLong()));
      }
      for (Cell cell : turns) {
        List<Own> own = new ArrayList<>();
        Turn turn = turn(cell.way, changed, own);
        if (round >= 0) {
          cell.turns.add(turn);
          cell.own.addAll(own);
          progress.printf(
              Locale.ROOT,
              "checkpoint: round %d, %s %%, %s: durable %s%n",
              round,
              percent,
              cell.way.label(),
              Units.nanos((long) turn.durableNanos));
        }
      }
    }
  }

  private Turn turn(Way way, List<int[]> changed, List<Own> own)
      throws IOException, InterruptedException {
    Persistence pages = Objects.requireNonNull(open.get(way));
    int[] first = changed.getFirst();
    WrittenBytes before = WrittenBytes.now();
    long begin = System.nanoTime();
    pages.store(first, ++stamp);
    long stored = System.nanoTime();
    pages.persist();
    long durable = System.nanoTime();
    pages.settle();
    long settled = System.nanoTime();
    WrittenBytes written = WrittenBytes.now().since(before);
    pages.status().ifPresent(status -> own.add(own(status, true)));
    double rowNanos = way.inARow() ? row(pages, changed, own) : Double.NaN;
    check(pages, way, way.inARow() ? changed.getLast() : first);
    return new Turn(
        stored - begin,
        durable - stored,
        settled - stored,
        rowNanos,
        (double) (pages.mapped() ? written.dirtied() : written.calls())
            / ((long) first.length * PageBytes.BYTES));
  }

  private double row(Persistence pages, List<int[]> changed, List<Own> own)
      throws IOException, InterruptedException {
    List<int[]> row = changed.subList(1, changed.size());
    long begin = System.nanoTime();
    for (int[] each : row) {
      pages.store(each, ++stamp);
      pages.persist();
      pages.status().ifPresent(status -> own.add(own(status, false)));
    }
    pages.settle();
    return (double) (System.nanoTime() - begin) / row.size();
  }

  private void check(Persistence pages, Way way, int[] stored) throws IOException {
    int page = stored[stored.length - 1];
    long found = pages.load(page);
    if (found != PageBytes.first(page, stamp)) {
      throw new IOException(way.label() + ": page " + page + " has wrong content");
    }
  }

  private static Own own(CheckpointStatus status, boolean applied) {
    CheckpointStatus.Cost cost = Objects.requireNonNull(status.last(), "cost of a checkpoint");
    return new Own(
        cost.stop().toNanos(),
        cost.durable().toNanos(),
        applied ? cost.applied().toNanos() : Double.NaN,
        (double) cost.writtenBytes() / cost.changedBytes(),
        status.privateBytes());
  }

  /** The figure of each turn beside that of another way in the same round. */
  private static Figures ratios(
      List<Cell> cells, Cell cell, Way other, ToDoubleFunction<Turn> figure) {
    List<Turn> others =
        cells.stream()
            .filter(each -> each.way == other && each.percent == cell.percent)
            .map(Cell::turns)
            .findFirst()
            .orElse(List.of());
    List<Double> ratios = new ArrayList<>();
    for (int round = 0; round < Math.min(others.size(), cell.turns.size()); round++) {
      ratios.add(
          figure.applyAsDouble(cell.turns.get(round)) / figure.applyAsDouble(others.get(round)));
    }
    return Figures.of(ratios);
  }

  static String render(List<Cell> cells, int width) {
    StringBuilder text =
        new StringBuilder(
            Table.<Cell>of(
                    left("changed", cell -> percent(cell.percent)),
                    left("way", cell -> cell.way.label()),
                    right("store", cell -> Figures.nanos(cell.of(Turn::storeNanos).median())),
                    right("durable", cell -> cell.of(Turn::durableNanos).nanos()),
                    right(
                        "× plain",
                        cell -> ratios(cells, cell, Way.PLAIN, Turn::durableNanos).ratio()),
                    right("written / changed", cell -> cell.of(Turn::writtenPerChanged).ratio()),
                    right("in a row", cell -> cell.of(Turn::rowNanos).nanos()),
                    right(
                        "× plain", cell -> ratios(cells, cell, Way.PLAIN, Turn::rowNanos).ratio()),
                    right("lmdb / it", cell -> lmdb(cells, cell).ratio()))
                .keyedBy(2)
                .orElse(cell -> cell.lacking.isEmpty() ? null : cell.lacking)
                .groupedBy(cell -> cell.percent, 1)
                .rows(cells)
                .render(width));
    text.append(
        """

        Medians of the rounds, in brackets the least and the most; a ratio is to the same round
        store: of all bytes of the pages; durable: from then on, with nothing else under way
        in a row: stores and durable, time after time, until nothing is left to do; for each time
        lmdb / it: store and durable of lmdb in the same round, divided by this
        """);
    Stream.of(Way.values())
        .filter(way -> cells.stream().anyMatch(cell -> cell.way == way))
        .forEach(
            way -> text.append(way.label()).append(": ").append(way.description()).append('\n'));
    text.append('\n').append(renderOwn(cells, width));
    return text.toString();
  }

  private static Figures lmdb(List<Cell> cells, Cell cell) {
    Figures inverse = ratios(cells, cell, Way.LMDB, Turn::togetherNanos);
    return inverse.inverted();
  }

  private static String renderOwn(List<Cell> cells, int width) {
    List<Cell> ours = cells.stream().filter(cell -> !cell.own.isEmpty()).toList();
    if (ours.isEmpty()) {
      return "";
    }
    return Table.<Cell>of(
                left("changed", cell -> percent(cell.percent)),
                right("checkpoints", cell -> Units.count(cell.own.size())),
                right("stop p50", cell -> Figures.nanos(cell.ofOwn(Own::stopNanos).percentile(50))),
                right("p99", cell -> Figures.nanos(cell.ofOwn(Own::stopNanos).percentile(99))),
                right("most", cell -> Figures.nanos(cell.ofOwn(Own::stopNanos).most())),
                right(
                    "durable p50",
                    cell -> Figures.nanos(cell.ofOwn(Own::durableNanos).percentile(50))),
                right("p99", cell -> Figures.nanos(cell.ofOwn(Own::durableNanos).percentile(99))),
                right("applied", cell -> cell.ofOwn(Own::appliedNanos).nanos()),
                right(
                    "journal / changed",
                    cell -> Figures.number(cell.ofOwn(Own::writtenPerChanged).median())),
                right(
                    "private, most",
                    cell -> Units.bytes((long) cell.ofOwn(Own::privateBytes).most())))
            .rows(ours)
            .render(width)
        + """

        By the checkpoints' own account, those in a row too. stop: how long no section could begin;
        applied: from durable until the file had it, of those that were waited for
        """;
  }

  static String percent(double percent) {
    return (percent == Math.rint(percent)
            ? String.valueOf((long) percent)
            : String.valueOf(percent))
        + " %";
  }
}
