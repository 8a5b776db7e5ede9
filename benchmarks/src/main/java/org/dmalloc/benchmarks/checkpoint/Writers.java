/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.dmalloc.api.Access;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.measure.RandomStream;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;
import org.jspecify.annotations.Nullable;

/**
 * Threads that store to pages at random, a section for each store, while checkpoints are made: what
 * their users see of them. In a round all modes take turns.
 */
final class Writers {
  private final Plan plan;
  private final PrintStream progress;
  private final MemoryRegion checkpointed;
  private final MemoryRegion ordinary;

  private Writers(
      Plan plan, PrintStream progress, MemoryRegion checkpointed, MemoryRegion ordinary) {
    this.plan = plan;
    this.progress = progress;
    this.checkpointed = checkpointed;
    this.ordinary = ordinary;
  }

  /**
   * What is measured.
   *
   * @param percents how many of a hundred pages are stored to, over and over
   * @param millis how long each mode is measured in a round
   * @param everyMillis the time from one checkpoint's begin to the next one's
   */
  record Plan(
      int pages,
      List<Double> percents,
      List<Integer> threads,
      int rounds,
      int millis,
      int everyMillis,
      Path directory,
      long seed) {}

  /** What goes on beside the writers. */
  enum Mode {
    ALONE("alone", true),
    NOW_AND_THEN("checkpoint", true),
    IN_A_ROW("checkpoints in a row", true),
    ORDINARY("ordinary, alone", false),
    FORCED("ordinary, force", false);

    private final String label;
    private final boolean checkpointed;

    Mode(String label, boolean checkpointed) {
      this.label = label;
      this.checkpointed = checkpointed;
    }

    /** The mode with which its writers are compared. */
    Mode without() {
      return checkpointed ? ALONE : ORDINARY;
    }
  }

  /**
   * All rounds of a mode.
   *
   * @param rates sections a second, by round
   * @param sections how long each took, in nanoseconds
   */
  record Cell(
      double percent,
      int threads,
      Mode mode,
      List<Double> rates,
      Histogram sections,
      List<Double> stops,
      List<Double> durables) {
    static Cell empty(double percent, int threads, Mode mode) {
      return new Cell(
          percent,
          threads,
          mode,
          new ArrayList<>(),
          new Histogram(3),
          new ArrayList<>(),
          new ArrayList<>());
    }
  }

  /** The same in figures; times are in nanoseconds. */
  record Row(
      double percent,
      int threads,
      String mode,
      List<Double> rates,
      long p50,
      long p99,
      long p999,
      long most,
      List<Double> stops,
      List<Double> durables) {
    static Row of(Cell cell) {
      return new Row(
          cell.percent,
          cell.threads,
          cell.mode.label,
          cell.rates,
          cell.sections.getValueAtPercentile(50),
          cell.sections.getValueAtPercentile(99),
          cell.sections.getValueAtPercentile(99.9),
          cell.sections.getMaxValue(),
          cell.stops,
          cell.durables);
    }
  }

  static List<Cell> measure(Plan plan, PrintStream progress)
      throws IOException, InterruptedException {
    progress.println("checkpoint: preparing writers");
    Path other = Files.createDirectory(plan.directory.resolve("writers-ordinary"));
    Path own = Files.createDirectory(plan.directory.resolve("writers"));
    try (Dmalloc first = Dmalloc.open();
        Dmalloc second = Dmalloc.open();
        MemoryRegion checkpointed = CheckpointedPages.make(first, own, plan.pages);
        MemoryRegion ordinary = ordinary(second, other, plan.pages)) {
      return new Writers(plan, progress, checkpointed, ordinary).run();
    }
  }

  private static MemoryRegion ordinary(Dmalloc dmalloc, Path directory, int pages)
      throws IOException {
    MemoryRegion region =
        dmalloc
            .start("panama", Map.of("directory", directory.toString()))
            .allocate(RegionRequest.ofSize((long) pages * PageBytes.BYTES).withName("pages"));
    for (int page = 0; page < pages; page++) {
      CheckpointedPages.store(region, page, 0);
    }
    region.force();
    return region;
  }

  private List<Cell> run() throws IOException, InterruptedException {
    List<Cell> cells = new ArrayList<>();
    for (double percent : plan.percents) {
      for (int threads : plan.threads) {
        for (Mode mode : Mode.values()) {
          cells.add(Cell.empty(percent, threads, mode));
        }
      }
    }
    Random random = new Random(plan.seed);
    // The first turn is for the compilers.
    turn(cells.get(1), random, false);
    for (int round = 0; round < plan.rounds; round++) {
      List<Cell> turns = new ArrayList<>(cells);
      Collections.shuffle(turns, random);
      for (Cell cell : turns) {
        turn(cell, random, true);
        progress.println(
            "checkpoint: round "
                + round
                + ", writers "
                + Durable.percent(cell.percent)
                + ", "
                + cell.threads
                + ", "
                + cell.mode.label
                + ": "
                + Units.count(cell.rates.getLast()));
      }
    }
    return cells;
  }

