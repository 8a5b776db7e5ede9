/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveReason;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.testkit.CrashRecords;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpointed regions on their way between two backends of one store. */
final class CheckpointedMoveTest {
  private static final long SIZE = 8L << 20;
  private static final CheckpointOptions SHOP = CheckpointOptions.DEFAULT.withGroup("shop");
  private static final CheckpointOptions DISCARDING = SHOP.withGroup(null).withOnClose(false);

  @TempDir Path directory;
  private Path store;
  private Rig rig;
  private MemoryProvider one;
  private MemoryProvider other;

  @BeforeEach
  void startBackends() throws IOException {
    store = Files.createDirectory(directory.resolve("store"));
    rig = new Rig(5_000);
    one = Rig.panama("one", store);
    other = Rig.panama("other", store);
    rig.add(one, 2);
    rig.add(other, 1);
  }

  private ManagedRegion allocate(String name, CheckpointOptions options) throws MemoryException {
    return rig.allocate(
        RegionRequest.ofSize(SIZE).withName(name).withMaximum(2 * SIZE).checkpointed(options));
  }

  @Test
  void aMoveTakesAlongWhatNoCheckpointHas() throws Exception {
    try (ManagedRegion region = allocate("orders", DISCARDING)) {
      assertTrue(rig.provider.capabilities().contains(Capability.CHECKPOINT));
      assertEquals(Durability.CHECKPOINT, region.info().durability());
      Rig.fill(region, 1);
      long number = region.checkpoint();
      Rig.fill(region, 2);
      MoveResult moved = rig.move(region, "other");
      assertEquals(MoveMethod.REMAP, moved.method());
      assertEquals("other", region.managedInfo().backend());
      Rig.check(region, 2);
      assertEquals(number, region.checkpoints().status().number(), "a move makes none");
      region.discard();
      Rig.check(region, 1);
      Rig.fill(region, 3);
      rig.move(region, "one");
      assertEquals(number + 1, region.checkpoint());
      Rig.fill(region, 4);
      rig.move(region, "other");
    }
    try (MemoryRegion region = rig.provider.open("orders")) {
      Rig.check(region, 3); // the close discards what was stored since
    }
  }

  @Test
  void sizesAndLengthsThatNoCheckpointHasGoAlong() throws Exception {
    try (ManagedRegion region = allocate("orders", DISCARDING)) {
      Rig.fill(region, 1);
      region.setLength(1000);
      region.checkpoint();
      region.resize(SIZE + 12_345);
      Rig.fill(region, 2);
      region.setLength(2000);
      rig.move(region, "other");
      assertEquals(SIZE + 12_345, region.byteSize());
      assertEquals(2000, region.length());
      Rig.check(region, 2);
      region.discard();
      assertEquals(1000, region.length());
      region.resize(3 * SIZE); // beyond the maximum: mapped anew
      rig.move(region, "one");
      assertEquals(3 * SIZE, region.byteSize());
      region.resize(SIZE);
      rig.move(region, "other");
      Rig.check(region, 1);
    }
  }

  @Test
  void theRegionsOfAGroupMoveOneByOneAndStayOne() throws Exception {
    try (ManagedRegion orders = allocate("orders", SHOP);
        ManagedRegion invoices = allocate("invoices", SHOP)) {
      Rig.fill(orders, 1);
      Rig.fill(invoices, 2);
      orders.checkpoint();
      Rig.fill(orders, 3);
      Rig.fill(invoices, 4);
      rig.move(orders, "other");
      assertEquals(List.of(orders, invoices), sorted(invoices.checkpoints().regions()));
      invoices.discard();
      Rig.check(orders, 1);
      Rig.check(invoices, 2);
      rig.move(invoices, "other");
      Rig.fill(orders, 5);
      long number = invoices.checkpoint();
      assertEquals(number, orders.checkpoints().status().number());
      orders.discard();
      Rig.check(orders, 5);
    }
  }

