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
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.disk.DirectLoop;
import org.dmalloc.measure.disk.Fio;
import org.dmalloc.measure.disk.PageCache;
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.disk.RawSurveyor;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * Runs benchmarks: each backend in turn, with one region at a time, its raw disk beside it.
 *
 * <p>What fails for one backend or workload becomes a row with the error; the others go on. An
 * interrupt of the calling thread ends the benchmark: the workers stop, regions and files that were
 * taken are gone, and {@link InterruptedException} is thrown.
 */
public final class BenchmarkRunner {
  private static final Duration RAW_TIME = Duration.ofSeconds(1);

  private final List<? extends MemoryProvider> providers;
  private final KernelFiles files;
  private final String fioProgram;
  private final PageCache pageCache;

  /**
   * A runner on this machine.
   *
   * @param providers the backends to measure, at least one; those with files are measured first, so
   *     that the others can be compared with their disk
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
    // Sorting is stable: the caller's order holds within both kinds.
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
      return false; // its rows tell why
    }
  }

  /**
   * Runs a benchmark.
   *
   * @param plan what to do
   * @param listener told how it goes, on the calling thread
   * @throws InterruptedException if the calling thread was interrupted; nothing is left behind
   */
  public BenchmarkReport run(BenchmarkPlan plan, BenchmarkListener listener)
      throws InterruptedException {
    Instant startedAt = Instant.now();
    long begin = System.nanoTime();
    List<String> notes = new ArrayList<>();
    List<RawSurvey> surveys = new ArrayList<>();
    List<BenchmarkResult> results = new ArrayList<>();
    Map<String, BenchmarkReport.Storage> storage = new LinkedHashMap<>();
    Progress progress = new Progress(listener, stepCount(plan));
    RawSurveyor surveyor = surveyor(plan, notes);
    for (MemoryProvider provider : providers) {
      removeStale(provider, notes);
      BackendBenchmark backend =
          new BackendBenchmark(
              provider,
              plan,
              new BackendBenchmark.Surroundings(files, pageCache, surveyor, progress),
              surveys.isEmpty() ? null : surveys.getFirst());
      try {
        backend.run();
      } finally {
        surveys.addAll(backend.surveys());
        results.addAll(backend.results());
        notes.addAll(backend.notes());
        backend.storage().ifPresent(s -> storage.put(provider.name(), s));
      }
    }
    notes.forEach(listener::noted);
    return new BenchmarkReport(
        startedAt,
        Duration.ofNanos(System.nanoTime() - begin),
        plan,
        MachineDescription.read(files),
        storage,
        surveys,
        results,
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
        notes.add(
            String.format(
                Locale.ROOT,
                "%s: removed region %s of a benchmark that was killed",
                provider.name(),
                name));
      }
    } catch (IOException | RuntimeException | Error e) {
      notes.add(
          String.format(
              Locale.ROOT,
              "%s: left-over regions not removed: %s",
              provider.name(),
              e.getMessage()));
    }
  }

  private int stepCount(BenchmarkPlan plan) {
    int rows =
        plan.workloads().stream().mapToInt(w -> BackendBenchmark.startsOf(w, plan).size()).sum();
    // One more for each backend: its allocation and its raw disk.
    return providers.size() * (rows + 1);
  }

  /** Counts steps for a listener. */
  static final class Progress {
    private final BenchmarkListener listener;
    private final int total;
    private int done;

    Progress(BenchmarkListener listener, int total) {
      this.listener = listener;
      this.total = total;
    }

    BenchmarkListener listener() {
      return listener;
    }

    void begin(String activity) {
      listener.began(activity, done, total);
    }

    void stepDone() {
      done = Math.min(total, done + 1);
    }
  }

  /** The workloads of a plan in the order in which they run: what fills comes first. */
  static List<Workload> inOrder(BenchmarkPlan plan) {
    return plan.workloads().stream()
        .sorted(Comparator.comparing(w -> w.kind() != Workload.Kind.FILL))
        .toList();
  }
}
