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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.compare.child.ChildRun;
import org.dmalloc.measure.compare.child.ChildTask;
import org.dmalloc.measure.compare.child.ContenderSubject;
import org.dmalloc.measure.compare.child.Findings;
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

  /** A fraction of the pool for the cache's entry objects. */
  private static final int POOL_HEAP_SHARE = 20;

  /** A child JVM's memory besides its data. */
  private static final long JVM_BYTES = 112L << 20;

  /** How long a child may print nothing. */
  private static final Duration SILENCE = Duration.ofMinutes(4);

  private static final Duration FILL = Duration.ofSeconds(3);
  private static final DateTimeFormatter TIME_OF_DAY =
      DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT);

  private final ComparisonPlan plan;
  private final List<Contender> contenders;
  private final List<Path> ownClassPath;
  private final @Nullable MemoryLimit limit;
  private final SetupJournal journal;
  private final List<String> devices;
  private final MeasurementListener listener;
  private final Findings<ComparedWorkload, Measurement> findings;
  private final Set<String> notes = new LinkedHashSet<>();
  private final Schedule schedule;
  private final Set<String> dropped = new LinkedHashSet<>();
  private boolean cut;
  private long cellNanos;

  /**
   * Counts the traffic of the block devices of these names; {@code begin} is when the time limit
   * started.
   */
  Rounds(
      ComparisonPlan plan,
      List<Contender> contenders,
      List<Path> ownClassPath,
      @Nullable MemoryLimit limit,
      SetupJournal journal,
      List<String> devices,
      MeasurementListener listener,
      long begin) {
    this.plan = plan;
    this.contenders = new ArrayList<>(contenders);
    this.ownClassPath = ownClassPath;
    this.limit = limit;
    this.journal = journal;
    this.devices = devices;
    this.listener = listener;
    schedule =
        new Schedule(
            plan,
            contenders.size(),
            TimeFit.cellsPerRun(plan.choice().workloads()),
            System::nanoTime,
            begin);
    findings =
        new Findings<>(
            plan.choice().workloads(),
            ComparedWorkload::named,
            (result, done) -> done.runs().getFirst());
  }

  /** Runs each contender once in each round, in random order. */
  void run() throws IOException, InterruptedException {
    listener.said(
        String.format(
            Locale.ROOT,
            "%d contenders × %d workloads × %d runs in %d child JVMs, %.2f s a cell, about %s, done at %s",
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
      waiting.removeIf(c -> round.number() > 1 && !hasMemory(c));
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
        // A contender that cannot get its memory now will not get it in the next round either.
        contenders.stream().filter(c -> !hasMemory(c)).forEach(c -> schedule.contenderDropped());
      }
      schedule.roundDone();
    }
    noteWhatWasLeftOut();
  }

  private boolean hasMemory(Contender contender) {
    return !findings.note(contender.id()).isEmpty();
  }

  /**
   * Drops the children of the first round that have no time for a run, the lowest priority first.
   */
  private void dropWhatDoesNotFit(List<Contender> waiting) {
    List<Contender> kept = TimeFit.byPriority(contenders);
    kept.retainAll(waiting);
    List<Contender> gone = kept.subList(schedule.fitting(waiting.size()), kept.size());
    for (Contender contender : gone) {
      schedule.contenderDropped();
      dropped.add(contender.id());
    }
    waiting.removeAll(gone);
    contenders.removeAll(gone);
  }

  private void noteWhatWasLeftOut() {
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
          "the last child was ended when the "
              + given.toSeconds()
              + " s were over; what it had not reported was not measured");
    }
    Set<Integer> counts =
        findings
            .cells(
                ids(),
                (workload, contender, runs, failure) ->
                    workload == ComparedWorkload.FILL ? 0 : runs.size())
            .filter(count -> count > 0)
            .collect(Collectors.toCollection(TreeSet::new));
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
          overhead()
              + ": the fill was measured once in each, "
              + schedule.roundsDone()
              + " times; --time gives more");
    }
  }

  private String overhead() {
    return String.format(
        Locale.ROOT,
        "a child takes %.1f s besides its cells here",
        schedule.overhead().toMillis() / 1e3);
  }

  /** A duration rounded to the precision of an estimate. */
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
              SILENCE);
      ChildRun result =
          ChildRun.run(
              child,
              peakFile -> task(round, contender, peakFile),
              limit,
              plan.limitBytes(),
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
        // Its cgroup was removed because this process has to end.
        throw new InterruptedException("ended by a signal");
      }
      cut |= result.cut();
      for (String line : findings.add(contender.id(), result)) {
        notes.add(line);
        listener.said(line);
      }
    } finally {
      for (Change change : settings.reversed()) {
        journal.takeBack(change);
      }
    }
  }

  private List<Path> classPath(Contender contender) {
    return Stream.concat(ownClassPath.stream(), contender.provider().classPath().stream())
        .distinct()
        .toList();
  }

  private long dataLimit() {
    return dataLimit(plan.limitBytes());
  }

  /** The part of a limit that is left for data beside a JVM. */
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

  /** The workloads of a child's runs; each run has an order of its own. */
  private List<ComparedWorkload> order(Schedule.Round round, Contender contender) {
    List<ComparedWorkload> order = new ArrayList<>();
    for (int run = round.firstRun(); run < round.firstRun() + round.runs(); run++) {
      List<ComparedWorkload> own = new ArrayList<>(plan.choice().workloads());
      own.removeIf(w -> w == ComparedWorkload.FILL || w.replacesContent() || w.usesBlocks());
      Collections.shuffle(own, new Random(plan.seed() * 31 + run));
      order.addAll(own);
    }
    // The index overwrites the content that all others check.
    if (plan.choice().workloads().stream().anyMatch(ComparedWorkload::replacesContent)) {
      for (int run = 0; run < round.runs(); run++) {
        order.add(ComparedWorkload.INDEX_BUILD);
        if (plan.choice().workloads().contains(ComparedWorkload.INDEX_QUERY)) {
          order.add(ComparedWorkload.INDEX_QUERY);
        }
      }
    }
    // Blocks take the place of the store.
    if (contender.kind().givesBlocks()) {
      for (int run = round.firstRun(); run < round.firstRun() + round.runs(); run++) {
        List<ComparedWorkload> own = new ArrayList<>(plan.choice().workloads());
        own.removeIf(w -> !w.usesBlocks());
        Collections.shuffle(own, new Random(plan.seed() * 31 + run));
        order.addAll(own);
      }
    }
    return order;
  }

  private ChildTask task(Schedule.Round round, Contender contender, String peakFile) {
    ContenderSubject.Spec spec =
        new ContenderSubject.Spec(
            contender.kind(),
            contender.provider().kind(),
            contender.provider().properties(),
            contender.pattern(),
            contender.policy(),
            contender.budgeted() ? dataLimit() : 0,
            contender.kind() == ContenderSubject.Kind.BUFFER_POOL ? poolBytes() : 0);
    List<ChildTask.Step> steps = new ArrayList<>();
    for (ComparedWorkload workload : order(round, contender)) {
      long stream = ((long) round.number() << Integer.SIZE) + steps.size() + 1;
      // Each operation is timed, because it either hits RAM or waits.
      RunOptions options =
          new RunOptions(
              Start.WARM,
              RunOptions.Timing.EACH,
              1,
              cellNanos / Schedule.WARM_UP_SHARE,
              false,
              cellNanos,
              RunOptions.UNLIMITED,
              contender.announced() ? BATCH_PAGES : 0,
              plan.seed(),
              stream);
      steps.add(new ChildTask.Step(workload.label(), workload.workload(), options));
    }
    return new ChildTask(
        new Gson().toJson(spec),
        plan.directory().toAbsolutePath().toString(),
        plan.byteSize() / PageContent.PAGE_BYTES * PageContent.PAGE_BYTES,
        0,
        0,
        RunOptions.timed(Start.COLD, FILL.toNanos(), RunOptions.UNLIMITED, plan.seed(), 0),
        plan.choice().workloads().contains(ComparedWorkload.FILL),
        limit == null ? plan.byteSize() : Math.min(plan.byteSize(), dataLimit()),
        steps,
        devices,
        peakFile);
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
                    findings.note(c.id()),
                    c.allocateCommand(size(plan.byteSize()), size(dataLimit())),
                    c.settings(),
                    findings.peakBytes(c.id())))
        .toList();
  }

  private static String size(long bytes) {
    return bytes % (1L << 30) == 0 ? (bytes >> 30) + "g" : Math.ceilDiv(bytes, 1L << 20) + "m";
  }

  List<ComparisonReport.Cell> cells() {
    Set<String> withBlocks =
        contenders.stream()
            .filter(contender -> contender.kind().givesBlocks())
            .map(Contender::id)
            .collect(Collectors.toSet());
    return findings
        .cells(ids(), ComparisonReport.Cell::new)
        .filter(cell -> !cell.workload().usesBlocks() || withBlocks.contains(cell.contender()))
        .toList();
  }

  private List<String> ids() {
    return contenders.stream().map(Contender::id).toList();
  }
}
