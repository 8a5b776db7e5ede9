/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.compare;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.dmalloc.workloads.PageContent;
import org.dmalloc.workloads.compare.cell.CellRun;
import org.dmalloc.workloads.compare.cell.ComparedWorkload;
import org.dmalloc.workloads.compare.child.ChildTask;
import org.dmalloc.workloads.compare.setup.Change;
import org.dmalloc.workloads.compare.setup.KernelSetting;
import org.dmalloc.workloads.compare.setup.MemoryLimit;
import org.dmalloc.workloads.compare.setup.SetupJournal;
import org.jspecify.annotations.Nullable;

/** The runs of a comparison: one child JVM for each contender in each round. */
final class Rounds {
  private static final int BATCH_PAGES = 256;
  private static final long HEAP_BYTES = 64L << 20;

  /** Of the pool's own size, for the objects by which a cache keeps its pages. */
  private static final int POOL_HEAP_SHARE = 20;

  /** What a child JVM has in RAM besides its data. */
  private static final long JVM_BYTES = 112L << 20;

  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final Duration FILL = Duration.ofSeconds(3);
  private static final Duration LEAST_CELL = Duration.ofMillis(100);
  private static final Duration LONGEST_CELL = Duration.ofSeconds(1);

  /** A guess of what a child needs besides its cells, until the first round has shown it. */
  private static final Duration CHILD_GUESS = Duration.ofSeconds(2);

  private static final double FILL_GUESS_BYTES_PER_SECOND = 800e6;

  /** A cell is warmed up for this part of its time. */
  private static final int WARM_UP_SHARE = 4;

  private final ComparisonPlan plan;
  private final List<Contender> contenders;
  private final List<Path> ownClassPath;
  private final @Nullable MemoryLimit limit;
  private final SetupJournal journal;
  private final ComparisonListener listener;
  private final Map<String, String> contenderNotes = new LinkedHashMap<>();
  private final Map<String, Map<ComparedWorkload, List<CellRun>>> runs = new LinkedHashMap<>();
  private final Map<String, Map<ComparedWorkload, String>> failures = new LinkedHashMap<>();
  private final Set<String> notes = new LinkedHashSet<>();
  private final long begin = System.nanoTime();
  private final int cellsPerChild;
  private List<String> devices = List.of();
  private long overheadNanos;
  private long cellNanos;
  private final Map<String, Long> peaks = new LinkedHashMap<>();
  private int childrenDone;

  Rounds(
      ComparisonPlan plan,
      List<Contender> contenders,
      List<Path> ownClassPath,
      @Nullable MemoryLimit limit,
      SetupJournal journal,
      ComparisonListener listener) {
    this.plan = plan;
    this.contenders = contenders;
    this.ownClassPath = ownClassPath;
    this.limit = limit;
    this.journal = journal;
    this.listener = listener;
    // The fill is a part of every child, asked for or not, and has a time of its own.
    cellsPerChild =
        Math.max(
            1, (int) plan.workloads().stream().filter(w -> w != ComparedWorkload.FILL).count());
    overheadNanos =
        CHILD_GUESS.toNanos() + (long) (plan.byteSize() / FILL_GUESS_BYTES_PER_SECOND * 1e9);
    for (Contender contender : contenders) {
      runs.put(contender.id(), new EnumMap<>(ComparedWorkload.class));
      failures.put(contender.id(), new EnumMap<>(ComparedWorkload.class));
    }
  }

  /** Names the block devices whose traffic is counted. */
  void watch(List<String> names) {
    devices = List.copyOf(names);
  }

