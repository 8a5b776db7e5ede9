/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.measure.BlockSource;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.RegionPages;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.WorkloadRun;
import org.dmalloc.measure.Workloads;
import org.dmalloc.measure.bench.BenchmarkPlan.RawDiskChoice;
import org.dmalloc.measure.bench.BenchmarkResult.Failed;
import org.dmalloc.measure.bench.BenchmarkResult.Measured;
import org.dmalloc.measure.bench.BenchmarkResult.NotRun;
import org.dmalloc.measure.bench.BenchmarkResult.Outcome;
import org.dmalloc.measure.disk.PageCache;
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.disk.RawFigure;
import org.dmalloc.measure.disk.RawPattern;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.disk.RawSurveyor;
import org.dmalloc.measure.machine.BlockDevice;
import org.dmalloc.measure.machine.KernelCounter;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Mount;
import org.jspecify.annotations.Nullable;

/** One backend's part of a benchmark: its region, its raw disk, its rows. Used once. */
final class BackendBenchmark {
  /** Long enough for the compiler to have seen a workload's loops. */
  private static final Duration WARM_UP = Duration.ofMillis(200);

  private static final long WARM_UP_BYTES = 4L << 20;

  /** Of what a thread has stored, how much is looked at again. */
  private static final int VERIFIED_PAGES = 10_000;

  private final MemoryProvider provider;
  private final BenchmarkPlan plan;
  private final Surroundings around;
  private final @Nullable RawSurvey fallback;
  private final List<BenchmarkResult> results = new ArrayList<>();
  private final List<RawSurvey> surveys = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private @Nullable ScratchRegion scratch;
  private boolean filled;
  private BenchmarkReport.@Nullable Storage storage;
  private @Nullable BlockDevice device;
  private @Nullable AccessPattern advised;

  /** What a benchmark of a backend uses besides the backend. */
  record Surroundings(
      KernelFiles files,
      PageCache pageCache,
      RawSurveyor surveyor,
      BenchmarkRunner.Progress progress) {}

  BackendBenchmark(
      MemoryProvider provider,
      BenchmarkPlan plan,
      Surroundings around,
      @Nullable RawSurvey fallback) {
    this.provider = provider;
    this.plan = plan;
    this.around = around;
    this.fallback = fallback;
  }

  List<BenchmarkResult> results() {
    return results;
  }

  List<RawSurvey> surveys() {
    return surveys;
  }

  List<String> notes() {
    return notes;
  }

  Optional<BenchmarkReport.Storage> storage() {
    return Optional.ofNullable(storage);
  }

  /** The starts of a workload that a plan asks for; one that knows a single start keeps it. */
  static Set<Start> startsOf(Workload workload, BenchmarkPlan plan) {
    Set<Start> starts = EnumSet.copyOf(workload.starts());
    if (starts.size() > 1) {
      starts.retainAll(plan.starts());
    }
    return starts;
  }

  /** Runs all; returns with everything closed, whatever happened. */
  void run() throws InterruptedException {
    try {
      List<Workload> workloads = BenchmarkRunner.inOrder(plan);
      // Fills first, but shown after the survey: the raw disk can be read only where the file is
      // written, and every row wants its ratio.
      List<Runnable> held = new ArrayList<>();
      for (Workload workload : workloads) {
        if (workload.kind() == Workload.Kind.FILL) {
          for (Start start : List.of(Start.COLD, Start.WARM)) {
            if (startsOf(workload, plan).contains(start)) {
              Outcome outcome = step(workload, start);
              AccessPattern advice = advised;
              held.add(() -> add(workload, start, advice, outcome));
            }
          }
        }
      }
      survey();
      held.forEach(Runnable::run);
      for (Workload workload : workloads) {
        if (workload.kind() != Workload.Kind.FILL) {
          // Warm first: by then the code is compiled.
          for (Start start : List.of(Start.WARM, Start.COLD)) {
            if (startsOf(workload, plan).contains(start)) {
              Outcome outcome = step(workload, start);
              add(workload, start, advised, outcome);
            }
          }
        }
      }
    } finally {
      discardScratch();
    }
  }

