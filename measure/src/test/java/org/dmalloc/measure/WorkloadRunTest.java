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
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.measure.RunOptions.Timing;
import org.dmalloc.measure.machine.KernelCounter;
import org.dmalloc.measure.machine.KernelCounts;
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
    run(Workloads.FILL, Start.COLD);
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
    assertEquals(workload.groupSize(), measurement.latency().groupSize());
    assertEquals(0, measurement.operations() % workload.groupSize());
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
        assertThrows(WrongContentException.class, () -> run(Workloads.READ, Start.COLD));
    assertTrue(thrown.getMessage().contains("page 77 "), thrown::getMessage);
  }

  @Test
  void aSwappedPageIsNoticed() {
    MemorySegment bytes = region.segment();
    long page = PageContent.PAGE_BYTES;
    MemorySegment.copy(bytes, 3 * page, bytes, 9 * page, page);
    assertThrows(WrongContentException.class, () -> run(Workloads.RANDOM_READ, Start.COLD));
  }

  @ParameterizedTest
  @ValueSource(strings = {"random-write", "scatter-write"})
  void writesKeepTheContentReadable(String name) throws IOException, InterruptedException {
    run(Workloads.named(name), Start.COLD);
    run(Workloads.READ, Start.COLD);
    run(Workloads.RANDOM_READ, Start.COLD);
    assertEquals(PAGES, run(Workloads.batchRead(512), Start.COLD).operations());
  }

  @Test
  void aScatteredWriteThatIsLostIsNoticed() {
    Workload scatter = Workloads.named("scatter-write");
    Workload losing =
        scatter.withMaker(
            context -> {
              Worker worker = scatter.maker().worker(context);
              return new Worker() {
                @Override
                public int work(int count) throws IOException {
                  int done = worker.work(count);
                  region.segment().fill((byte) 0);
                  return done;
                }

                @Override
                public void verify(Pages pages, int most) throws IOException {
                  worker.verify(pages, most);
                }
              };
            });
    assertThrows(WrongContentException.class, () -> run(losing, Start.COLD));
  }

  @Test
  void aLostWriteIsNoticed() {
    SegmentPages elsewhere =
        new SegmentPages() {
          private final MemorySegment other = MemorySegment.ofArray(new long[PAGES * 512]);

          @Override
          public MemorySegment segment() {
            return other;
          }
        };
    Workload losing =
        Workloads.RANDOM_WRITE.withMaker(
            context ->
                Workloads.RANDOM_WRITE
                    .maker()
                    .worker(
                        new WorkerContext(
                            context.store(),
                            elsewhere,
                            null,
                            context.options(),
                            context.threadIndex(),
                            context.elapsed())));
    assertThrows(WrongContentException.class, () -> run(losing, Start.COLD));
  }

  @Test
  void batchesAreAnnouncedOneAhead() throws IOException, InterruptedException {
    run(Workloads.batchRead(100), Start.COLD);
    assertEquals(
        List.of("prefetch 100", "prefetch 100", "prefetch 56"),
        provider.faults().calls().stream().filter(call -> call.startsWith("prefetch")).toList());
  }

  @Test
  void writesAreForcedAndReadsAreNot() throws IOException, InterruptedException {
    long before = forces();
    run(Workloads.RANDOM_READ, Start.COLD);
    assertEquals(before, forces());
    assertTrue(run(Workloads.RANDOM_WRITE, Start.COLD).forceNanos() > 0);
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
    assertThrows(MemoryException.class, () -> run(Workloads.batchRead(512), Start.COLD));
  }

  @Test
  void threadsShareTheWork() throws IOException, InterruptedException {
    Measurement measurement =
        new WorkloadRun(
                Workloads.RANDOM_READ,
                new RegionPages(provider, region),
                null,
                options(Start.COLD, Timing.GROUPS, 5, RunOptions.UNLIMITED),
                counter())
            .run();
    assertEquals(PAGES, measurement.operations());
  }

  @Test
  void allocationsAreClosedAgain() throws IOException, InterruptedException {
    Measurement measurement =
        new WorkloadRun(
                Workloads.named("alloc-free"),
                null,
                BlockSource.regions(provider, RegionRequest.ofSize(BlockSource.BLOCK_BYTES)),
                options(Start.WARM, Timing.GROUPS, 1, RunOptions.UNLIMITED),
                counter())
            .run();
    assertTrue(measurement.operations() > 0);
    assertEquals(2 * measurement.operations(), measurement.pages());
    assertEquals(0, measurement.durableBytesPerSecond());
    assertEquals(List.of(region), provider.regions());
  }

  @Test
  void figuresFollowFromCountsAndTimes() {
    Measurement measurement =
        FixedMeasurement.of(
            3_000,
            1_000_000_000,
            500_000_000,
            4096,
            new Latency(1, 1, 1, 1, 1, 1, 1, List.of()),
            KernelCounts.ofProcess(0, 0, 0, 0, 0));
    assertEquals(3_000, measurement.operationsPerSecond());
    assertEquals(2_000, measurement.durableOperationsPerSecond());
    assertEquals(8_192_000, measurement.durableBytesPerSecond());
    assertEquals(3_000 * 4096, measurement.pageBytes());
    assertTrue(Double.isNaN(measurement.besideBytesPerSecond()));
  }

  @Test
  void aRunStopsAfterTheOperationsThatItWasGiven() throws IOException, InterruptedException {
    Measurement measurement = run(Workloads.RANDOM_WRITE, options(Start.COLD, Timing.EACH, 1, 77));
    assertEquals(77, measurement.operations());
    assertEquals(77, measurement.changedPages());
    assertEquals(false, measurement.finished());
  }

  @Test
  void aWarmRunTimesEachOperationWhereItIsToldTo() throws IOException, InterruptedException {
    Measurement measurement =
        run(Workloads.named("mixed-50-50"), options(Start.WARM, Timing.EACH, 1, 1_000));
    assertEquals(1_000, measurement.operations());
    assertEquals(1, measurement.latency().groupSize());
    assertTrue(measurement.changedPages() > 100 && measurement.changedPages() <= PAGES);
  }

  @Test
  void whatTheWarmUpDidDoesNotCount() throws IOException, InterruptedException {
    long before = forces();
    RunOptions options =
        new RunOptions(
            Start.WARM, Timing.EACH, 1, 5_000_000, true, RunOptions.UNLIMITED, 3, 0, SEED, 1);
    Measurement measurement = run(Workloads.named("mixed-50-50"), options);
    assertEquals(3, measurement.operations());
    assertTrue(measurement.changedPages() <= 3, measurement::toString);
    assertEquals(before + 2, forces(), "after the warm-up and at the end");
  }

  @Test
  void aScanBesideIsCountedByItself() throws IOException, InterruptedException {
    Measurement measurement =
        run(Workloads.named("scan-and-random"), options(Start.WARM, Timing.EACH, 1, 100_000));
    assertEquals(100_000, measurement.operations());
    assertTrue(measurement.besidePages() > 0, measurement::toString);
    assertTrue(measurement.besideBytesPerSecond() > 0);
  }

  @Test
  void aWorkingSetShrinksAndGrowsBack() throws IOException, InterruptedException {
    Measurement measurement = run(Workloads.named("working-set"), Start.WARM);
    assertTrue(measurement.operations() > 0);
  }

  @Test
  void announcedOrdersAnnounceWhatTheyUse() throws IOException, InterruptedException {
    long before = provider.faults().calls().size();
    run(
        Workloads.named("zipf-read"),
        new RunOptions(
            Start.WARM, Timing.EACH, 1, 0, false, RunOptions.UNLIMITED, 300, 64, SEED, 0));
    assertEquals(
        // The batch in hand, four more and the one ahead.
        6, provider.faults().calls().stream().skip(before).filter("prefetch 64"::equals).count());
  }

  @Test
  void markAndStampDifferOnEveryPage() {
    PageContent content = new PageContent(SEED);
    long page = PageContent.PAGE_BYTES;
    content.setMarkAt(region.segment(), 4 * page, 4);
    content.checkMarkAt(region.segment(), 4 * page, 4);
    assertThrows(
        WrongContentException.class, () -> content.checkMarkAt(region.segment(), 5 * page, 5));
    long first = region.segment().get(JAVA_LONG, 0);
    assertTrue(first != region.segment().get(JAVA_LONG, PageContent.PAGE_BYTES));
  }

  private long forces() {
    return provider.faults().calls().stream().filter("force"::equals).count();
  }

  private Measurement run(Workload workload, Start start) throws IOException, InterruptedException {
    return run(workload, options(start, Timing.GROUPS, 1, RunOptions.UNLIMITED));
  }

  private Measurement run(Workload workload, RunOptions options)
      throws IOException, InterruptedException {
    RegionPages pages = new RegionPages(provider, region);
    WorkloadRun run = new WorkloadRun(workload, pages, null, options, counter());
    Measurement measurement = run.run();
    run.verify(pages, 10_000);
    return measurement;
  }

  private static RunOptions options(Start start, Timing timing, int threads, long operations) {
    Duration limit =
        start == Start.COLD || operations < RunOptions.UNLIMITED
            ? Duration.ofSeconds(60)
            : Duration.ofMillis(30);
    return new RunOptions(
        start, timing, threads, 0, false, limit.toNanos(), operations, 0, SEED, 0);
  }

  private static KernelCounter counter() {
    return new KernelCounter(KernelFiles.ofThisMachine(), List.of());
  }
}