  /** Runs every contender once, in the given order and all with the same time for a cell. */
  void run(int round, List<Contender> order) throws IOException, InterruptedException {
    cellNanos = chooseCellNanos(round);
    if (round == 1) {
      listener.said(
          "%d contenders × %d workloads × %d runs, %.2f s for a cell, about %.0f min"
              .formatted(
                  order.size(),
                  plan.workloads().size(),
                  plan.runs(),
                  cellNanos / 1e9,
                  Math.ceil(
                      plan.runs()
                          * order.size()
                          * (overheadNanos + cellsPerChild * 1.25 * cellNanos)
                          / 60e9)));
    }
    long overheads = 0;
    for (Contender contender : order) {
      long start = System.nanoTime();
      // Who could not even get its memory will not get it in the next round either.
      if (round == 1 || contenderNotes.containsKey(contender.id())) {
        run(round, contender);
      }
      childrenDone++;
      overheads +=
          System.nanoTime() - start - cellsPerChild * (cellNanos + cellNanos / WARM_UP_SHARE);
    }
    overheadNanos = Math.max(0, overheads / order.size());
    sayIfLate(round);
  }

  /** Fewer runs would tell no spread, so a machine that is too slow for the budget exceeds it. */
  private void sayIfLate(int round) {
    long perChild = overheadNanos + cellsPerChild * LEAST_CELL.toNanos() * 5 / 4;
    long left = perChild * contenders.size() * (plan.runs() - round);
    long late = System.nanoTime() - begin + left - plan.budget().toNanos();
    if (round < plan.runs() && plan.cellTime() == null && late > 0) {
      String line =
          "a child takes %.1f s besides its cells here: with all %d runs about %.0f min more than the budget; fewer contenders (-c) or runs (-r) take less"
              .formatted(overheadNanos / 1e9, plan.runs(), Math.ceil(late / 60e9));
      listener.said(line);
      notes.removeIf(note -> note.startsWith("a child takes"));
      notes.add(line);
    }
  }

  private long chooseCellNanos(int round) {
    Duration fixed = plan.cellTime();
    if (fixed != null) {
      return fixed.toNanos();
    }
    long left = plan.budget().toNanos() - (System.nanoTime() - begin);
    long children = (long) contenders.size() * (plan.runs() - round + 1);
    long forCells = left / children - overheadNanos;
    long cell = forCells / cellsPerChild * WARM_UP_SHARE / (WARM_UP_SHARE + 1);
    return Math.clamp(cell, LEAST_CELL.toNanos(), LONGEST_CELL.toNanos());
  }

  private void run(int round, Contender contender) throws IOException, InterruptedException {
    List<Change> settings = new ArrayList<>();
    try {
      for (var setting : contender.settings().entrySet()) {
        settings.add(KernelSetting.set(journal, setting.getKey(), setting.getValue()));
      }
      ChildRun child = new ChildRun(classPath(contender), heapBytes(contender), PATIENCE);
      ChildTask task = task(round, contender);
      int total = contenders.size() * plan.runs();
      MemoryLimit.Place place = limit == null ? null : limit.create(plan.limitBytes());
      try {
        keep(
            contender,
            child.run(
                task,
                place,
                workload ->
                    listener.progressed(
                        childrenDone,
                        total,
                        "run %d of %d: %s %s"
                            .formatted(round, plan.runs(), contender.id(), workload))));
      } finally {
        if (place != null) {
          place.close();
        }
      }
    } finally {
      for (Change change : settings.reversed()) {
        journal.takeBack(change);
      }
    }
  }

  private List<Path> classPath(Contender contender) {
    Set<Path> paths = new LinkedHashSet<>(ownClassPath);
    ProviderSource provider = contender.provider();
    if (provider != null) {
      paths.addAll(provider.classPath());
    }
    return List.copyOf(paths);
  }

  private long dataLimit() {
    return Math.max(plan.limitBytes() / 2, plan.limitBytes() - JVM_BYTES);
  }

  private long poolBytes() {
    long beside = limit == null ? plan.byteSize() / 4 : dataLimit();
    return Math.min(plan.byteSize(), beside - beside / POOL_HEAP_SHARE);
  }

  private long heapBytes(Contender contender) {
    return contender.kind() == ChildTask.Kind.BUFFER_POOL
        ? HEAP_BYTES + poolBytes() / POOL_HEAP_SHARE
        : HEAP_BYTES;
  }

