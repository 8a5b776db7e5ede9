/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.TestMemory;
import org.dmalloc.measure.Workloads;
import org.dmalloc.measure.bench.BenchmarkResult.Failed;
import org.dmalloc.measure.bench.BenchmarkResult.Measured;
import org.dmalloc.measure.bench.BenchmarkResult.NotRun;
import org.dmalloc.measure.report.MeasurementListener;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class BenchmarkRunnerTest {
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final BenchmarkPlan PLAN =
      plan(EnumSet.allOf(Start.class), 1, SHORT, BenchmarkPlan.RawDiskChoice.NONE);

  private static BenchmarkPlan plan(
      Set<Start> starts, int threads, Duration time, BenchmarkPlan.RawDiskChoice raw) {
    return new BenchmarkPlan(
        2L << 20,
        Workloads.standard(),
        starts,
        threads,
        time,
        null,
        raw,
        null,
        BenchmarkPlan.DEFAULT_SEED);
  }

  @Test
  void runsEveryWorkloadColdAndWarmAndLeavesNothing() throws InterruptedException {
    InMemoryProvider provider = TestMemory.withEverything("fake");
    BenchmarkReport report =
        new BenchmarkRunner(List.of(provider)).run(PLAN, MeasurementListener.NONE);
    assertEquals(23, report.results().size(), "eleven workloads twice, alloc-free once");
    for (BenchmarkResult result : report.results()) {
      Measured measured = assertInstanceOf(Measured.class, result.outcome(), result::toString);
      assertTrue(measured.measurement().operations() > 0, result::toString);
    }
    assertTrue(report.succeeded());
    assertTrue(TestMemory.isEmpty(provider));
  }

  @Test
  void advisesEachWorkloadWhatFitsIt() throws InterruptedException {
    InMemoryProvider provider = TestMemory.withEverything("fake");
    BenchmarkReport report =
        new BenchmarkRunner(List.of(provider))
            .run(
                PLAN.withWorkloads(List.of(Workloads.RANDOM_READ, Workloads.READ)),
                MeasurementListener.NONE);
    for (BenchmarkResult result : report.results()) {
      assertEquals(result.workload().pattern(), result.advice());
    }
  }

  @Test
  void reportsALackingCapabilityAndAnImpossibleColdStartInTheirRows() throws InterruptedException {
    InMemoryProvider provider = InMemoryProvider.of("plain", Capability.RESIDENCY);
    BenchmarkReport report =
        new BenchmarkRunner(List.of(provider)).run(PLAN, MeasurementListener.NONE);
    for (BenchmarkResult result : report.results()) {
      boolean batched = result.workload().needs().contains(Capability.PREFETCH);
      boolean cold = result.start() == Start.COLD && !result.workload().equals(Workloads.FILL);
      if (batched || cold) {
        NotRun notRun = assertInstanceOf(NotRun.class, result.outcome(), result::toString);
        assertTrue(notRun.reason().contains(batched ? "PREFETCH" : "warm only"), notRun::reason);
      } else {
        assertInstanceOf(Measured.class, result.outcome(), result::toString);
      }
    }
    assertTrue(report.succeeded());
    assertTrue(TestMemory.isEmpty(provider));
  }

  @Test
  void aBackendThatBreaksMidwayDoesNotStopTheOthers() throws InterruptedException {
    InMemoryProvider broken = TestMemory.withEverything("broken");
    broken
        .faults()
        .before(
            call -> {
              if (call.startsWith("prefetch")) {
                throw MemoryException.of("prefetch", "region", "EIO", "look at the disk");
              }
            });
    InMemoryProvider sound = TestMemory.withEverything("sound");
    BenchmarkReport report =
        new BenchmarkRunner(List.of(broken, sound)).run(PLAN, MeasurementListener.NONE);
    for (BenchmarkResult result : report.results()) {
      if (result.backend().equals("broken")
          && result.workload().needs().contains(Capability.PREFETCH)) {
        Failed failed = assertInstanceOf(Failed.class, result.outcome());
        assertEquals("prefetch region: EIO; look at the disk", failed.message());
      } else {
        assertInstanceOf(Measured.class, result.outcome(), result::toString);
      }
    }
    assertTrue(TestMemory.isEmpty(broken));
    assertTrue(TestMemory.isEmpty(sound));
  }

  @Test
  void aBackendThatCannotAllocateFailsInEachRow() throws InterruptedException {
    InMemoryProvider full = TestMemory.withEverything("full");
    full.faults()
        .before(
            call -> {
              if (call.startsWith("allocate")) {
                throw MemoryException.of("allocate", "store", "ENOSPC", "free space");
              }
            });
    BenchmarkReport report = new BenchmarkRunner(List.of(full)).run(PLAN, MeasurementListener.NONE);
    assertEquals(23, report.results().size());
    report
        .results()
        .forEach(result -> assertInstanceOf(Failed.class, result.outcome(), result::toString));
    assertTrue(TestMemory.isEmpty(full));
  }

  @Test
  void anErrorOfTheMappingBecomesARow() throws InterruptedException {
    InMemoryProvider provider = TestMemory.withEverything("cut");
    provider
        .faults()
        .before(
            call -> {
              if (call.equals("force")) {
                throw new InternalError("a fault occurred in an unsafe memory access operation");
              }
            });
    BenchmarkReport report =
        new BenchmarkRunner(List.of(provider))
            .run(PLAN.withWorkloads(List.of(Workloads.RANDOM_WRITE)), MeasurementListener.NONE);
    report
        .results()
        .forEach(result -> assertInstanceOf(Failed.class, result.outcome(), result::toString));
    assertTrue(TestMemory.isEmpty(provider));
  }

  @Test
  @Timeout(60)
  void anInterruptWhileWorkersRunEndsItAndLeavesNothing() throws InterruptedException {
    InMemoryProvider provider = TestMemory.withEverything("fake");
    CountDownLatch prefetching = new CountDownLatch(1);
    provider
        .faults()
        .before(
            call -> {
              if (call.startsWith("prefetch")) {
                prefetching.countDown();
              }
            });
    Set<Thread> before = workers(); // of other tests
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    BenchmarkPlan endless =
        plan(PLAN.starts(), 1, Duration.ofHours(1), PLAN.rawDisk())
            .withWorkloads(List.of(Workloads.batchRead(512)));
    Thread runner =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    new BenchmarkRunner(List.of(provider)).run(endless, MeasurementListener.NONE);
                  } catch (InterruptedException | RuntimeException e) {
                    thrown.set(e);
                  }
                });
    prefetching.await();
    runner.interrupt();
    runner.join();
    assertInstanceOf(InterruptedException.class, thrown.get());
    assertTrue(TestMemory.isEmpty(provider));
    Set<Thread> left = workers();
    left.removeAll(before);
    assertEquals(Set.of(), left);
  }

  private static Set<Thread> workers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("dmalloc-"))
        .collect(Collectors.toCollection(HashSet::new));
  }

  @Test
  @Timeout(60)
  void anInterruptBetweenStepsEndsItToo() {
    InMemoryProvider provider = TestMemory.withEverything("fake");
    MeasurementListener interrupting =
        new MeasurementListener() {
          @Override
          public void began(String step) {
            if (step.endsWith(" fake: read cold")) {
              Thread.currentThread().interrupt();
            }
          }
        };
    assertThrows(
        InterruptedException.class,
        () -> new BenchmarkRunner(List.of(provider)).run(PLAN, interrupting));
    assertTrue(TestMemory.isEmpty(provider));
  }

  @Test
  void removesWhatAKilledRunLeft() throws InterruptedException {
    InMemoryProvider provider = TestMemory.withEverything("fake");
    long dead = 4_194_305; // beyond the largest process id of Linux
    provider.store().put("dmalloc-bench-" + dead + "-1", 1);
    BenchmarkReport report =
        new BenchmarkRunner(List.of(provider))
            .run(PLAN.withWorkloads(List.of(Workloads.RANDOM_READ)), MeasurementListener.NONE);
    assertTrue(TestMemory.isEmpty(provider));
    assertTrue(report.notes().getFirst().contains("dmalloc-bench-" + dead + "-1"));
  }

  @Test
  void keepsRegionsOfOthersAndOfLivingRuns() throws InterruptedException {
    InMemoryProvider provider = TestMemory.withEverything("fake");
    provider.store().put("orders", 1);
    provider.store().put("dmalloc-bench-" + ProcessHandle.current().pid() + "-77", 1);
    new BenchmarkRunner(List.of(provider))
        .run(PLAN.withWorkloads(List.of(Workloads.RANDOM_READ)), MeasurementListener.NONE);
    assertEquals(2, provider.store().names().size());
  }

  @Test
  void sharesTheWorkAmongThreads() throws InterruptedException {
    InMemoryProvider provider = TestMemory.withEverything("fake");
    BenchmarkReport report =
        new BenchmarkRunner(List.of(provider))
            .run(
                plan(Set.of(Start.COLD), 3, Duration.ofMinutes(1), PLAN.rawDisk())
                    .withWorkloads(List.of(Workloads.FILL, Workloads.RANDOM_READ)),
                MeasurementListener.NONE);
    for (BenchmarkResult result : report.results()) {
      Measured measured = assertInstanceOf(Measured.class, result.outcome(), result::toString);
      assertEquals(512, measured.measurement().operations(), "each page of 2 MiB exactly once");
    }
  }

  @Test
  void memoryWithADescriptorInProcIsNotTakenForAFile() throws InterruptedException {
    InMemoryProvider memfd =
        InMemoryProvider.of("memfd", Capability.RESIDENCY).showing(Path.of("/proc/self/fd/1"));
    BenchmarkReport report =
        new BenchmarkRunner(List.of(memfd))
            .run(
                plan(PLAN.starts(), 1, SHORT, BenchmarkPlan.RawDiskChoice.OWN_LOOP)
                    .withWorkloads(List.of(Workloads.FILL)),
                MeasurementListener.NONE);
    assertEquals(List.of(), report.surveys());
    assertEquals("", report.storage().get("memfd").fileSystem());
  }

  @Test
  void refusesToMeasureNothing() {
    assertThrows(IllegalArgumentException.class, () -> new BenchmarkRunner(List.of()));
    assertThrows(IllegalArgumentException.class, () -> PLAN.withWorkloads(List.of()));
    assertThrows(
        IllegalArgumentException.class, () -> plan(PLAN.starts(), 0, SHORT, PLAN.rawDisk()));
    assertThrows(IllegalArgumentException.class, () -> BenchmarkPlan.ofSize(4096));
    assertThrows(IllegalArgumentException.class, () -> Workloads.named("nonsense"));
  }
}
