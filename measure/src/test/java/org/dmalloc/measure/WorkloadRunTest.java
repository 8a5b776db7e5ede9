/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.measure.machine.ProcessCounters;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WorkloadRunTest {
  private static final int PAGES = 256;
  private static final long SEED = 5;

  private InMemoryProvider provider;
  private MemoryRegion region;

  @BeforeEach
  void fillARegion() throws IOException, InterruptedException {
    provider = TestMemory.withEverything("fake");
    region = provider.allocate(RegionRequest.ofSize((long) PAGES * PageContent.PAGE_BYTES));
    run(new SequentialFill(), Start.COLD);
  }

  @AfterEach
  void close() {
    region.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fill",
        "read",
        "random-read",
        "batch-read",
        "visit-read",
        "gather-read",
        "random-write",
        "scatter-write"
      })
  void aColdRunUsesEveryPageOnceAndTimesEachOperation(String name)
      throws IOException, InterruptedException {
    Measurement measurement = run(Workloads.named(name), Start.COLD);
    assertEquals(PAGES, measurement.operations());
    assertEquals(1, measurement.latency().groupSize());
    assertTrue(measurement.finished());
    assertTrue(measurement.elapsedNanos() > 0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fill",
        "read",
        "random-read",
        "zipf-read",
        "batch-read",
        "visit-read",
        "gather-read",
        "random-write",
        "scatter-write",
        "phase-change",
        "half-and-half"
      })
  void aWarmRunGoesOnUntilItsTimeIsUp(String name) throws IOException, InterruptedException {
    Workload workload = Workloads.named(name);
    Measurement measurement = run(workload, Start.WARM);
    assertEquals(workload.warmGroupSize(), measurement.latency().groupSize());
    assertEquals(0, measurement.operations() % workload.warmGroupSize());
    assertEquals(false, measurement.finished());
  }

  @Test
  void aColdRunOfSeveralPhasesEndsToo() throws IOException, InterruptedException {
    Measurement phases = run(Workloads.named("phase-change"), Start.COLD);
    assertEquals(PAGES + 2 * (PAGES / 16), phases.operations());
    assertTrue(phases.finished());
    Measurement halves = run(Workloads.named("half-and-half"), Start.COLD);
    assertEquals(PAGES / 2, halves.operations() - (PAGES / 2 - 1) / 64);
    assertTrue(halves.finished());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"read", "random-read", "zipf-read", "batch-read", "visit-read", "gather-read"})
  void aReadNoticesWrongBytes(String name) {
    region.segment().fill((byte) 0);
    WrongContentException thrown =
        assertThrows(WrongContentException.class, () -> run(Workloads.named(name), Start.COLD));
    assertTrue(thrown.getMessage().contains("found 0000000000000000"), thrown::getMessage);
  }

  @Test
  void readingInOrderNoticesASingleWrongByteAnywhere() {
    long offset = 77L * PageContent.PAGE_BYTES + 2_001;
    byte right = region.segment().get(JAVA_BYTE, offset);
    region.segment().set(JAVA_BYTE, offset, (byte) (right + 1));
    WrongContentException thrown =
        assertThrows(WrongContentException.class, () -> run(new SequentialRead(), Start.COLD));
    assertTrue(thrown.getMessage().contains("page 77 "), thrown::getMessage);
  }

  @Test
  void aSwappedPageIsNoticed() {
    MemorySegment bytes = region.segment();
    long page = PageContent.PAGE_BYTES;
    MemorySegment.copy(bytes, 3 * page, bytes, 9 * page, page);
    assertThrows(WrongContentException.class, () -> run(new RandomRead(), Start.COLD));
  }

  @ParameterizedTest
  @ValueSource(strings = {"random-write", "scatter-write"})
  void writesKeepTheContentReadable(String name) throws IOException, InterruptedException {
    run(Workloads.named(name), Start.COLD);
    run(new SequentialRead(), Start.COLD);
    run(new RandomRead(), Start.COLD);
    assertEquals(PAGES, run(new BatchedRead(), Start.COLD).operations());
  }

  @Test
  void aScatteredWriteThatIsLostIsNoticed() {
    Workload losing =
        new ForwardingWorkload(new ScatterWrite()) {
          @Override
          public Worker worker(WorkerContext context) {
            Worker worker = super.worker(context);
            return new Worker() {
              @Override
              public int work(MemorySegment segment, int count) throws IOException {
                int done = worker.work(segment, count);
                segment.fill((byte) 0);
                return done;
              }

              @Override
              public void verify(MemorySegment segment) {
                worker.verify(segment);
              }
            };
          }
        };
    assertThrows(WrongContentException.class, () -> run(losing, Start.COLD));
  }

  @Test
  void aLostWriteIsNoticed() {
    Workload losing =
        new ForwardingWorkload(new RandomWrite()) {
          @Override
          public Worker worker(WorkerContext context) {
            Worker worker = super.worker(context);
            return new Worker() {
              @Override
              public int work(MemorySegment segment, int count) throws IOException {
                return worker.work(MemorySegment.ofArray(new long[PAGES * 512]), count);
              }

              @Override
              public void verify(MemorySegment segment) {
                worker.verify(segment);
              }
            };
          }
        };
    assertThrows(WrongContentException.class, () -> run(losing, Start.COLD));
  }

  @Test
  void batchesAreAnnouncedOneAhead() throws IOException, InterruptedException {
    run(new BatchedRead(100), Start.COLD);
    assertEquals(
        List.of("prefetch 100", "prefetch 100", "prefetch 56"),
        provider.faults().calls().stream().filter(call -> call.startsWith("prefetch")).toList());
  }

  @Test
  void writesAreForcedAndReadsAreNot() throws IOException, InterruptedException {
    long before = forces();
    run(new RandomRead(), Start.COLD);
    assertEquals(before, forces());
    assertTrue(run(new RandomWrite(), Start.COLD).forceNanos() > 0);
    assertEquals(before + 1, forces());
  }

  @Test
  void aRefusalOfTheProviderIsThrownOn() {
    provider
        .faults()
        .before(
            call -> {
              if (call.startsWith("prefetch")) {
                throw MemoryException.of("prefetch", "region", "EIO", "");
              }
            });
    assertThrows(MemoryException.class, () -> run(new BatchedRead(), Start.COLD));
  }

  @Test
  void threadsShareTheWork() throws IOException, InterruptedException {
    Measurement measurement =
        new WorkloadRun(
                new RandomRead(),
                provider,
                region,
                new WorkloadRun.Options(Start.COLD, 5, Duration.ofSeconds(60), SEED),
                KernelFiles.ofThisMachine())
            .run();
    assertEquals(PAGES, measurement.operations());
  }

  @Test
  void allocationsAreClosedAgain() throws IOException, InterruptedException {
    Measurement measurement =
        new WorkloadRun(new AllocateFree(), provider, null, options(Start.WARM), files()).run();
    assertTrue(measurement.operations() > 0);
    assertEquals(0, measurement.bytesPerSecond());
    assertEquals(List.of(region), provider.regions());
  }

  @Test
  void figuresFollowFromCountsAndTimes() {
    LatencyProfile latency = new LatencyProfile(1, 1, 1, 1, 1, 1, 1, List.of());
    Measurement measurement =
        new Measurement(
            3_000,
            1_000_000_000,
            500_000_000,
            4096,
            latency,
            new ProcessCounters(0, 0, 0, 0, 0),
            true);
    assertEquals(2_000, measurement.operationsPerSecond());
    assertEquals(8_192_000, measurement.bytesPerSecond());
  }

  @Test
  void markAndStampDifferOnEveryPage() {
    PageContent content = new PageContent(SEED);
    content.setMark(region.segment(), 4);
    content.checkMark(region.segment(), 4);
    assertThrows(WrongContentException.class, () -> content.checkMark(region.segment(), 5));
    long first = region.segment().get(JAVA_LONG, 0);
    assertTrue(first != region.segment().get(JAVA_LONG, PageContent.PAGE_BYTES));
  }

  private long forces() {
    return provider.faults().calls().stream().filter("force"::equals).count();
  }

  private Measurement run(Workload workload, Start start) throws IOException, InterruptedException {
    return new WorkloadRun(workload, provider, region, options(start), files()).run();
  }

  private static WorkloadRun.Options options(Start start) {
    Duration limit = start == Start.COLD ? Duration.ofSeconds(60) : Duration.ofMillis(30);
    return new WorkloadRun.Options(start, 1, limit, SEED);
  }

  private static KernelFiles files() {
    return KernelFiles.ofThisMachine();
  }

  /** Hands everything on. */
  private static class ForwardingWorkload implements Workload {
    private final Workload target;

    ForwardingWorkload(Workload target) {
      this.target = target;
    }

    @Override
    public String name() {
      return target.name();
    }

    @Override
    public String operation() {
      return target.operation();
    }

    @Override
    public Kind kind() {
      return target.kind();
    }

    @Override
    public AccessPattern pattern() {
      return target.pattern();
    }

    @Override
    public long bytesPerOperation(Start start) {
      return target.bytesPerOperation(start);
    }

    @Override
    public int warmGroupSize() {
      return target.warmGroupSize();
    }

    @Override
    public Worker worker(WorkerContext context) {
      return target.worker(context);
    }
  }
}