  private ChildTask task(int round, Contender contender) {
    ProviderSource provider = contender.provider();
    List<ComparedWorkload> order = new ArrayList<>(plan.workloads());
    order.removeIf(w -> w == ComparedWorkload.FILL || w.replacesContent());
    Collections.shuffle(order, new Random(plan.seed() * 31 + round));
    // The index takes the place of the content that all others check.
    if (plan.workloads().stream().anyMatch(ComparedWorkload::replacesContent)) {
      order.add(ComparedWorkload.INDEX_BUILD);
      if (plan.workloads().contains(ComparedWorkload.INDEX_QUERY)) {
        order.add(ComparedWorkload.INDEX_QUERY);
      }
    }
    return new ChildTask(
        contender.kind(),
        provider == null ? "" : provider.className(),
        provider == null ? Map.of() : provider.properties(),
        plan.directory().toAbsolutePath().toString(),
        plan.byteSize() / PageContent.PAGE_BYTES * PageContent.PAGE_BYTES,
        contender.pattern(),
        contender.policy(),
        contender.announced() ? BATCH_PAGES : 0,
        contender.budgeted() ? dataLimit() : 0,
        contender.kind() == ChildTask.Kind.BUFFER_POOL ? poolBytes() : 0,
        order,
        plan.workloads(),
        cellNanos,
        cellNanos / WARM_UP_SHARE,
        FILL.toNanos(),
        plan.seed(),
        round,
        devices);
  }

  private void keep(Contender contender, ChildRun.Result result) {
    if (!result.note().isEmpty()) {
      contenderNotes.put(contender.id(), result.note());
    }
    Map<ComparedWorkload, List<CellRun>> own = runs.getOrDefault(contender.id(), Map.of());
    for (CellRun run : result.runs()) {
      own.computeIfAbsent(run.workload(), w -> new ArrayList<>()).add(run);
    }
    Map<ComparedWorkload, String> failed = failures.getOrDefault(contender.id(), Map.of());
    result.refusals().forEach((label, reason) -> failed.put(ComparedWorkload.named(label), reason));
    if (!result.failure().isEmpty()) {
      String where = result.failedIn().isEmpty() ? "at its start" : "in " + result.failedIn();
      listener.said("%s %s: %s".formatted(contender.id(), where, result.failure()));
      notes.add("%s %s: %s".formatted(contender.id(), where, result.failure()));
      for (ComparedWorkload workload : plan.workloads()) {
        if (result.runs().stream().noneMatch(run -> run.workload() == workload)) {
          failed.putIfAbsent(workload, result.failure());
        }
      }
    }
    if (result.peakBytes().isPresent()) {
      peaks.merge(contender.id(), result.peakBytes().getAsLong(), Math::max);
    }
  }

  double cellSeconds() {
    return cellNanos / 1e9;
  }

  List<String> notes() {
    return List.copyOf(notes);
  }

  List<ComparisonReport.Entrant> entrants() {
    return contenders.stream()
        .map(
            c ->
                new ComparisonReport.Entrant(
                    c.id(),
                    c.family(),
                    c.announced(),
                    contenderNotes.getOrDefault(c.id(), ""),
                    c.allocateCommand(size(plan.byteSize())),
                    c.settings(),
                    peaks.getOrDefault(c.id(), CellRun.UNKNOWN)))
        .toList();
  }

  private static String size(long bytes) {
    return bytes % (1L << 30) == 0 ? (bytes >> 30) + "g" : Math.ceilDiv(bytes, 1L << 20) + "m";
  }

  List<ComparisonReport.Cell> cells() {
    List<ComparisonReport.Cell> cells = new ArrayList<>();
    for (ComparedWorkload workload : ComparedWorkload.values()) {
      if (plan.workloads().contains(workload)) {
        for (Contender contender : contenders) {
          cells.add(
              new ComparisonReport.Cell(
                  workload,
                  contender.id(),
                  runs.getOrDefault(contender.id(), Map.of()).getOrDefault(workload, List.of()),
                  failures.getOrDefault(contender.id(), Map.of()).getOrDefault(workload, "")));
        }
      }
    }
    return cells;
  }
}