  private static List<MemoryRegion> sorted(List<MemoryRegion> regions) {
    List<MemoryRegion> sorted = new ArrayList<>(regions);
    sorted.sort((a, b) -> Long.compare(a.id(), b.id()));
    return sorted;
  }

  @Test
  void regionsMoveBesideWritersAndCheckpoints() throws Exception {
    try (ManagedRegion index = allocate("index", SHOP);
        ManagedRegion data = allocate("data", SHOP);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      CrashRecords records = new CrashRecords(index, data);
      AtomicBoolean stop = new AtomicBoolean();
      List<Future<?>> all = new ArrayList<>();
      for (int writer = 0; writer < CrashRecords.WRITERS; writer++) {
        int number = writer;
        all.add(
            threads.submit(
                () -> {
                  while (!stop.get()) {
                    records.step(number);
                  }
                }));
      }
      all.add(
          threads.submit(
              () -> {
                while (!stop.get()) {
                  data.checkpoint();
                }
                return true;
              }));
      try {
        for (int move = 0; move < 40; move++) {
          rig.move(move % 2 == 0 ? index : data, move % 4 < 2 ? "other" : "one");
          if (move % 5 == 4) {
            index.discard();
          }
        }
      } finally {
        stop.set(true);
      }
      for (Future<?> each : all) {
        each.get(60, TimeUnit.SECONDS);
      }
      records.verify();
      index.discard();
      records.verify();
    }
  }

  @Test
  void aSectionInsideOneOfTheSameGroupDoesNotWaitForAMove() throws Exception {
    try (ManagedRegion orders = allocate("orders", SHOP);
        ManagedRegion invoices = allocate("invoices", SHOP);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      CountDownLatch inside = new CountDownLatch(1);
      CountDownLatch moving = new CountDownLatch(1);
      Future<Boolean> user =
          threads.submit(
              () -> {
                try (Access outer = orders.acquire()) {
                  inside.countDown();
                  moving.await();
                  try (Access inner = invoices.acquire()) {
                    inner.segment().set(JAVA_LONG, 0, 7);
                    outer.segment().set(JAVA_LONG, 0, 7);
                  }
                }
                return true;
              });
      assertTrue(inside.await(60, TimeUnit.SECONDS));
      CountDownLatch begun = new CountDownLatch(1);
      rig.probe = (region, step) -> begun.countDown();
      Future<MoveResult> move =
          threads.submit(
              () -> rig.move(invoices, "other", MoveOptions.DEFAULT.withAttempts(1_000)));
      assertTrue(begun.await(60, TimeUnit.SECONDS));
      moving.countDown();
      assertTrue(user.get(60, TimeUnit.SECONDS));
      assertEquals(MoveMethod.REMAP, move.get(60, TimeUnit.SECONDS).method());
    }
  }

  @Test
  void aCallerInsideASectionIsRefused() throws Exception {
    try (ManagedRegion region = allocate("orders", DISCARDING)) {
      try (Access access = region.acquire()) {
        access.segment().set(JAVA_LONG, 0, 1);
        String message =
            assertThrows(IllegalStateException.class, () -> rig.move(region, "other")).getMessage();
        assertTrue(message.contains("section"), message);
      }
      assertEquals("one", region.managedInfo().backend());
    }
  }

  @Test
  void aBackendWithoutCheckpointsIsRefusedByTheCapability() throws Exception {
    rig.add(
        InMemoryProvider.of(
            "plain", Capability.NAMED, Capability.SHARED_MAPPING, Capability.RESIZE),
        0);
    try (ManagedRegion region = allocate("orders", DISCARDING)) {
      UnsupportedCapabilityException refusal =
          assertThrows(UnsupportedCapabilityException.class, () -> rig.move(region, "plain"));
      assertEquals(Capability.CHECKPOINT, refusal.capability());
      assertTrue(refusal.getMessage().contains("it can move to other"), refusal.getMessage());
    }
    try (MemoryRegion opened = rig.provider.open("orders")) {
      assertThrows(UnsupportedCapabilityException.class, () -> rig.move(opened, "plain"));
    }
  }

