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
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.disk.RawFigure;
import org.dmalloc.measure.disk.RawPattern;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.machine.BlockDevice;
import org.dmalloc.measure.machine.KernelCounter;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.spi.machine.Mount;
import org.jspecify.annotations.Nullable;

/** Measures one backend: its region, its raw disk, its rows. Used once. */
final class BackendBenchmark {
  /** Long enough for the compiler to compile a workload's loops. */
  private static final Duration WARM_UP = Duration.ofMillis(200);

  private static final long WARM_UP_BYTES = 4L << 20;

  /** Verified of the pages that each thread has stored to. */
  private static final int VERIFIED_PAGES = 10_000;

  private final MemoryProvider provider;
  private final BenchmarkPlan plan;
  private final BenchmarkRunner.Run run;

  /** The raw disk of the first backend with a file; null if there is none before this one. */
  private final @Nullable RawSurvey otherDisk;

  private @Nullable RawSurvey ownDisk;
  private @Nullable ScratchRegion scratch;
  private boolean filled;
  private @Nullable BlockDevice device;
  private @Nullable AccessPattern advised;

  BackendBenchmark(MemoryProvider provider, BenchmarkRunner.Run run) {
    this.provider = provider;
    this.run = run;
    plan = run.plan;
    otherDisk = run.surveys.isEmpty() ? null : run.surveys.getFirst();
  }

  /** The starts that both a plan and a workload have; a workload's only start is kept. */
  static Set<Start> startsOf(Workload workload, BenchmarkPlan plan) {
    Set<Start> starts = EnumSet.copyOf(workload.starts());
    if (starts.size() > 1) {
      starts.retainAll(plan.starts());
    }
    return starts;
  }

  /** Runs all rows; closes everything in every case. */
  void run() throws InterruptedException {
    try {
      // Fills run first and are shown after the survey. The raw disk can be read only where the
      // file is written, and every row needs its ratio.
      List<Runnable> held = new ArrayList<>();
      for (Workload workload : plan.workloads()) {
        if (workload.kind() == Workload.Kind.FILL) {
          for (Start start : startsOf(workload, plan)) {
            Outcome outcome = step(workload, start);
            AccessPattern advice = advised;
            held.add(() -> add(workload, start, advice, outcome));
          }
        }
      }
      survey();
      held.forEach(Runnable::run);
      for (Workload workload : plan.workloads()) {
        if (workload.kind() != Workload.Kind.FILL) {
          // Warm first: by then the code is compiled.
          for (Start start : List.copyOf(startsOf(workload, plan)).reversed()) {
            Outcome outcome = step(workload, start);
            add(workload, start, advised, outcome);
          }
        }
      }
    } finally {
      discardScratch();
    }
  }

  private void add(
      Workload workload, Start start, @Nullable AccessPattern advice, Outcome outcome) {
    run.results.add(
        new BenchmarkResult(
            provider.name(),
            workload,
            start,
            plan.threads(),
            advice,
            outcome,
            raw(workload, RawDisk.DEPTH_ONE),
            raw(workload, RawDisk.DEPTH_MANY)));
  }

  private @Nullable RawFigure raw(Workload workload, int depth) {
    RawPattern pattern = Ratios.counterpart(workload);
    RawSurvey survey = ownDisk == null ? otherDisk : ownDisk;
    return survey == null || pattern == null ? null : survey.figure(pattern, depth).orElse(null);
  }

  /** Runs one row; an error becomes its outcome. */
  private Outcome step(Workload workload, Start start) throws InterruptedException {
    run.begin(
        String.format(Locale.ROOT, "%s: %s %s", provider.name(), workload.name(), start)
            .toLowerCase(Locale.ROOT));
    advised = null;
    try {
      for (Capability capability : workload.needs()) {
        if (!provider.capabilities().contains(capability)) {
          return new NotRun("backend " + provider.name() + " lacks " + capability);
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
      run.stepDone();
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
          target.dropCaches(run.pageCache, !SwapDevice.all(run.files).isEmpty());
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
    WorkloadRun measured =
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
            new KernelCounter(run.files, device == null ? List.of() : List.of(device)));
    Measurement measurement = measured.run();
    if (pages != null) {
      measured.verify(pages, VERIFIED_PAGES);
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
    Optional<Mount> mount = target.file().flatMap(file -> Mount.holding(run.files, file));
    Optional<BlockDevice> disk = mount.flatMap(m -> BlockDevice.of(run.files, m));
    device = disk.orElse(null);
    run.storage.put(
        provider.name(),
        new BenchmarkReport.Storage(
            target.region().info().backing(),
            mount.map(Mount::type).orElse(""),
            mount.map(m -> m.point().toString()).orElse(""),
            disk.map(d -> (d.name() + " " + d.model()).strip()).orElse(""),
            disk.map(d -> d.readAheadKib().orElse(-1)).orElse(-1L),
            disk.flatMap(BlockDevice::rotational).map(r -> r ? "yes" : "no").orElse("unknown"),
            allocateNanos));
  }

  private void survey() throws InterruptedException {
    run.begin(provider.name() + ": raw disk");
    Set<RawPattern> patterns = EnumSet.noneOf(RawPattern.class);
    for (Workload workload : plan.workloads()) {
      Optional.ofNullable(Ratios.counterpart(workload)).ifPresent(patterns::add);
    }
    if (plan.rawDisk() != RawDiskChoice.NONE && !patterns.isEmpty()) {
      try {
        ownDisk = surveyed(patterns);
      } catch (IOException | RuntimeException | Error e) {
        // Without a region no row can run, and each reports this.
        failIfInterrupted();
        discardScratch();
        note("raw disk not measured", e);
      }
      Optional.ofNullable(ownDisk).ifPresent(run.surveys::add);
    }
    run.stepDone();
  }

  private @Nullable RawSurvey surveyed(Set<RawPattern> patterns)
      throws IOException, InterruptedException {
    Optional<Path> file = filledScratch().file();
    if (file.isPresent()) {
      return run.surveyor.survey(provider.name(), file.get(), patterns);
    }
    Path directory = plan.directory();
    return otherDisk != null || directory == null
        ? null
        : run.surveyor.surveyDirectory(provider.name(), directory, plan.byteSize(), patterns);
  }

  private void discardScratch() {
    ScratchRegion old = scratch;
    scratch = null;
    filled = false;
    if (old != null) {
      try {
        old.close();
      } catch (IOException | RuntimeException | Error e) {
        note("region left behind", e);
      }
    }
  }

  private void note(String what, Throwable thrown) {
    run.notes.add(provider.name() + ": " + what + ": " + oneLine(thrown));
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
