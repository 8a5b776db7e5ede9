/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.dmalloc.api.Access;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.Capability;
import org.dmalloc.api.GrowthListener;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Managed regions grow in place, beside their moves, within quotas, and wherever they lie. */
@Timeout(120)
final class ManagedGrowthTest {
  private static final long MAX = 4 * Rig.SIZE;

  private final Rig rig = new Rig();
  private final InMemoryProvider first =
      growing("first", null, EnumSet.of(Capability.DIRTY_TRACKING));
  private final InMemoryProvider second = growing("second", null, EnumSet.noneOf(Capability.class));

  ManagedGrowthTest() {
    rig.add(first, 9);
    rig.add(second, 5);
  }

  @AfterEach
  void nothingIsLeft() {
    rig.regions.accounts().regions().forEach(MemoryRegion::close);
    assertEquals(0, rig.provider.statistics().openBytes());
    assertEquals(0, first.openRegions());
    assertEquals(0, second.openRegions());
  }

  private static InMemoryProvider growing(
      String name, @Nullable InMemoryStore store, Set<Capability> more) {
    Set<Capability> all =
        EnumSet.of(
            Capability.SHARED_MAPPING,
            Capability.PRIVATE_MAPPING,
            Capability.RESIZE,
            Capability.GROW_IN_PLACE);
    all.addAll(more);
    if (store != null) {
      all.addAll(Set.of(Capability.NAMED, Capability.FORCE));
    }
    return new InMemoryProvider(name, all, store, Long.MAX_VALUE, Duration.ofMillis(200));
  }