  @Test
  void theBestBackendThatHasCheckpointsOpensIt() throws Exception {
    allocate("orders", DISCARDING).close();
    rig.add(
        new ForwardingBackend(other) {
          @Override
          public String name() {
            return "files";
          }

          @Override
          public Set<Capability> capabilities() {
            return EnumSet.of(Capability.NAMED, Capability.SHARED_MAPPING);
          }

          @Override
          public MemoryRegion open(OpenRequest request) {
            throw new UnsupportedCapabilityException("files", Capability.CHECKPOINT);
          }
        },
        9);
    try (ManagedRegion region = (ManagedRegion) rig.provider.open("orders")) {
      assertEquals("one", region.managedInfo().backend());
      assertEquals(1, region.checkpoint());
    }
    try (ManagedRegion region = allocate("invoices", DISCARDING)) {
      assertEquals("one", region.managedInfo().backend());
    }
  }

  @Test
  void aGroupThatIsUsedPastTheManagerStaysWhereItIs() throws Exception {
    try (ManagedRegion orders = allocate("orders", SHOP);
        MemoryRegion past =
            one.allocate(RegionRequest.ofSize(SIZE).withName("past").checkpointed(SHOP))) {
      assertEquals(List.of(orders, past), sorted(orders.checkpoints().regions()));
      String message =
          assertThrows(IllegalStateException.class, () -> rig.move(orders, "other")).getMessage();
      assertTrue(message.contains("'past'"), message);
      Rig.fill(orders, 1);
      past.checkpoint();
      orders.discard();
      Rig.check(orders, 1);
    }
  }

  @Test
  void whereTheTargetDoesNotOpenItTheSourceHasItAgain() throws Exception {
    try (ManagedRegion region = allocate("orders", DISCARDING)) {
      Rig.fill(region, 1);
      region.checkpoint();
      Rig.fill(region, 2);
      rig.probe = Failing.at(Step.SOURCE_CLOSED);
      assertThrows(MemoryException.class, () -> rig.move(region, "other"));
      rig.probe = Step.Probe.NONE;
      assertEquals("one", region.managedInfo().backend());
      Rig.check(region, 2);
      region.discard();
      Rig.check(region, 1);
    }
  }

  @Test
  void whatNoCheckpointHasIsKeptUntilABackendOpensItAgain() throws Exception {
    Path aside = store.resolve("aside");
    try (ManagedRegion region = allocate("orders", DISCARDING)) {
      Path file = store.resolve("orders.region");
      assertNotNull(region.info().path());
      Rig.fill(region, 1);
      region.checkpoint();
      Rig.fill(region, 2);
      rig.probe =
          (moved, step) -> {
            if (step == Step.SOURCE_CLOSED) {
              move(file, aside);
            }
          };
      assertThrows(MemoryException.class, () -> rig.move(region, "other"));
      rig.probe = Step.Probe.NONE;
      assertNotNull(region.stranded());
      assertThrows(IllegalStateException.class, region::acquire);
      assertThrows(IllegalStateException.class, region::checkpoint);
      move(aside, file);
      assertTrue(region.moving().tryTake());
      try {
        rig.regions
            .moves()
            .perform(
                region,
                rig.regions.backend("other").orElseThrow(),
                MoveOptions.DEFAULT,
                ProgressListener.NONE,
                MoveReason.RESCUE);
      } finally {
        region.moving().release();
      }
      Rig.check(region, 2);
      Rig.fill(region, 3);
      assertEquals(2, region.checkpoint());
      Rig.fill(region, 4);
      region.discard();
      Rig.check(region, 3);
    }
  }

  private static void move(Path from, Path to) throws MemoryException {
    try {
      Files.move(from, to);
    } catch (IOException e) {
      throw MemoryException.of("test", from.toString(), e.toString(), "");
    }
  }

