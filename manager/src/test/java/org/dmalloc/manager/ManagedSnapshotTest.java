/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SnapshotMethod;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ManagedSnapshotTest {
  private final Rig rig = new Rig();
  private final InMemoryStore store = new InMemoryStore("/disk");
  private final InMemoryProvider files = InMemoryProvider.files("files", store);

  @Test
  void aRegionInMemoryHasItsSnapshotOnAnotherBackend() throws Exception {
    rig.add(InMemoryProvider.memory("memory"), 9);
    try (ManagedRegion region = rig.filled(1)) {
      UnsupportedOperationException nowhere =
          assertThrows(
              UnsupportedOperationException.class,
              () -> region.snapshot(SnapshotRequest.of("copy")));
      assertTrue(nowhere.getMessage().contains("NAMED"), nowhere.getMessage());
      SnapshotResult result = region.snapshot(SnapshotRequest.of("copy").withTarget(files));
      assertEquals(SnapshotMethod.TRACKED_COPY, result.method());
      assertEquals("shadow", result.tracking());
      assertEquals("memory", region.managedInfo().backend());
      assertEquals(0, files.openRegions());
      assertEquals(List.of("copy"), store.names());
      assertEquals(31, Objects.requireNonNull(store.bytes("copy")).get(JAVA_LONG, 0));
    }
  }

  @Test
  void theSourceStaysAndMovesAfterwards() throws Exception {
    rig.add(files, 9);
    rig.add(InMemoryProvider.files("other", new InMemoryStore("/other")), 1);
    try (ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"))) {
      Rig.fill(region, 2);
      assertEquals(
          SnapshotMethod.COMPARED_COPY, region.snapshot(SnapshotRequest.of("copy")).method());
      Rig.fill(region, 3);
      rig.move(region, "other");
      Rig.check(region, 3);
      assertEquals(List.of("copy"), store.names());
    }
    assertThrows(MemoryException.class, () -> rig.provider.open("copy"));
    OpenRequest read = OpenRequest.of("copy").readOnly();
    try (ManagedRegion copy = (ManagedRegion) rig.provider.open(read)) {
      Rig.check(copy, 2);
      rig.move(copy, "files");
    }
  }

  @Test
  void aSnapshotIsOneMomentOfARegionThatMovesBetweenThem(@TempDir Path directory) throws Exception {
    MemoryProvider panama = Rig.panama("panama", directory);
    rig.add(panama, 9);
    rig.add(InMemoryProvider.memory("memory"), 1);
    AtomicBoolean stop = new AtomicBoolean();
    try (ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE))) {
      Thread writer = Thread.ofPlatform().start(() -> count(region, stop));
      try {
        for (int i = 0; i < 6; i++) {
          String name = "cut-" + i;
          region.snapshot(SnapshotRequest.of(name).withTarget(panama));
          try (var cut = panama.open(OpenRequest.of(name).readOnly());
              Access access = cut.acquire()) {
            long first = access.segment().get(JAVA_LONG, 0);
            for (long at = 0; at + 8 <= Rig.SIZE; at += 65_536) {
              assertEquals(first, access.segment().get(JAVA_LONG, at), "at " + at);
            }
          }
          rig.move(region, i % 2 == 0 ? "memory" : "panama");
        }
      } finally {
        stop.set(true);
        writer.join();
      }
    }
  }

  private static void count(ManagedRegion region, AtomicBoolean stop) {
    for (long count = 1; !stop.get(); count++) {
      try (Access access = region.acquire()) {
        for (long at = 0; at + 8 <= Rig.SIZE; at += 65_536) {
          access.segment().set(JAVA_LONG, at, count);
        }
      }
      Thread.onSpinWait();
    }
  }

  @Test
  void aCloseOrAnEvacuationIsNotHeldUp() throws Exception {
    MemoryProvider memory = InMemoryProvider.memory("memory");
    rig.add(memory, 9);
    rig.add(InMemoryProvider.memory("more-memory"), 1);
    ManagedRegion region = rig.filled(4);
    assertGivesWay(
        region,
        () -> {
          rig.regions.leaving(memory);
          return null;
        });
    assertEquals("more-memory", region.managedInfo().backend());
    Rig.check(region, 4);
    assertGivesWay(
        region,
        () -> {
          region.close();
          return null;
        });
  }

  private void assertGivesWay(ManagedRegion region, Callable<Void> urgent) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    SnapshotRequest slow =
        SnapshotRequest.of("copy")
            .withTarget(files)
            .withBytesPerSecond(1 << 20)
            .withProgress((done, total) -> begun.countDown());
    FutureTask<SnapshotResult> snapshot = new FutureTask<>(() -> region.snapshot(slow));
    Thread.ofPlatform().start(snapshot);
    begun.await();
    urgent.call();
    Throwable gaveWay = assertThrows(ExecutionException.class, snapshot::get).getCause();
    assertTrue(String.valueOf(gaveWay.getMessage()).contains("gave way"), gaveWay.toString());
    assertEquals(List.of(), store.names());
    assertEquals(0, files.openRegions());
  }

  @Test
  void aFailureAtTheTargetLeavesNothingAndTheRegionAsItWas() throws Exception {
    rig.add(InMemoryProvider.memory("memory"), 9);
    try (ManagedRegion region = rig.filled(5)) {
      for (String call : List.of("allocate", "load", "force")) {
        files.faults().fail("EIO", call);
        assertThrows(
            MemoryException.class,
            () -> region.snapshot(SnapshotRequest.of("copy").withTarget(files)));
        files.faults().clear();
        assertEquals(List.of(), store.names(), call);
        assertEquals(0, files.openRegions(), call);
      }
      Rig.check(region, 5);
      assertThrows(
          IllegalStateException.class,
          () -> {
            try (Access access = region.acquire()) {
              access.segment().set(JAVA_LONG, 0, 31 * 5);
              region.snapshot(SnapshotRequest.of("copy").withTarget(files));
            }
          });
      region.snapshot(SnapshotRequest.of("copy").withTarget(files));
    }
  }
}
