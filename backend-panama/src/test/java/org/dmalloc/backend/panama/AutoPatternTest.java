/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.backend.panama.auto.AdviceChange;
import org.dmalloc.backend.panama.auto.PagingObserver;
import org.dmalloc.backend.panama.auto.PagingPass;
import org.dmalloc.linux.PageScanner;
import org.dmalloc.spi.store.RegionStore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class AutoPatternTest {
  private static final long MIB = 1L << 20;
  private static final long PAGE = 4096;
  private static final long DEADLINE_NANOS = 60_000_000_000L;

  @TempDir Path directory;
  private final PagingObserver observer = new PagingObserver("auto");
  private PanamaProvider provider;

  @BeforeEach
  void start() throws MemoryException {
    provider = new PanamaProvider(PanamaSettings.in(RegionStore.open(directory)), observer);
  }

  @AfterEach
  void theObserverEndsWithTheLastRegion() {
    provider.regions().forEach(MemoryRegion::close);
    await("the end of the thread", () -> observer.thread() == null);
    provider.stop();
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + DEADLINE_NANOS;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        fail("waited in vain for " + what);
      }
      Thread.onSpinWait();
    }
  }

  private PagingStatistics paging() {
    return provider.paging().orElseThrow();
  }

  private static long touchAll(MemoryRegion region) {
    long sum = 0;
    for (long offset = 0; offset < region.byteSize(); offset += 16 * PAGE) {
      try (Access access = region.acquire()) {
        for (long at = offset; at < Math.min(offset + 16 * PAGE, region.byteSize()); at += PAGE) {
          sum += access.segment().get(JAVA_LONG, at);
        }
      }
    }
    return sum;
  }

  private static void fill(MemoryRegion region) {
    for (long offset = 0; offset < region.byteSize(); offset += PAGE) {
      try (Access access = region.acquire()) {
        access.segment().set(JAVA_LONG, offset, offset);
      }
    }
  }

  /** Scans cold pages until the observer has found a stream. */
  private void scanUntilFound(MemoryRegion region) throws MemoryException {
    long before = paging().streams();
    long deadline = System.nanoTime() + DEADLINE_NANOS;
    while (paging().streams() == before) {
      assertTrue(System.nanoTime() < deadline, () -> "no stream was found: " + paging());
      region.force();
      region.advise(Advice.PAGE_OUT);
      touchAll(region);
    }
  }

  @Test
  void isTheDefaultAndIsRandomBehindItsOpening() throws IOException {
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(32 * MIB).withName("a"))) {
      assertEquals(1, paging().restingRegions(), "until somebody uses it");
      assertEquals(AccessPattern.AUTO, region.info().pattern());
      long opening = 16 * MIB;
      assertEquals(
          List.of(
              new AdvisedRange(0, opening, AccessPattern.NORMAL, AdvisedRange.Origin.LEARNED),
              new AdvisedRange(
                  opening, 32 * MIB - opening, AccessPattern.RANDOM, AdvisedRange.Origin.LEARNED)),
          region.advised());
      assertEquals(1, paging().watchedRegions());
    }
    try (MemoryRegion region = provider.open(OpenRequest.of("a").readOnly())) {
      assertEquals(AccessPattern.AUTO, region.info().pattern());
    }
  }

  @Test
  void whereThereIsNothingToFindOutItIsNormal() throws IOException {
    try (MemoryRegion small = provider.allocate(RegionRequest.ofSize(MIB));
        MemoryRegion locked = provider.allocate(RegionRequest.ofSize(4 * MIB).lockedInRam())) {
      assertEquals(AccessPattern.NORMAL, small.info().pattern());
      assertEquals(AccessPattern.NORMAL, locked.info().pattern());
      assertEquals(0, paging().watchedRegions());
    }
  }

  @Test
  void aScanIsNoticedAndReported() throws IOException {
    Path file = directory.resolve("scan.jfr");
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(64 * MIB));
        Recording recording = new Recording()) {
      recording.enable(AdviceChange.NAME).withoutThreshold();
      recording.enable(PagingPass.NAME).withoutThreshold();
      fill(region);
      recording.start();
      scanUntilFound(region);
      recording.stop();
      recording.dump(file);
      List<RecordedEvent> events = RecordingFile.readAllEvents(file);
      RecordedEvent change =
          events.stream()
              .filter(e -> e.getEventType().getName().equals("org.dmalloc.AdviceChange"))
              .filter(e -> e.getString("from").equals("RANDOM"))
              .findFirst()
              .orElseThrow();
      assertEquals(region.id(), change.getLong("region"));
      assertEquals("NORMAL", change.getString("to"));
      assertTrue(change.getLong("length") > 0);
      assertTrue(change.getLong("offset") + change.getLong("length") <= region.byteSize());
      assertFalse(change.getString("evidence").isBlank());
      assertTrue(
          events.stream()
              .anyMatch(
                  e ->
                      e.getEventType().getName().equals("org.dmalloc.PagingPass")
                          && e.getBoolean("sensed")
                          && e.getLong("majorFaults") > 0));
      assertTrue(paging().changes() > 0);
      assertTrue(paging().cpuNanos() > 0);
    }
  }

  @Test
  void idleRegionsWakeNobody() throws IOException {
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(16 * MIB));
        MemoryRegion other = provider.allocate(RegionRequest.ofSize(16 * MIB))) {
      touchAll(region);
      touchAll(other);
      Thread thread = observer.thread();
      assertNotNull(thread);
      await(
          "rest without a time-out",
          () -> paging().restingRegions() == 2 && thread.getState() == Thread.State.WAITING);
      long passes = paging().passes();
      assertEquals(Thread.State.WAITING, thread.getState());
      region.info();
      assertEquals(passes, paging().passes());
      // The next section wakes it, and then it rests again.
      touchAll(region);
      await("a pass after use", () -> paging().passes() > passes);
      await(
          "rest again",
          () -> paging().restingRegions() == 2 && thread.getState() == Thread.State.WAITING);
    }
  }

  @Test
  void aRawSegmentIsLookedAfterFromTimeToTime() throws IOException {
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(16 * MIB))) {
      region.segment().set(JAVA_LONG, 0, 1);
      long passes = paging().passes();
      await("passes", () -> paging().passes() > passes + 3);
      assertEquals(0, paging().restingRegions());
    }
  }

  @Test
  void whatTheOwnerAdvisesStays() throws IOException {
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(64 * MIB))) {
      region.advise(Advice.SEQUENTIAL, 16 * MIB, 8 * MIB);
      fill(region);
      scanUntilFound(region);
      assertEquals(AccessPattern.AUTO, region.info().pattern());
      AdvisedRange pin =
          region.advised().stream()
              .filter(range -> range.origin() == AdvisedRange.Origin.ADVISED)
              .findFirst()
              .orElseThrow();
      assertEquals(
          new AdvisedRange(
              16 * MIB, 8 * MIB, AccessPattern.SEQUENTIAL, AdvisedRange.Origin.ADVISED),
          pin);
      region.advise(Advice.RANDOM);
      assertEquals(AccessPattern.RANDOM, region.info().pattern());
      assertEquals(0, paging().watchedRegions());
      assertEquals(
          List.of(new AdvisedRange(0, 64 * MIB, AccessPattern.RANDOM, AdvisedRange.Origin.ADVISED)),
          region.advised());
    }
  }

  @Test
  void afterAFillInOrderLargeFoliosAreSplit() throws IOException {
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(64 * MIB).prefaulted())) {
      fill(region);
      region.force();
      // Each block is gone over twice.
      await("splitting", () -> paging().splitBytes() >= 128 * MIB);
      // What a store then changes is less than a twentieth of a large folio.
      try (Access access = region.acquire()) {
        assertEquals(48 * MIB, access.segment().get(JAVA_LONG, 48 * MIB));
        access.segment().set(JAVA_LONG, 48 * MIB, 1);
      }
      assertTrue(region.residency().dirtyBytes() <= 25 * PAGE, () -> String.valueOf(region));
    }
  }

  @Test
  void contentsAreRightWhateverTheObserverDoes() throws Exception {
    for (int round = 0; round < 3; round++) {
      String name = "busy-" + round;
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(48 * MIB).withName(name));
      fill(region);
      AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
      List<Thread> threads = new ArrayList<>();
      for (int kind = 0; kind < 4; kind++) {
        int which = kind;
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        use(region, which);
                      } catch (IllegalStateException e) {
                        if (region.info().open()) {
                          failure.set(e);
                        }
                      } catch (Throwable t) {
                        failure.set(t);
                      }
                    }));
      }
      // What the observer finds here is a matter of luck: writers keep pages in RAM. So all that it
      // ever does is done here as well, anywhere and for no reason.
      SplittableRandom random = new SplittableRandom(round);
      List<Advice> advices = List.of(Advice.NORMAL, Advice.RANDOM, Advice.COLD);
      long passes = paging().passes();
      for (int i = 0; i < 10; i++) {
        region.resize((i % 2 == 0 ? 64 : 48) * MIB);
        region.force();
        region.advise(Advice.PAGE_OUT);
        for (int j = 0; j < 40; j++) {
          region.advise(
              advices.get(random.nextInt(advices.size())),
              random.nextLong(47) * MIB,
              random.nextLong(1, 256) * PAGE);
        }
        assertNull(failure.get(), () -> String.valueOf(failure.get()));
      }
      await("passes", () -> paging().passes() > passes);
      region.close(); // in the middle
      for (Thread thread : threads) {
        thread.join();
      }
      assertNull(failure.get(), () -> String.valueOf(failure.get()));
      try (MemoryRegion again = provider.open(OpenRequest.of(name).readOnly())) {
        try (Access access = again.acquire()) {
          for (long offset = 0; offset < 48 * MIB; offset += PAGE) {
            assertEquals(offset, access.segment().get(JAVA_LONG, offset));
          }
        }
      }
      provider.delete(name);
    }
  }

  /** Uses the first 48 MiB of a region until it is closed: each page holds its offset. */
  private static void use(MemoryRegion region, int which) throws MemoryException {
    SplittableRandom random = new SplittableRandom(which);
    for (long i = 0; ; i++) {
      long page = which < 2 ? i % (12 * 1024) : random.nextLong(12 * 1024);
      long offset = page * PAGE;
      try (Access access = region.acquire()) {
        assertEquals(offset, access.segment().get(JAVA_LONG, offset), "round " + i);
        if (which % 2 == 1) {
          access.segment().set(JAVA_LONG, offset, offset);
        }
      }
      if (which == 3 && i % 10_000 == 0) {
        region.prefetch(new long[] {offset, 0}, PAGE);
      }
    }
  }

  @Test
  void leaksNeitherThreadsNorDescriptorsNorMappings() throws IOException {
    cycle();
    long descriptors = count(Path.of("/proc/self/fd"));
    for (int i = 0; i < 20; i++) {
      cycle();
    }
    assertTrue(count(Path.of("/proc/self/fd")) <= descriptors + 2);
    assertEquals(
        0,
        Files.readAllLines(Path.of("/proc/self/maps")).stream()
            .filter(line -> line.contains(directory.toString()))
            .count());
    assertEquals(
        0,
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().equals("dmalloc-paging-auto"))
            .filter(Thread::isAlive)
            .count());
  }

  private void cycle() throws IOException {
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(4 * MIB))) {
      fill(region);
      assertEquals(1, paging().watchedRegions());
    }
    Thread thread = observer.thread();
    await("the end of the thread", () -> observer.thread() == null);
    await("its last step", () -> thread == null || !thread.isAlive());
  }

  private static long count(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.count();
    }
  }

  @Test
  void withoutAPageTableItSaysSoAndIsNormal() throws IOException {
    PagingObserver blind =
        new PagingObserver(
            "blind",
            () -> {
              throw MemoryException.of(
                  "open", -1, "/proc/self/pagemap", "EACCES", 13, "mount /proc", null);
            });
    PanamaProvider other =
        new PanamaProvider(PanamaSettings.in(RegionStore.open(directory)), blind);
    try (MemoryRegion region = other.allocate(RegionRequest.ofSize(8 * MIB))) {
      await("giving up", () -> region.info().pattern() == AccessPattern.NORMAL);
      assertEquals(AccessPattern.NORMAL, region.advised().getFirst().pattern());
      await("the reason", () -> !blind.statistics().failure().isEmpty());
      assertTrue(blind.statistics().failure().contains("pagemap"), blind.statistics().failure());
      fill(region);
      region.resize(16 * MIB);
      region.force();
    }
    await("the end of the thread", () -> blind.thread() == null);
    other.stop();
  }

  @Test
  void aKernelWithoutScanIsAnsweredByPagemap() throws Exception {
    try (PageScanner scanner = PageScanner.open()) {
      assertTrue(List.of("PAGEMAP_SCAN", "pagemap").contains(scanner.source()));
    }
  }
}