  private void add(
      Workload workload, Start start, @Nullable AccessPattern advice, Outcome outcome) {
    RawPattern pattern = Ratios.counterpart(workload);
    RawSurvey survey = surveys.isEmpty() ? fallback : surveys.getFirst();
    boolean comparable = pattern != null && survey != null;
    BenchmarkResult result =
        new BenchmarkResult(
            provider.name(),
            workload,
            start,
            plan.threads(),
            advice,
            outcome,
            comparable ? figure(survey, pattern, RawDisk.DEPTH_ONE) : null,
            comparable ? figure(survey, pattern, RawDisk.DEPTH_MANY) : null);
    results.add(result);
    around.progress().listener().finished(result);
  }

  private static @Nullable RawFigure figure(
      @Nullable RawSurvey survey, @Nullable RawPattern pattern, int depth) {
    return survey == null || pattern == null ? null : survey.figure(pattern, depth).orElse(null);
  }

  /** Runs one row; what fails becomes its outcome. */
  private Outcome step(Workload workload, Start start) throws InterruptedException {
    around
        .progress()
        .begin(
            String.format(Locale.ROOT, "%s: %s %s", provider.name(), workload.name(), start)
                .toLowerCase(Locale.ROOT));
    advised = null;
    try {
      for (Capability capability : workload.needs()) {
        if (!provider.capabilities().contains(capability)) {
          return new NotRun(
              String.format(Locale.ROOT, "backend %s lacks %s", provider.name(), capability));
        }
      }
      return measure(workload, start);
    } catch (IOException | RuntimeException | Error e) {
      // InternalError is how Java reports a SIGBUS: a file that was cut short, or a full disk. Any
      // other is a fault of this backend, and costs only its rows.
      failIfInterrupted();
      discardScratch();
      return new Failed(oneLine(e), e);
    } finally {
      around.progress().stepDone();
    }
  }

  private Outcome measure(Workload workload, Start start) throws IOException, InterruptedException {
    warmUp(workload);
    if (workload.kind() == Workload.Kind.ALLOCATE) {
      return new Measured(run(workload, null, start, plan.timePerRun()), -1);
    }
    boolean firstFill = workload.kind() == Workload.Kind.FILL && start == Start.COLD;
    if (firstFill) {
      discardScratch();
    }
    ScratchRegion target = firstFill ? freshScratch() : filledScratch();
    advised = target.advise(plan.patternFor(workload));
    if (start == Start.WARM) {
      target.bringIn();
    } else if (!firstFill) {
      Optional<String> refusal =
          target.dropCaches(around.pageCache(), !SwapDevice.all(around.files()).isEmpty());
      if (refusal.isPresent()) {
        return new NotRun(refusal.get());
      }
    }
    double resident = firstFill ? 0 : target.residentShare();
    Measurement measurement = run(workload, target.region(), start, plan.timePerRun());
    filled |= firstFill;
    return new Measured(measurement, resident);
  }

  private Duration warmUpTime() {
    return plan.timePerRun().compareTo(WARM_UP) < 0 ? plan.timePerRun() : WARM_UP;
  }

  /** Runs a workload's code on a small region of the same backend, so that it gets compiled. */
  private void warmUp(Workload workload) throws IOException, InterruptedException {
    if (workload.kind() == Workload.Kind.ALLOCATE) {
      run(workload, null, Start.WARM, warmUpTime());
      return;
    }
    long byteSize = Math.max(WARM_UP_BYTES, (long) plan.threads() * PageContent.PAGE_BYTES);
    try (MemoryRegion small =
        provider.allocate(RegionRequest.ofSize(byteSize).withOwner("benchmark"))) {
      run(Workloads.FILL, small, Start.COLD, warmUpTime());
      run(workload, small, Start.WARM, warmUpTime());
    }
  }