  private void turn(Cell cell, Random random, boolean counts)
      throws IOException, InterruptedException {
    MemoryRegion region = cell.mode.checkpointed ? checkpointed : ordinary;
    int[] hot = PageBytes.choose(plan.pages, cell.percent, random.nextLong());
    List<Writer> writers = new ArrayList<>();
    for (int i = 0; i < cell.threads; i++) {
      writers.add(new Writer(region, hot, random.nextLong()));
    }
    long begin = System.nanoTime();
    writers.forEach(Writer::start);
    Cell measured = counts ? cell : Cell.empty(cell.percent, cell.threads, cell.mode);
    try {
      beside(measured, region, begin + TimeUnit.MILLISECONDS.toNanos(plan.millis));
    } finally {
      for (Writer writer : writers) {
        writer.stop = true;
      }
      for (Writer writer : writers) {
        writer.join();
      }
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    long sections = 0;
    for (Writer writer : writers) {
      writer.rethrow();
      sections += writer.histogram.getTotalCount();
      measured.sections.add(writer.histogram);
    }
    measured.rates.add(sections / seconds);
    if (cell.mode.checkpointed) {
      region.checkpoint();
      region.checkpoints().awaitApplied();
    } else {
      region.force();
    }
  }

  private void beside(Cell cell, MemoryRegion region, long deadline) throws IOException {
    long every = TimeUnit.MILLISECONDS.toNanos(plan.everyMillis);
    for (long next = System.nanoTime() + every; System.nanoTime() < deadline; next += every) {
      if (cell.mode != Mode.IN_A_ROW) {
        sleepUntil(Math.min(next, deadline));
      }
      if (cell.mode == Mode.FORCED) {
        long begin = System.nanoTime();
        region.force();
        cell.durables.add((double) (System.nanoTime() - begin));
      } else if (cell.mode != cell.mode.without()) {
        long begin = System.nanoTime();
        region.checkpoint();
        cell.durables.add((double) (System.nanoTime() - begin));
        CheckpointStatus.Cost cost =
            Objects.requireNonNull(region.checkpoints().status().last(), "cost of a checkpoint");
        cell.stops.add((double) cost.stop().toNanos());
      }
      next = Math.max(next, System.nanoTime() - every);
    }
  }

  private static Figures slowDown(List<Cell> cells, Cell cell) {
    Cell without =
        cells.stream()
            .filter(
                each ->
                    each.percent == cell.percent
                        && each.threads == cell.threads
                        && each.mode == cell.mode.without())
            .findFirst()
            .orElseThrow();
    List<Double> ratios = new ArrayList<>();
    for (int round = 0; round < cell.rates.size(); round++) {
      ratios.add(cell.rates.get(round) / without.rates.get(round));
    }
    return Figures.of(ratios);
  }

  static String render(List<Cell> cells, int width) {
    return Table.<Cell>of(
                left("stored to", cell -> Durable.percent(cell.percent)),
                left("threads", cell -> String.valueOf(cell.threads)),
                left("mode", cell -> cell.mode.label),
                right("sections/s", cell -> Units.count(Figures.of(cell.rates).median())),
                right("× alone", cell -> slowDown(cells, cell).ratio()),
                right("p50", cell -> Units.nanos(cell.sections.getValueAtPercentile(50))),
                right("p99", cell -> Units.nanos(cell.sections.getValueAtPercentile(99))),
                right("p99.9", cell -> Units.nanos(cell.sections.getValueAtPercentile(99.9))),
                right("most", cell -> Units.nanos(cell.sections.getMaxValue())),
                right("made", cell -> Units.count(cell.durables.size())),
                right("stop p50", cell -> Figures.nanos(Figures.of(cell.stops).percentile(50))),
                right("p99", cell -> Figures.nanos(Figures.of(cell.stops).percentile(99))),
                right("most", cell -> Figures.nanos(Figures.of(cell.stops).most())),
                right("durable", cell -> Figures.of(cell.durables).nanos()))
            .keyedBy(3)
            .groupedBy(cell -> List.of(cell.percent, cell.threads), 2)
            .rows(cells)
            .render(width)
        + """

        A section stores 8 bytes to a random page of those that are stored to; p50 to most: of one
        section, with what it waits; × alone: the median of the rounds' ratios, less is slower
        made: how many checkpoints, or calls of force; durable: from the call to its return
        ordinary: a region that is not checkpointed
        """;
  }

  private static void sleepUntil(long nanoTime) {
    for (long left = nanoTime - System.nanoTime(); left > 0; left = nanoTime - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  /** One thread that stores. */
  private static final class Writer {
    private final MemoryRegion region;
    private final int[] hot;
    private final RandomStream random;
    private final Histogram histogram = new Histogram(3);
    private final Thread thread;
    private volatile boolean stop;
    private @Nullable RuntimeException failure;

    Writer(MemoryRegion region, int[] hot, long seed) {
      this.region = region;
      this.hot = hot;
      this.random = new RandomStream(seed);
      this.thread = Thread.ofPlatform().daemon().name("writer").unstarted(this::run);
    }

    void start() {
      thread.start();
    }

    void join() throws InterruptedException {
      thread.join();
    }

    void rethrow() {
      if (failure != null) {
        throw failure;
      }
    }

    private void run() {
      try {
        long before = System.nanoTime();
        while (!stop) {
          long page = hot[(int) random.below(hot.length)];
          try (Access access = region.acquire()) {
            access.segment().set(JAVA_LONG, page * PageBytes.BYTES, before);
          }
          long now = System.nanoTime();
          histogram.recordValue(now - before);
          before = now;
        }
      } catch (RuntimeException e) {
        failure = e;
      }
    }
  }
}
