/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.measure.disk.DirectLoop;
import org.dmalloc.measure.disk.Fio;
import org.dmalloc.measure.disk.PageCache;
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.disk.RawSurveyor;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.MeasurementListener;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * Runs benchmarks: each backend in turn, with one region at a time and its raw disk.
 *
 * <p>An error of one backend or workload becomes a row; the others go on. An interrupt of the
 * calling thread ends the benchmark: the workers stop, regions and files are deleted, and {@link
 * InterruptedException} is thrown.
 */
public final class BenchmarkRunner {
  private static final Duration RAW_TIME = Duration.ofSeconds(1);

  private final List<? extends MemoryProvider> providers;
  private final KernelFiles files;
  private final String fioProgram;
  private final PageCache pageCache;

  /**
   * Measures at least one backend. Those with files run first, so that the others can be compared
   * with their disk.
   */
  public BenchmarkRunner(List<? extends MemoryProvider> providers) {
    this(providers, KernelFiles.ofThisMachine(), "fio", new PageCache("dd"));
  }

  BenchmarkRunner(
      List<? extends MemoryProvider> providers,
      KernelFiles files,
      String fioProgram,
      PageCache pageCache) {
    if (providers.isEmpty()) {
      throw new IllegalArgumentException(
          "benchmark of no backend; start a bundle that registers a MemoryProvider");
    }
    // Sorting is stable: the caller's order remains within both kinds.
    this.providers =
        providers.stream().sorted(Comparator.comparing(p -> !storesRegions(p))).toList();
    this.files = files;
    this.fioProgram = fioProgram;
    this.pageCache = pageCache;
  }

  private static boolean storesRegions(MemoryProvider provider) {
    try {
      return provider.capabilities().contains(Capability.NAMED);
    } catch (RuntimeException | Error e) {
      return false; // its rows have the reason
    }
  }

  /** One benchmark: what its backends use, and the results so far. */
  static final class Run {
    final BenchmarkPlan plan;
    final KernelFiles files;
    final PageCache pageCache;
    final RawSurveyor surveyor;
    final Map<String, BenchmarkReport.Storage> storage = new LinkedHashMap<>();
    final List<RawSurvey> surveys = new ArrayList<>();
    final List<BenchmarkResult> results = new ArrayList<>();
    final List<String> notes;
    private final MeasurementListener listener;
    private final int steps;
    private int stepsDone;

    private Run(
        BenchmarkRunner runner,
        BenchmarkPlan plan,
        MeasurementListener listener,
        List<String> notes,
        RawSurveyor surveyor) {
      this.plan = plan;
      this.files = runner.files;
      this.pageCache = runner.pageCache;
      this.surveyor = surveyor;
      this.notes = notes;
      this.listener = listener;
      int rows =
          plan.workloads().stream().mapToInt(w -> BackendBenchmark.startsOf(w, plan).size()).sum();
      // One more for each backend: its allocation and its raw disk.
      steps = runner.providers.size() * (rows + 1);
    }

    void begin(String step) {
      listener.began(String.format(Locale.ROOT, "%d of %d, %s", stepsDone + 1, steps, step));
    }

    void stepDone() {
      stepsDone = Math.min(steps, stepsDone + 1);
    }
  }

  public BenchmarkReport run(BenchmarkPlan plan, MeasurementListener listener)
      throws InterruptedException {
    Instant startedAt = Instant.now();
    long begin = System.nanoTime();
    List<String> notes = new ArrayList<>();
    Run run = new Run(this, plan, listener, notes, surveyor(plan, notes));
    for (MemoryProvider provider : providers) {
      removeStale(provider, notes);
      new BackendBenchmark(provider, run).run();
    }
    return new BenchmarkReport(
        startedAt,
        Duration.ofNanos(System.nanoTime() - begin),
        plan,
        MachineDescription.read(files),
        run.storage,
        run.surveys,
        run.results,
        notes);
  }

  private RawSurveyor surveyor(BenchmarkPlan plan, List<String> notes) throws InterruptedException {
    List<RawDisk> tools = new ArrayList<>();
    if (plan.rawDisk() == BenchmarkPlan.RawDiskChoice.AUTO) {
      try {
        tools.add(Fio.find(fioProgram));
      } catch (IOException e) {
        notes.add("raw disk by a loop of our own: " + e.getMessage());
      }
    }
    tools.add(new DirectLoop());
    return new RawSurveyor(tools, RAW_TIME);
  }

  private static void removeStale(MemoryProvider provider, List<String> notes) {
    try {
      for (String name : ScratchRegion.removeStale(provider)) {
        notes.add(provider.name() + ": removed region " + name + " of a benchmark that was killed");
      }
    } catch (IOException | RuntimeException | Error e) {
      notes.add(provider.name() + ": left-over regions not removed: " + e.getMessage());
    }
  }
}
