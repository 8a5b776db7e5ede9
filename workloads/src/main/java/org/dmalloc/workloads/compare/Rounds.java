/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.compare;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
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
  private static final DateTimeFormatter TIME_OF_DAY =
      DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT);

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
  private final Map<String, Long> peaks = new LinkedHashMap<>();
  private final Schedule schedule;
  private List<String> devices = List.of();
  private long cellNanos;

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
    schedule =
        new Schedule(
            plan,
            contenders.size(),
            (int) plan.workloads().stream().filter(w -> w != ComparedWorkload.FILL).count(),
            System::nanoTime);
    for (Contender contender : contenders) {
      runs.put(contender.id(), new EnumMap<>(ComparedWorkload.class));
      failures.put(contender.id(), new EnumMap<>(ComparedWorkload.class));
    }
  }

  /** Names the block devices whose traffic is counted. */
  void watch(List<String> names) {
    devices = List.copyOf(names);
  }

  /** Runs all rounds: each contender once in a round, in random order. */
  void run() throws IOException, InterruptedException {
    listener.said(
        String.format(
            Locale.ROOT,
            "%d contenders × %d workloads × %d runs in %d child JVMs, %.2f s a cell, about %s, done at %s",
            contenders.size(),
            plan.workloads().size(),
            plan.runs(),
            schedule.childrenTotal(),
            schedule.round().cellNanos() / 1e9,
            minutes(schedule.left()),
            LocalTime.now(ZoneId.systemDefault()).plus(schedule.left()).format(TIME_OF_DAY)));
    sayIfLate();
    while (schedule.hasRounds()) {
      Schedule.Round round = schedule.round();
      cellNanos = round.cellNanos();
      List<Contender> order = new ArrayList<>(contenders);
      Collections.shuffle(order, new Random(plan.seed() + round.number()));
      for (Contender contender : order) {
        // Who could not even get its memory will not get it in the next round either.
        if (round.number() == 1 || contenderNotes.containsKey(contender.id())) {
          long start = System.nanoTime();
          run(round, contender);
          schedule.childDone(System.nanoTime() - start);
        } else {
          schedule.childSkipped();
        }
      }
      schedule.roundDone();
      sayIfLate();
    }
    if (schedule.roundsDone() < plan.runs() && plan.workloads().contains(ComparedWorkload.FILL)) {
      notes.add(
          String.format(
              Locale.ROOT,
              "%s, and %d of each contender did not fit into the time: the fill was measured %d times, everything else %d times; --time gives more",
              overhead(),
              plan.runs(),
              schedule.roundsDone(),
              plan.runs()));
    }
    schedule
        .overrun()
        .ifPresent(
            over ->
                notes.add(
                    String.format(
                        Locale.ROOT,
                        "it took %s more than the %s given: %s",
                        minutes(over),
                        minutes(plan.time()),
                        overhead())));
  }

  /** Fewer runs would tell no spread, so a machine that is too slow for the time exceeds it. */
  private void sayIfLate() {
    schedule
        .lateness()
        .ifPresent(
            late ->
                listener.said(
                    String.format(
                        Locale.ROOT,
                        "%s: %d runs of everything take about %s more than the %s given; fewer contenders (-c), workloads (-w) or a smaller size take less, --time gives more",
                        overhead(),
                        plan.runs(),
                        minutes(late),
                        minutes(plan.time()))));
  }

  private String overhead() {
    return String.format(
        Locale.ROOT, "a child takes %.1f s besides its cells here", seconds(schedule.overhead()));
  }

  private static double seconds(Duration time) {
    return time.toMillis() / 1e3;
  }

  /** A duration as precise as an estimate is. */
  private static String minutes(Duration time) {
    return time.toSeconds() < 90
        ? Math.max(1, time.toSeconds()) + " s"
        : Math.round(time.toSeconds() / 60.0) + " min";
  }

  private void run(Schedule.Round round, Contender contender)
      throws IOException, InterruptedException {
    List<Change> settings = new ArrayList<>();
    try {
      for (var setting : contender.settings().entrySet()) {
        settings.add(KernelSetting.set(journal, setting.getKey(), setting.getValue()));
      }
      ChildRun child = new ChildRun(classPath(contender), heapBytes(contender), PATIENCE);
      ChildTask task = task(round, contender);
      MemoryLimit.Place place = limit == null ? null : limit.create(plan.limitBytes());
      try {
        ChildRun.Result result =
            child.run(
                task,
                place,
                workload ->
                    listener.progressed(
                        schedule.childrenDone(),
                        schedule.childrenTotal(),
                        String.format(
                            Locale.ROOT,
                            "%s %s, about %s left",
                            contender.id(),
                            workload,
                            minutes(schedule.left()))));
        if (journal.closed()) {
          // It was ended with its cgroup, because this process is told to end.
          throw new InterruptedException("ended by a signal");
        }
        keep(contender, result);
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

  /** The workloads of a child's runs, each run in an order of its own. */
  private List<ComparedWorkload> order(Schedule.Round round) {
    List<ComparedWorkload> order = new ArrayList<>();
    for (int run = round.firstRun(); run < round.firstRun() + round.runs(); run++) {
      List<ComparedWorkload> own = new ArrayList<>(plan.workloads());
      own.removeIf(w -> w == ComparedWorkload.FILL || w.replacesContent());
      Collections.shuffle(own, new Random(plan.seed() * 31 + run));
      order.addAll(own);
    }
    // The index takes the place of the content that all others check.
    if (plan.workloads().stream().anyMatch(ComparedWorkload::replacesContent)) {
      for (int run = 0; run < round.runs(); run++) {
        order.add(ComparedWorkload.INDEX_BUILD);
        if (plan.workloads().contains(ComparedWorkload.INDEX_QUERY)) {
          order.add(ComparedWorkload.INDEX_QUERY);
        }
      }
    }
    return order;
  }

  private ChildTask task(Schedule.Round round, Contender contender) {
    ProviderSource provider = contender.provider();
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
        limit == null ? plan.byteSize() : Math.min(plan.byteSize(), dataLimit()),
        contender.kind() == ChildTask.Kind.BUFFER_POOL ? poolBytes() : 0,
        order(round),
        plan.workloads(),
        cellNanos,
        cellNanos / Schedule.WARM_UP_SHARE,
        FILL.toNanos(),
        plan.seed(),
        round.number(),
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
      listener.said(
          String.format(Locale.ROOT, "%s %s: %s", contender.id(), where, result.failure()));
      notes.add(String.format(Locale.ROOT, "%s %s: %s", contender.id(), where, result.failure()));
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
                    c.allocateCommand(size(plan.byteSize()), size(dataLimit())),
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