  private ManagedRegion region() throws MemoryException {
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withMaximum(MAX));
    Rig.fill(region, 7);
    return region;
  }

  private static void grow(ManagedRegion region, long byteSize) {
    try {
      region.resize(byteSize);
    } catch (MemoryException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void growsInPlaceWhilePinnedAndInASection() throws Exception {
    ManagedRegion region = region();
    MemorySegment pinned = region.segment();
    try (Access before = region.acquire()) {
      region.resize(2 * Rig.SIZE);
      assertEquals(Rig.SIZE, before.segment().byteSize());
      try (Access after = region.acquire()) {
        assertEquals(2 * Rig.SIZE, after.segment().byteSize());
        after.segment().set(JAVA_LONG, 0, 42);
        after.segment().set(JAVA_LONG, 2 * Rig.SIZE - 8, 43);
      }
      assertEquals(42, before.segment().get(JAVA_LONG, 0));
    }
    assertEquals(42, pinned.get(JAVA_LONG, 0));
    assertEquals(2 * Rig.SIZE, region.byteSize());
    assertEquals(43, region.segment().get(JAVA_LONG, 2 * Rig.SIZE - 8));
    assertEquals(2 * Rig.SIZE, rig.provider.statistics().openBytes());
    assertEquals(0, first.faults().count("resize"), "nothing was mapped anew");
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> region.resize(Rig.SIZE));
    assertTrue(refused.getMessage().contains("pinned"), refused.getMessage());
  }

  /**
   * At each step; the source's tracking knows nothing of what is added, and finds no store there.
   */
  @ParameterizedTest
  @EnumSource(
      value = Step.class,
      names = {"ALLOCATED", "TRACKING", "COPYING", "COPIED", "PASSED"})
  void aMoveBringsAlongWhatTheRegionGrowsByMeanwhile(Step at) throws Exception {
    for (List<String> way : List.of(List.of("first", "second"), List.of("second", "first"))) {
      ManagedRegion region = region();
      rig.move(region, way.getFirst());
      AtomicBoolean grown = new AtomicBoolean();
      rig.probe =
          (which, step) -> {
            if (step == at && grown.compareAndSet(false, true)) {
              which.resize(2 * Rig.SIZE + 4096);
              Rig.fill(which, 8);
            }
          };
      rig.move(region, way.getLast());
      rig.probe = Step.Probe.NONE;
      assertTrue(grown.get());
      assertEquals(way.getLast(), region.managedInfo().backend());
      assertEquals(2 * Rig.SIZE + 4096, region.byteSize());
      Rig.check(region, 8);
      assertEquals(MAX, region.info().maximum());
      region.close();
    }
  }

  @Test
  void growthInTheLastAttemptsOfAMoveIsNotLost() throws Exception {
    ManagedRegion region = region();
    AtomicBoolean held = new AtomicBoolean();
    AtomicReference<Access> section = new AtomicReference<>();
    ExecutorService user = Executors.newSingleThreadExecutor();
    try {
      rig.probe =
          (which, step) -> {
            if (step == Step.PASSED && held.compareAndSet(false, true)) {
              await(user.submit(() -> section.set(which.acquire())));
              // The gate does not shut: the region grows once more before the next attempt.
            } else if (step == Step.PASSED && section.get() != null) {
              grow(which, 3 * Rig.SIZE);
              await(user.submit(() -> section.getAndSet(null).close()));
              Rig.fill(which, 9);
            }
          };
      rig.move(
          region,
          "second",
          MoveOptions.DEFAULT.withSectionTimeout(Duration.ofMillis(5)).withAttempts(10));
    } finally {
      user.shutdown();
    }
    assertEquals("second", region.managedInfo().backend());
    assertEquals(3 * Rig.SIZE, region.byteSize());
    Rig.check(region, 9);
  }

  private static void await(Future<?> done) {
    try {
      done.get();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aTargetThatCannotGrowAlongEndsTheMoveAndNothingElse() throws Exception {
    ManagedRegion region = region();
    second.faults().fail("ENOSPC", "grow");
    rig.probe =
        (which, step) -> {
          if (step == Step.COPIED) {
            grow(which, 2 * Rig.SIZE);
          }
        };
    MemoryException refused = assertThrows(MemoryException.class, () -> rig.move(region, "second"));
    assertTrue(refused.getMessage().contains("ENOSPC"), refused.getMessage());
    assertEquals("first", region.managedInfo().backend());
    assertEquals(2 * Rig.SIZE, region.byteSize());
    assertEquals(0, second.openRegions());
    second.faults().clear();
    rig.probe = Step.Probe.NONE;
    rig.move(region, "second");
    assertEquals(2 * Rig.SIZE, region.byteSize());
  }

  @Test
  void onlyABackendThatKeepsTheMaximumTakesTheRegion() throws Exception {
    rig.add(InMemoryProvider.memory("rigid"), 7);
    ManagedRegion region = region();
    UnsupportedCapabilityException refused =
        assertThrows(UnsupportedCapabilityException.class, () -> rig.move(region, "rigid"));
    assertSame(Capability.GROW_IN_PLACE, refused.capability());
    assertTrue(refused.getMessage().contains("it can move to second"), refused.getMessage());
    rig.move(region, "second");
    assertEquals(MAX, second.requests().getLast().maximum());
    region.segment();
    region.resize(MAX); // pinned: in place or not at all
    assertEquals(MAX, region.byteSize());
  }

  @Test
  void aRegionBeyondItsMaximumStillMoves() throws Exception {
    ManagedRegion region = region();
    region.resize(MAX + 4096);
    assertEquals(1, first.faults().count("resize"));
    Rig.fill(region, 10);
    rig.move(region, "second");
    Rig.check(region, 10);
    assertEquals(MAX + 4096, region.byteSize());
  }

  /** What a listener was told, one line each. */
  private static final class Told implements GrowthListener {
    final List<String> lines = new ArrayList<>();

    @Override
    public void grown(long regionId, long oldByteSize, long newByteSize) {
      lines.add(regionId + ": " + oldByteSize + " to " + newByteSize);
    }

    @Override
    public void refused(long regionId, long byteSize, Exception reason) {
      lines.add(regionId + ": not " + byteSize + ": " + reason.getMessage());
    }
  }

  @Test
  void growthByItselfIsBookedAndToldUnderTheManagedNumberAndGoesOnAfterAMove() throws Exception {
    Told told = new Told();
    ManagedRegion region =
        rig.allocate(
            RegionRequest.ofSize(8192)
                .withMaximum(1 << 20)
                .withAutogrowth(Autogrowth.upTo(1 << 16).tellingTo(told)));
    assertEquals(0, first.requests().getLast().autogrowth().ceiling(), "the manager's business");
    assertEquals(12_288, region.ensure(8193));
    assertEquals(12_288, region.ensure(100), "it is so large already");
    assertEquals(12_288, rig.provider.statistics().openBytes());
    rig.move(region, "second");
    assertEquals(1 << 16, region.info().autogrowth().ceiling());
    assertEquals(40_960, region.ensure(40_960));
    assertEquals(61_440, region.ensure(40_961));
    assertEquals(1 << 16, region.ensure(61_441), "not beyond the ceiling");
    MemoryException refused =
        assertThrows(MemoryException.class, () -> region.ensure((1 << 16) + 1));
    assertTrue(refused.getMessage().contains("65536 bytes"), refused.getMessage());
    String id = region.id() + ": ";
    assertEquals(
        List.of(
            id + "8192 to 12288",
            id + "12288 to 40960",
            id + "40960 to 61440",
            id + "61440 to 65536",
            id + "not 65537: " + refused.getMessage()),
        told.lines);
    region.resize(1 << 17); // an owner may
    assertEquals(1 << 17, rig.provider.statistics().openBytes());
  }

  @Test
  void aQuotaRefusesGrowthAndLeavesRoomForJustWhatIsAsked() throws Exception {
    rig.regions.settings(Settings.of(Map.of("bundle.limits", new String[] {"test.bundle=20000"})));
    Told told = new Told();
    ManagedRegion region =
        rig.allocate(
            RegionRequest.ofSize(16_384)
                .withMaximum(1 << 20)
                .withAutogrowth(Autogrowth.upTo(1 << 20).tellingTo(told)));
    assertEquals(16_390, region.ensure(16_390), "half as much again is over the limit");
    MemoryException refused = assertThrows(MemoryException.class, () -> region.ensure(20_001));
    assertTrue(refused.getMessage().contains("limit of bundle test.bundle"), refused.getMessage());
    assertEquals(16_390, region.byteSize());
    assertEquals(16_390, rig.provider.statistics().openBytes());
    assertEquals(2, told.lines.size(), told.lines.toString());
    assertThrows(MemoryException.class, () -> region.resize(20_001));
    assertEquals(16_390, rig.provider.statistics().openBytes());
  }

  @Test
  void whatTheBackendRefusesIsNotBooked() throws Exception {
    ManagedRegion region = region();
    first.faults().fail("ENOSPC", "grow");
    MemoryException refused =
        assertThrows(MemoryException.class, () -> region.resize(2 * Rig.SIZE));
    assertTrue(refused.getMessage().contains("ENOSPC"), refused.getMessage());
    assertEquals(Rig.SIZE, region.byteSize());
    assertEquals(Rig.SIZE, rig.provider.statistics().openBytes());
    Rig.check(region, 7);
    first.faults().clear();
    region.resize(2 * Rig.SIZE);
    assertEquals(2 * Rig.SIZE, rig.provider.statistics().openBytes());
  }

  @Test
  void aStrandedRegionDoesNotGrowAndSaysWhy() throws Exception {
    Rig alone = new Rig();
    InMemoryProvider only = growing("only", null, EnumSet.noneOf(Capability.class));
    alone.add(only, 1);
    ManagedRegion region = alone.allocate(RegionRequest.ofSize(Rig.SIZE).withMaximum(MAX));
    Rig.fill(region, 3);
    alone.regions.leaving(only);
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> region.resize(2 * Rig.SIZE));
    assertTrue(refused.getMessage().contains("backend only is gone"), refused.getMessage());
    assertThrows(IllegalStateException.class, () -> region.ensure(2 * Rig.SIZE));
    assertEquals(Rig.SIZE, region.byteSize());
    Rig.check(region, 3);
    region.close();
    assertThrows(IllegalStateException.class, () -> region.ensure(1));
  }

  /**
   * Threads append to one region, each record where the last one ended, and grow it as they need
   * to, while it moves between memory whose stores are tracked, memory without, and real files.
   */
  @Test
  void nothingIsLostByThreadsThatGrowTheRegionWhileItMoves(@TempDir Path directory)
      throws Exception {
    rig.add(Rig.panama("panama", directory), 7);
    int threads = 4;
    int records = 6_000;
    ManagedRegion region =
        rig.allocate(
            RegionRequest.ofSize(0)
                .withMaximum(8L * threads * records)
                .withAutogrowth(Autogrowth.upTo(8L * threads * records)));
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    AtomicLong next = new AtomicLong();
    List<Thread> appenders = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      appenders.add(Thread.ofPlatform().start(() -> append(region, records, next, failures)));
    }
    List<String> names = List.of("second", "panama", "first");
    int moves = 0;
    while (appenders.stream().anyMatch(Thread::isAlive) || moves < 6) {
      rig.move(region, names.get(moves++ % 3), MoveOptions.DEFAULT.withAttempts(50));
    }
    for (Thread appender : appenders) {
      appender.join();
    }
    assertEquals(List.of(), List.copyOf(failures));
    assertEquals(8L * threads * records, region.byteSize());
    try (Access access = region.acquire()) {
      for (long at = 0; at < region.byteSize(); at += 8) {
        assertEquals(at + 1, access.segment().get(JAVA_LONG, at));
      }
    }
  }

  private static void append(
      MemoryRegion region,
      int records,
      AtomicLong next,
      ConcurrentLinkedQueue<Throwable> failures) {
    try {
      for (int i = 0; i < records; i++) {
        long at = next.getAndAdd(8);
        region.ensure(at + 8);
        try (Access access = region.acquire()) {
          access.segment().set(JAVA_LONG, at, at + 1);
        }
      }
    } catch (Throwable t) {
      failures.add(t);
    }
  }

  @Test
  void theLengthGoesAlongByCopyAndByMappingAnew() throws Exception {
    InMemoryStore disk = new InMemoryStore("/disk");
    rig.add(growing("files", disk, Set.of(Capability.READ_ONLY)), 3);
    rig.add(growing("other-files", disk, Set.of()), 2);
    ManagedRegion region = region();
    assertEquals(Rig.SIZE, region.length());
    rig.move(region, "second");
    region.resize(2 * Rig.SIZE);
    assertEquals(2 * Rig.SIZE, region.length(), "nobody said another");
    region.setLength(4711);
    rig.move(region, "first");
    assertEquals(4711, region.length());
    assertEquals(4711, region.info().length());
    region.resize(1000);
    assertEquals(1000, region.length(), "cut with the region");
    ManagedRegion stored =
        rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders").withMaximum(MAX));
    stored.setLength(5);
    rig.move(stored, "other-files");
    assertEquals(5, stored.length());
    stored.resize(MAX);
    assertEquals(5, stored.length());
    assertEquals(MAX, stored.info().maximum());
    stored.close();
    ManagedRegion reader = (ManagedRegion) rig.provider.open(OpenRequest.of("orders").readOnly());
    assertEquals(5, reader.length());
    assertThrows(IllegalStateException.class, () -> reader.setLength(6));
  }
}