  @Test
  void aFollowerGetsAllCheckpointsOfARegionThatMoves() throws Exception {
    try (ManagedRegion region = allocate("orders", DISCARDING)) {
      List<Long> seen = Collections.synchronizedList(new ArrayList<>());
      CheckpointLog log = (CheckpointLog) region.checkpoints();
      try (CheckpointLog.Following following =
          log.follow(0, checkpoint -> seen.add(checkpoint.number()))) {
        assertEquals(1, following.first());
        for (int round = 1; round <= 4; round++) {
          Rig.fill(region, round);
          region.checkpoint();
          rig.move(region, round % 2 == 1 ? "other" : "one");
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (seen.size() < 4 && System.nanoTime() - deadline < 0) {
          Thread.onSpinWait();
        }
      }
      assertEquals(List.of(1L, 2L, 3L, 4L), seen);
    }
  }

  @Test
  void aStoppedBackendsGroupIsTakenOverByAnotherOfTheStore() throws Exception {
    ManagedRegion orders = allocate("orders", SHOP);
    ManagedRegion invoices = allocate("invoices", SHOP);
    Rig.fill(orders, 1);
    Rig.fill(invoices, 2);
    rig.regions.leaving(one);
    assertEquals("other", orders.managedInfo().backend());
    assertEquals("other", invoices.managedInfo().backend());
    Rig.check(orders, 1);
    rig.regions.leaving(other);
    assertNotNull(orders.stranded());
    Rig.check(orders, 1); // can be read still
    try (Access access = orders.acquire()) {
      assertTrue(access.segment().isReadOnly());
    }
    orders.close();
    invoices.close();
    try (MemoryRegion opened = one.open("invoices")) {
      Rig.check(opened, 2);
    }
  }

  @Test
  void regionsOfAGroupEndOneByOne() throws Exception {
    ManagedRegion orders = allocate("orders", SHOP);
    try (ManagedRegion invoices = allocate("invoices", SHOP)) {
      Rig.fill(orders, 1);
      try (Access access = invoices.acquire()) {
        access.segment().set(JAVA_LONG, 0, 1);
        assertThrows(IllegalStateException.class, orders::close);
      }
      orders.close();
      orders.close();
      assertFalse(orders.info().open());
      assertThrows(IllegalStateException.class, orders::acquire);
      assertThrows(IllegalStateException.class, () -> orders.setLength(1));
      assertThrows(IllegalStateException.class, () -> orders.protect(0, 1, AccessMode.READ_ONLY));
      Rig.fill(invoices, 2);
      invoices.checkpoint();
      try (MemoryRegion again = rig.provider.open("orders")) {
        Rig.check(again, 1);
        assertEquals(List.of(invoices, again), sorted(invoices.checkpoints().regions()));
        rig.move(again, "other");
        Rig.check(again, 1);
      }
    }
  }

  @Test
  void aProtectedRangeStaysOneInBothKindsOfSections() throws Exception {
    try (ManagedRegion region = allocate("orders", DISCARDING)) {
      region.protect(0, 4096, AccessMode.READ_ONLY);
      rig.move(region, "other");
      try (Access all = region.acquire();
          Access part = region.acquire(4096, 8);
          Access touched = region.acquire(0, 8)) {
        assertTrue(all.segment().isReadOnly());
        assertFalse(part.segment().isReadOnly());
        assertTrue(touched.segment().isReadOnly());
        assertThrows(IndexOutOfBoundsException.class, () -> region.acquire(SIZE, 1));
      }
      assertEquals(0, region.info().openSections());
    }
  }

  /** Fails at a step, as a backend would. */
  private static final class Failing {
    static Step.Probe at(Step failing) {
      return (region, step) -> {
        if (step == failing) {
          throw MemoryException.of("test", region.toString(), "refused", "");
        }
      };
    }
  }
}
