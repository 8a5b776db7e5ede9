/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.testkit.CrashRecords;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Checkpointed regions on their way from one store to another. */
final class CheckpointedStoreMoveTest {
  private static final long SIZE = 8L << 20;
  private static final CheckpointOptions DISCARDING = CheckpointOptions.DEFAULT.withOnClose(false);

  @TempDir Path directory;
  private Path fast;
  private Path big;
  private Rig rig;

  @BeforeEach
  void startBackends() throws IOException {
    fast = Files.createDirectory(directory.resolve("fast"));
    big = Files.createDirectory(directory.resolve("big"));
    rig = new Rig(5_000);
    rig.add(Rig.panama("fast", fast), 2);
    rig.add(Rig.panama("big", big), 1);
  }

  private ManagedRegion allocate(String name, CheckpointOptions options) throws MemoryException {
    return rig.allocate(
        RegionRequest.ofSize(SIZE).withName(name).withMaximum(2 * SIZE).checkpointed(options));
  }

  private static List<String> files(Path store) throws IOException {
    try (Stream<Path> files = Files.list(store)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aRegionGoesToAnotherStoreWithItsCheckpointsAndWhatNoneHas() throws Exception {
    try (ManagedRegion region = allocate("orders", DISCARDING)) {
      UUID id = ((CheckpointLog) region.checkpoints()).id();
      Rig.fill(region, 1);
      region.setLength(1000);
      long number = region.checkpoint();
      region.resize(SIZE + 12_345);
      Rig.fill(region, 2);
      region.setLength(2000);
      List<String> before = files(fast);
      MoveResult moved = rig.move(region, "big");
      assertEquals(MoveMethod.COPY, moved.method());
      assertTrue(moved.copiedBytes() >= SIZE, moved.toString());
      assertEquals(List.of(), files(fast), "nothing is left, neither file nor journal");
      assertEquals(before, files(big));
      assertTrue(String.valueOf(region.info().path()).startsWith(big.toString()));
      assertEquals(SIZE + 12_345, region.byteSize());
      assertEquals(2000, region.length());
      Rig.check(region, 2);
      assertEquals(id, ((CheckpointLog) region.checkpoints()).id());
      assertEquals(number, region.checkpoints().status().number(), "a move makes none");
      region.discard();
      assertEquals(1000, region.length());
      Rig.fill(region, 3);
      assertEquals(number + 1, region.checkpoint());
      Rig.fill(region, 4);
      rig.move(region, "fast");
      assertEquals(List.of(), files(big));
      Rig.check(region, 4);
    }
    try (MemoryRegion region = rig.provider.open("orders")) {
      Rig.check(region, 3);
      assertEquals(2, region.checkpoints().status().number());
      for (StoreFinding finding : rig.provider.verify()) {
        assertTrue(finding.severity() != StoreFinding.Severity.ERROR, finding.toString());
      }
    }
  }

  @Test
  void writersCheckpointsAndFollowersGoOn() throws Exception {
    try (ManagedRegion region = allocate("orders", DISCARDING);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      CrashRecords records = CrashRecords.inOne(region);
      List<Long> seen = Collections.synchronizedList(new ArrayList<>());
      CheckpointLog log = (CheckpointLog) region.checkpoints();
      try (CheckpointLog.Following following =
          log.follow(0, checkpoint -> seen.add(checkpoint.number()))) {
        assertEquals(1, following.first());
        AtomicBoolean stop = new AtomicBoolean();
        List<Future<?>> users = use(region, records, threads, stop);
        try {
          for (int move = 0; move < 12; move++) {
            rig.move(region, move % 2 == 0 ? "big" : "fast");
            if (move % 5 == 4) {
              region.discard();
            }
          }
        } finally {
          stop.set(true);
        }
        for (Future<?> each : users) {
          each.get(60, TimeUnit.SECONDS);
        }
        long last = region.checkpoint();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (seen.size() < last && System.nanoTime() - deadline < 0) {
          Thread.onSpinWait();
        }
        assertEquals(last, seen.size());
        for (int i = 0; i < last; i++) {
          assertEquals(i + 1, seen.get(i));
        }
      }
      records.verify();
      region.discard();
      records.verify();
    }
  }

  /** Writers, and one that makes checkpoints. */
  private static List<Future<?>> use(
      MemoryRegion region, CrashRecords records, ExecutorService threads, AtomicBoolean stop) {
    List<Future<?>> users = new ArrayList<>();
    for (int writer = 0; writer < CrashRecords.WRITERS; writer++) {
      int number = writer;
      users.add(
          threads.submit(
              () -> {
                while (!stop.get()) {
                  records.step(number);
                }
              }));
    }
    users.add(
        threads.submit(
            () -> {
              while (!stop.get()) {
                region.checkpoint();
              }
              return true;
            }));
    return users;
  }

  @ParameterizedTest
  @EnumSource(
      value = Step.class,
      names = {
        "BEGIN",
        "ALLOCATED",
        "TRACKING",
        "COPYING",
        "COPIED",
        "ANNOUNCED",
        "FORCED",
        "SHUT",
        "DELTA_COPIED"
      })
  void aFailureLeavesItWhereItWas(Step failing) throws Exception {
    try (ManagedRegion region = allocate("orders", DISCARDING)) {
      Rig.fill(region, 1);
      long number = region.checkpoint();
      Rig.fill(region, 2);
      AtomicBoolean reached = new AtomicBoolean();
      rig.probe =
          (moved, step) -> {
            if (step == failing) {
              reached.set(true);
              throw MemoryException.of("test", moved.toString(), "refused", "");
            }
          };
      assertThrows(MemoryException.class, () -> rig.move(region, "big"));
      rig.probe = Step.Probe.NONE;
      assertTrue(reached.get());
      assertEquals("fast", region.managedInfo().backend());
      assertEquals(List.of(), files(big));
      Rig.check(region, 2);
      assertEquals(number, region.checkpoints().status().number());
      region.discard();
      Rig.check(region, 1);
      rig.move(region, "big");
      Rig.check(region, 1);
    }
  }

  @Test
  void aGroupOfSeveralStaysInItsStore() throws Exception {
    CheckpointOptions shop = DISCARDING.withGroup("shop");
    allocate("invoices", shop).close(); // it need not be open
    try (ManagedRegion orders = allocate("orders", shop)) {
      String message =
          assertThrows(MemoryException.class, () -> rig.move(orders, "big")).getMessage();
      assertTrue(message.contains("group shop"), message);
      assertEquals(List.of(), files(big));
    }
  }

  @Test
  void aGroupOfOneGoesByItsNameWhereThatIsFree() throws Exception {
    CheckpointOptions shop = DISCARDING.withGroup("shop");
    try (ManagedRegion orders = allocate("orders", shop)) {
      rig.move(orders, "big");
      assertEquals("shop", orders.checkpoints().name());
      try (ManagedRegion other = allocate("other", shop)) {
        assertNotEquals(
            ((CheckpointLog) orders.checkpoints()).id(),
            ((CheckpointLog) other.checkpoints()).id(),
            "another group in the other store");
        String message =
            assertThrows(MemoryException.class, () -> rig.move(other, "big")).getMessage();
        assertTrue(message.contains("group shop"), message);
      }
    }
  }
}
