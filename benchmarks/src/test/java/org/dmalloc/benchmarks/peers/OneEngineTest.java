/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.benchmarks.peers.child.PeerSubject;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.RunOptions.Timing;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workloads;
import org.dmalloc.measure.bench.BenchmarkPlan;
import org.dmalloc.measure.bench.BenchmarkResult;
import org.dmalloc.measure.bench.BenchmarkRunner;
import org.dmalloc.measure.compare.child.ChildMessage;
import org.dmalloc.measure.compare.child.ChildRun;
import org.dmalloc.measure.compare.child.ChildTask;
import org.dmalloc.measure.compare.child.ContenderSubject;
import org.dmalloc.measure.compare.setup.LimitedJvm;
import org.dmalloc.measure.move.PageWriter;
import org.dmalloc.measure.report.MeasurementListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * One workload, stores of 8 bytes to random pages, by each of the four commands that measure: what
 * their figures stand for is the same.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "page caches are looked at by Linux's calls")
class OneEngineTest {
  private static final int PAGES = 1024;
  private static final long BYTES = (long) PAGES * PageContent.PAGE_BYTES;
  private static final long SECOND = 1_000_000_000;

  @TempDir private Path work;

  @Test
  void aFigureMeansTheSameWhicheverCommandShowsIt() throws Exception {
    Map<String, Measurement> found = new LinkedHashMap<>();
    found.put("bench", bench());
    found.put("compare", compare());
    found.put("peers", peers());
    found.put("hotswapbench", moves());
    found.forEach(
        (command, figures) -> {
          String what = command + ": " + figures;
          assertEquals("random-write", figures.workload(), what);
          assertEquals("store 8 bytes to a random page", figures.operation(), what);
          assertTrue(figures.operations() > 0, what);
          assertEquals(figures.operations(), figures.pages(), what);
          assertEquals(figures.operations() * PageContent.PAGE_BYTES, figures.pageBytes(), what);
          // Each operation was timed by itself, its section included, and nothing else was.
          assertEquals(1, figures.latency().groupSize(), what);
          assertTrue(figures.latency().minNanos() > 0, what);
          assertTrue(
              figures.latency().meanNanos() * figures.operations() <= 1.01 * figures.elapsedNanos(),
              what);
          assertTrue(figures.changedPages() <= PAGES, what);
        });
    // From a cold start an operation stands for the page that has to come, else for what it uses.
    assertEquals(4096, found.get("bench").bytesPerOperation());
    assertEquals(4096, found.get("peers").bytesPerOperation());
    assertEquals(8, found.get("compare").bytesPerOperation());
    assertEquals(8, found.get("hotswapbench").bytesPerOperation());
    // Cold: no page twice, and all that there were, or as many as were asked for.
    assertEquals(PAGES, found.get("bench").operations());
    assertEquals(PAGES / 50, found.get("peers").operations());
    assertEquals(PAGES / 50, found.get("peers").changedPages());
    // Where a warm-up comes first, it does not count.
    assertEquals(300, found.get("compare").operations());
    // What was stored is made durable, and the time for that is told apart; a move's is not.
    for (String command : List.of("bench", "compare", "peers")) {
      assertTrue(found.get(command).forceNanos() > 0, command);
      assertTrue(
          found.get(command).durableOperationsPerSecond()
              < found.get(command).operationsPerSecond(),
          command);
    }
    assertEquals(Measurement.UNKNOWN, found.get("hotswapbench").forceNanos());
  }

  private static MemoryProvider provider() {
    return Dmalloc.open().provider("filechannel");
  }

  private Measurement bench() throws Exception {
    BenchmarkPlan plan =
        new BenchmarkPlan(
            BYTES,
            List.of(Workloads.RANDOM_WRITE),
            EnumSet.of(Start.COLD),
            1,
            Duration.ofMinutes(1),
            null,
            BenchmarkPlan.RawDiskChoice.NONE,
            Files.createDirectory(work.resolve("bench")),
            BenchmarkPlan.DEFAULT_SEED);
    List<BenchmarkResult> results =
        new BenchmarkRunner(List.of(provider())).run(plan, MeasurementListener.NONE).results();
    return results
        .getFirst()
        .measured()
        .orElseThrow(() -> new AssertionError(results))
        .measurement();
  }

  private Measurement compare() throws Exception {
    RunOptions options =
        new RunOptions(Start.WARM, Timing.EACH, 1, 5_000_000, false, 60 * SECOND, 300, 0, 5, 1);
    return child(
        ContenderSubject.class,
        new ContenderSubject.Spec(
            ContenderSubject.Kind.PROVIDER,
            "filechannel",
            Map.of(MemoryProvider.BACKEND, List.of("String:filechannel")),
            null,
            null,
            0,
            0),
        "compare",
        0,
        new ChildTask.Step("random-write", "random-write", options));
  }

  private Measurement peers() throws Exception {
    return child(
        PeerSubject.class,
        new PeerSubject.Spec("filechannel", BYTES),
        "peers",
        BYTES,
        Row.RANDOM_WRITE.step(PAGES, 60 * SECOND, 5, 1));
  }

  private Measurement child(
      Class<?> main, Object subject, String directory, long rehearsalBytes, ChildTask.Step step)
      throws Exception {
    ChildTask task =
        new ChildTask(
            new Gson().toJson(subject),
            Files.createDirectory(work.resolve(directory)).toString(),
            BYTES,
            rehearsalBytes,
            SECOND / 100,
            new RunOptions(
                Start.COLD, Timing.EACH, 1, 0, false, 60 * SECOND, RunOptions.UNLIMITED, 0, 5, 0),
            false,
            BYTES,
            List.of(step),
            List.of(),
            "");
    ChildRun result =
        ChildRun.run(
            new LimitedJvm(
                main.getName(), Peers.classPath(), 64 << 20, List.of(), Duration.ofMinutes(2)),
            peakFile -> task,
            null,
            0,
            begun -> {},
            Duration.ofMinutes(5));
    assertEquals("", result.broken(), result::toString);
    List<ChildMessage> done = result.of(ChildMessage.Kind.DONE);
    assertEquals(1, done.size(), result::toString);
    return done.getFirst().runs().getFirst();
  }

  private Measurement moves() throws Exception {
    try (MemoryRegion region =
        provider()
            .allocate(
                RegionRequest.ofSize(BYTES)
                    .withDirectory(Files.createDirectory(work.resolve("moves"))))) {
      PageWriter writer = PageWriter.startFilled(region, "writer", 5);
      try (writer) {
        writer.rate(1e6);
        long deadline = System.nanoTime() + 60 * SECOND;
        while (writer.writes() < 100 && System.nanoTime() < deadline) {
          Thread.onSpinWait();
        }
      }
      writer.check();
      return writer.measurement().orElseThrow(() -> new AssertionError(writer.failure()));
    }
  }
}