  private Measurement run(
      Workload workload, @Nullable MemoryRegion region, Start start, Duration limit)
      throws IOException, InterruptedException {
    // A cold fill goes on to its end, because all others need what it writes.
    boolean toItsEnd = workload.kind() == Workload.Kind.FILL && start == Start.COLD;
    RegionPages pages = region == null ? null : new RegionPages(provider, region);
    WorkloadRun run =
        new WorkloadRun(
            workload,
            pages,
            BlockSource.regions(
                provider, RegionRequest.ofSize(BlockSource.BLOCK_BYTES).withOwner("benchmark")),
            new RunOptions(
                start,
                RunOptions.Timing.GROUPS,
                plan.threads(),
                0,
                false,
                toItsEnd ? RunOptions.UNLIMITED : limit.toNanos(),
                RunOptions.UNLIMITED,
                0,
                plan.seed(),
                0),
            new KernelCounter(around.files(), device == null ? List.of() : List.of(device)));
    Measurement measurement = run.run();
    if (pages != null) {
      run.verify(pages, VERIFIED_PAGES);
    }
    return measurement;
  }

  private ScratchRegion freshScratch() throws MemoryException {
    long begin = System.nanoTime();
    ScratchRegion fresh =
        ScratchRegion.allocate(provider, plan.byteSize(), plan.directory(), plan.pattern());
    long allocateNanos = System.nanoTime() - begin;
    scratch = fresh;
    filled = false;
    describe(fresh, allocateNanos);
    return fresh;
  }

  private ScratchRegion filledScratch() throws IOException, InterruptedException {
    ScratchRegion target = scratch == null ? freshScratch() : scratch;
    if (!filled) {
      target.advise(AccessPattern.SEQUENTIAL);
      run(Workloads.FILL, target.region(), Start.COLD, plan.timePerRun());
      filled = true;
    }
    return target;
  }

  private void describe(ScratchRegion target, long allocateNanos) {
    Optional<Mount> mount = target.file().flatMap(file -> Mount.holding(around.files(), file));
    device = mount.flatMap(m -> BlockDevice.of(around.files(), m)).orElse(null);
    BlockDevice disk = device;
    storage =
        new BenchmarkReport.Storage(
            target.region().info().backing(),
            mount.map(Mount::type).orElse(""),
            mount.map(m -> m.point().toString()).orElse(""),
            disk == null ? "" : (disk.name() + " " + disk.model()).strip(),
            disk == null ? -1 : disk.readAheadKib().orElse(-1),
            disk == null
                ? "unknown"
                : disk.rotational().map(r -> r ? "yes" : "no").orElse("unknown"),
            allocateNanos);
  }

  private void survey() throws InterruptedException {
    around.progress().begin(provider.name() + ": raw disk");
    Set<RawPattern> patterns = EnumSet.noneOf(RawPattern.class);
    for (Workload workload : plan.workloads()) {
      RawPattern pattern = Ratios.counterpart(workload);
      if (pattern != null) {
        patterns.add(pattern);
      }
    }
    if (plan.rawDisk() != RawDiskChoice.NONE && !patterns.isEmpty()) {
      RawSurvey survey = surveyed(patterns);
      if (survey != null) {
        surveys.add(survey);
        around.progress().listener().surveyed(survey);
      }
    }
    around.progress().stepDone();
  }

  private @Nullable RawSurvey surveyed(Set<RawPattern> patterns) throws InterruptedException {
    try {
      Optional<Path> file = filledScratch().file();
      if (file.isPresent()) {
        return around.surveyor().survey(provider.name(), file.get(), patterns);
      }
      Path directory = plan.directory();
      if (fallback == null && directory != null) {
        return around
            .surveyor()
            .surveyDirectory(provider.name(), directory, plan.byteSize(), patterns);
      }
    } catch (IOException | RuntimeException | Error e) {
      // The rows report the same: without a region none of them can run.
      failIfInterrupted();
      discardScratch();
      notes.add(
          String.format(Locale.ROOT, "%s: raw disk not measured: %s", provider.name(), oneLine(e)));
    }
    return null;
  }

  private void discardScratch() {
    ScratchRegion old = scratch;
    scratch = null;
    filled = false;
    if (old != null) {
      try {
        old.close();
      } catch (IOException | RuntimeException | Error e) {
        notes.add(
            String.format(Locale.ROOT, "%s: region left behind: %s", provider.name(), oneLine(e)));
      }
    }
  }

  private static void failIfInterrupted() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  private static String oneLine(Throwable thrown) {
    String message = thrown.getMessage();
    return message == null || message.isBlank()
        ? thrown.getClass().getSimpleName()
        : message.lines().findFirst().orElse(message);
  }
}
