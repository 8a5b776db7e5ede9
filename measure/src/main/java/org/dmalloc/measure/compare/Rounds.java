/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import com.google.gson.Gson;
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
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.compare.child.ChildRun;
import org.dmalloc.measure.compare.child.ChildTask;
import org.dmalloc.measure.compare.child.ContenderSubject;
import org.dmalloc.measure.compare.setup.Change;
import org.dmalloc.measure.compare.setup.KernelSetting;
import org.dmalloc.measure.compare.setup.LimitedJvm;
import org.dmalloc.measure.compare.setup.MemoryLimit;
import org.dmalloc.measure.compare.setup.SetupJournal;
import org.dmalloc.measure.report.MeasurementListener;
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
  private final MeasurementListener listener;
  private final Map<String, String> contenderNotes = new LinkedHashMap<>();
  private final Map<String, Map<ComparedWorkload, List<Measurement>>> runs = new LinkedHashMap<>();
  private final Map<String, Map<ComparedWorkload, String>> failures = new LinkedHashMap<>();
  private final Set<String> notes = new LinkedHashSet<>();
  private final Map<String, Long> peaks = new LinkedHashMap<>();
  private final Schedule schedule;
  private final Set<String> dropped = new LinkedHashSet<>();
  private List<String> devices = List.of();
  private boolean cut;
  private long cellNanos;

  Rounds(
      ComparisonPlan plan,
      List<Contender> contenders,
      List<Path> ownClassPath,
      @Nullable MemoryLimit limit,
      SetupJournal journal,
      MeasurementListener listener,
      long begin) {
    this.plan = plan;
    this.contenders = new ArrayList<>(contenders);
    this.ownClassPath = ownClassPath;
    this.limit = limit;
    this.journal = journal;
    this.listener = listener;
    schedule =
        new Schedule(
            plan,
            contenders.size(),
            TimeFit.cellsPerRun(plan.choice().workloads()),
            System::nanoTime,
            begin);
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
            "%d contenders × %d workloads × %d runs in %d child JVMs, %.2f s a cell, about %s, done"
                + " at %s",
            contenders.size(),
            plan.choice().workloads().size(),
            plan.effort().runs(),
            schedule.childrenTotal(),
            schedule.round().cellNanos() / 1e9,
            minutes(schedule.left()),
            LocalTime.now(ZoneId.systemDefault()).plus(schedule.left()).format(TIME_OF_DAY)));
    while (schedule.hasRounds() && !cut) {
      Schedule.Round round = schedule.round();
      List<Contender> waiting = new ArrayList<>(contenders);
      waiting.removeIf(c -> round.number() > 1 && !contenderNotes.containsKey(c.id()));
      Collections.shuffle(waiting, new Random(plan.seed() + round.number()));
      while (!waiting.isEmpty() && !cut) {
        if (schedule.fitting(waiting.size()) < waiting.size()) {
          if (round.number() > 1) {
            break;
          }
          dropWhatDoesNotFit(waiting);
          continue;
        }
        Contender contender = waiting.removeFirst();
        Schedule.Round child = schedule.child(waiting.size() + 1);
        cellNanos = child.cellNanos();
        long start = System.nanoTime();
        run(child, contender);
        schedule.childDone(child, System.nanoTime() - start);
      }
      if (round.number() == 1) {
        // Who could not even get its memory will not get it in the next round either.
        contenders.stream()
            .filter(contender -> !contenderNotes.containsKey(contender.id()))
            .forEach(contender -> schedule.contenderDropped());
      }
      schedule.roundDone();
    }
    tellWhatWasLeftOut();
  }

  /** The children of the first round that cannot make a run; the least telling go first. */
  private void dropWhatDoesNotFit(List<Contender> waiting) {
    List<Contender> kept = TimeFit.byWorth(contenders);
    kept.retainAll(waiting);
    List<Contender> gone = kept.subList(schedule.fitting(waiting.size()), kept.size());
    for (Contender contender : gone) {
      schedule.contenderDropped();
      dropped.add(contender.id());
    }
    waiting.removeAll(gone);
    contenders.removeAll(gone);
  }

  private void tellWhatWasLeftOut() {
    Duration given = plan.effort().time();
    if (!dropped.isEmpty()) {
      notes.add(
          String.format(
              Locale.ROOT,
              "%s: not measured, because %s and they did not fit into %d s; --time %d has them too",
              String.join(", ", dropped),
              overhead(),
              given.toSeconds(),
              TimeFit.suggested(plan, schedule.overhead(), contenders.size() + dropped.size())));
    }
    if (cut) {
      notes.add(
          String.format(
              Locale.ROOT,
              "the last child was ended when the %d s were over; what it had not told was not"
                  + " measured",
              given.toSeconds()));
    }
    Set<Integer> counts = new TreeSet<>();
    runs.forEach(
        (contender, cells) ->
            cells.forEach(
                (workload, told) -> {
                  if (workload != ComparedWorkload.FILL) {
                    counts.add(told.size());
                  }
                }));
    if (counts.stream().anyMatch(count -> count < plan.effort().runs())) {
      notes.add(
          String.format(
              Locale.ROOT,
              "%s of %d runs fitted into %d s, because %s; --time gives more",
              counts.stream().map(String::valueOf).collect(Collectors.joining(" or ")),
              plan.effort().runs(),
              given.toSeconds(),
              overhead()));
    }
    if (schedule.roundsDone() < plan.effort().runs()
        && plan.choice().workloads().contains(ComparedWorkload.FILL)) {
      notes.add(
          String.format(
              Locale.ROOT,
              "%s: the fill was measured once in each, %d times; --time gives more",
              overhead(),
              schedule.roundsDone()));
    }
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
      LimitedJvm child =
          new LimitedJvm(
              ContenderSubject.class.getName(),
              classPath(contender),
              heapBytes(contender),
              List.of(),
              PATIENCE);
      MemoryLimit.Place place = limit == null ? null : limit.create(plan.limitBytes());
      try {
        ChildTask task = task(round, contender, place);
        ChildRun.Result result =
            ChildRun.run(
                child,
                task,
                place,
                workload ->
                    listener.began(
                        String.format(
                            Locale.ROOT,
                            "%d of %d, %s %s, about %s left",
                            schedule.childrenDone() + 1,
                            schedule.childrenTotal(),
                            contender.id(),
                            workload,
                            minutes(schedule.left()))),
                Duration.ofNanos(Math.max(0, schedule.deadlineNanos() - System.nanoTime())));
        if (journal.closed()) {
          // It was ended with its cgroup, because this process is told to end.
          throw new InterruptedException("ended by a signal");
        }
        cut |= result.cut();
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
    return dataLimit(plan.limitBytes());
  }

  /** What a limit leaves for data beside a JVM. */
  static long dataLimit(long limitBytes) {
    return Math.max(limitBytes / 2, limitBytes - JVM_BYTES);
  }

  private long poolBytes() {
    long beside = limit == null ? plan.byteSize() / 4 : dataLimit();
    return Math.min(plan.byteSize(), beside - beside / POOL_HEAP_SHARE);
  }

  private long heapBytes(Contender contender) {
    return contender.kind() == ContenderSubject.Kind.BUFFER_POOL
        ? HEAP_BYTES + poolBytes() / POOL_HEAP_SHARE
        : HEAP_BYTES;
  }

  /** The workloads of a child's runs, each run in an order of its own. */
  private List<ComparedWorkload> order(Schedule.Round round) {
    List<ComparedWorkload> order = new ArrayList<>();
    for (int run = round.firstRun(); run < round.firstRun() + round.runs(); run++) {
      List<ComparedWorkload> own = new ArrayList<>(plan.choice().workloads());
      own.removeIf(w -> w == ComparedWorkload.FILL || w.replacesContent());
      Collections.shuffle(own, new Random(plan.seed() * 31 + run));
      order.addAll(own);
    }
    // The index takes the place of the content that all others check.
    if (plan.choice().workloads().stream().anyMatch(ComparedWorkload::replacesContent)) {
      for (int run = 0; run < round.runs(); run++) {
        order.add(ComparedWorkload.INDEX_BUILD);
        if (plan.choice().workloads().contains(ComparedWorkload.INDEX_QUERY)) {
          order.add(ComparedWorkload.INDEX_QUERY);
        }
      }
    }
    return order;
  }

  private ChildTask task(
      Schedule.Round round, Contender contender, MemoryLimit.@Nullable Place place) {
    ProviderSource provider = contender.provider();
    ContenderSubject.Spec spec =
        new ContenderSubject.Spec(
            contender.kind(),
            provider == null ? "" : provider.kind(),
            provider == null ? Map.of() : provider.properties(),
            contender.pattern(),
            contender.policy(),
            contender.budgeted() ? dataLimit() : 0,
            contender.kind() == ContenderSubject.Kind.BUFFER_POOL ? poolBytes() : 0);
    List<ChildTask.Step> steps = new ArrayList<>();
    for (ComparedWorkload workload : order(round)) {
      long stream = ((long) round.number() << Integer.SIZE) + steps.size() + 1;
      steps.add(
          new ChildTask.Step(
              workload.label(),
              workload.workload(),
              options(
                  Start.WARM,
                  cellNanos / Schedule.WARM_UP_SHARE,
                  cellNanos,
                  contender.announced() ? BATCH_PAGES : 0,
                  stream)));
    }
    return new ChildTask(
        new Gson().toJson(spec),
        plan.directory().toAbsolutePath().toString(),
        plan.byteSize() / PageContent.PAGE_BYTES * PageContent.PAGE_BYTES,
        0,
        0,
        options(Start.COLD, 0, FILL.toNanos(), 0, 0),
        plan.choice().workloads().contains(ComparedWorkload.FILL),
        limit == null ? plan.byteSize() : Math.min(plan.byteSize(), dataLimit()),
        steps,
        devices,
        place == null ? "" : place.peakFile());
  }

  /** Each operation is timed: it hits what is in RAM, or waits. */
  private RunOptions options(
      Start start, long warmUpNanos, long nanos, int announcedPages, long stream) {
    return new RunOptions(
        start,
        RunOptions.Timing.EACH,
        1,
        warmUpNanos,
        false,
        nanos,
        RunOptions.UNLIMITED,
        announcedPages,
        plan.seed(),
        stream);
  }

  private void keep(Contender contender, ChildRun.Result result) {
    if (!result.note().isEmpty()) {
      contenderNotes.put(contender.id(), result.note());
    }
    Map<ComparedWorkload, List<Measurement>> own = runs.getOrDefault(contender.id(), Map.of());
    for (ChildRun.Done done : result.done()) {
      own.computeIfAbsent(ComparedWorkload.named(done.step()), w -> new ArrayList<>())
          .addAll(done.runs());
    }
    Map<ComparedWorkload, String> failed = failures.getOrDefault(contender.id(), Map.of());
    result.lacks().forEach((label, reason) -> failed.put(ComparedWorkload.named(label), reason));
    if (!result.broken().isEmpty()) {
      String where = result.brokenIn().isEmpty() ? "at its start" : "in " + result.brokenIn();
      listener.said(
          String.format(Locale.ROOT, "%s %s: %s", contender.id(), where, result.broken()));
      notes.add(String.format(Locale.ROOT, "%s %s: %s", contender.id(), where, result.broken()));
    }
    String missing = result.cut() ? "the time was over" : result.broken();
    for (ComparedWorkload workload : plan.choice().workloads()) {
      if (!missing.isEmpty()
          && result.done().stream().noneMatch(done -> done.step().equals(workload.label()))) {
        failed.putIfAbsent(workload, missing);
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
                    peaks.getOrDefault(c.id(), Measurement.UNKNOWN)))
        .toList();
  }

  private static String size(long bytes) {
    return bytes % (1L << 30) == 0 ? (bytes >> 30) + "g" : Math.ceilDiv(bytes, 1L << 20) + "m";
  }

  List<ComparisonReport.Cell> cells() {
    List<ComparisonReport.Cell> cells = new ArrayList<>();
    for (ComparedWorkload workload : ComparedWorkload.values()) {
      if (plan.choice().workloads().contains(workload)) {
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
