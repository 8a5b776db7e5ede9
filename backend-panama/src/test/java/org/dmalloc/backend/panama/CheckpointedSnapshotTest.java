/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.SnapshotMethod;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.SmallFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots of checkpointed regions: what they are now, and not what their files have. */
class CheckpointedSnapshotTest {
  private static final long MIB = 1L << 20;
  private static final long SIZE = 12 * MIB + 104;
  private static final long STEP = 40 * 4096;
  private static final CheckpointOptions DISCARDING = CheckpointOptions.DEFAULT.withOnClose(false);

  @TempDir Path directory;
  private PanamaProvider provider;

  @BeforeEach
  void start() throws MemoryException {
    provider = in(directory);
  }

  private static PanamaProvider in(Path store) throws MemoryException {
    return new PanamaProvider(PanamaSettings.in(RegionStore.open(store)));
  }

  private static RegionRequest request(String name, CheckpointOptions options) {
    return RegionRequest.ofSize(SIZE).withName(name).withMaximum(4 * SIZE).checkpointed(options);
  }

  private static void fill(MemoryRegion region, long from, long to, long seed) {
    try (Access access = region.acquire()) {
      for (long at = from; at + 8 <= to; at += 8) {
        access.segment().set(JAVA_LONG, at, seed + at);
      }
    }
  }

  private static void check(MemorySegment segment, long from, long to, long seed) {
    for (long at = from; at + 8 <= to; at += 8) {
      if (segment.get(JAVA_LONG, at) != seed + at) {
        assertEquals(seed + at, segment.get(JAVA_LONG, at), "at " + at);
      }
    }
  }

  private static void check(MemoryRegion region, long from, long to, long seed) {
    try (Access access = region.acquire()) {
      check(access.segment(), from, to, seed);
    }
  }

  private void checkStored(PanamaProvider on, String name, long from, long to, long seed)
      throws MemoryException {
    try (MemoryRegion cut = on.open(OpenRequest.of(name).readOnly())) {
      check(cut, from, to, seed);
    }
  }

  private static List<String> files(Path store) throws Exception {
    try (Stream<Path> files = Files.list(store)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void hasWhatNoCheckpointHas() throws Exception {
    try (MemoryRegion region = provider.allocate(request("orders", DISCARDING))) {
      fill(region, 0, SIZE, 1);
      region.setLength(1000);
      long number = region.checkpoint();
      fill(region, MIB, 2 * MIB, 2);
      region.resize(SIZE + 2 * MIB);
      fill(region, SIZE, SIZE + MIB, 3);
      region.setLength(2000);
      SnapshotResult result = region.snapshot(SnapshotRequest.of("cut"));
      assertEquals(SnapshotMethod.CHECKPOINT_COPY, result.method());
      assertEquals("checkpoint copy", result.methodInAWord());
      assertEquals(SIZE + 2 * MIB, result.byteSize());
      assertTrue(result.copiedBytes() >= SIZE, result.toString());
      assertEquals(number, region.checkpoints().status().number(), "it makes none");
      fill(region, 0, SIZE, 4);
      region.discard();
      check(region, 0, SIZE, 1);
    }
    try (MemoryRegion cut = provider.open(OpenRequest.of("cut").readOnly())) {
      assertEquals(SIZE + 2 * MIB, cut.byteSize());
      assertEquals(2000, cut.length());
      check(cut, 0, MIB, 1);
      check(cut, MIB, 2 * MIB, 2);
      check(cut, 2 * MIB, SIZE, 1);
      check(cut, SIZE, SIZE + MIB, 3);
      try (Access access = cut.acquire()) {
        assertEquals(0, access.segment().get(JAVA_LONG, SIZE + MIB + 8));
      }
    }
    assertEquals("orders", snapshotOf("cut"));
  }

  private String snapshotOf(String name) throws MemoryException {
    SnapshotOrigin origin = provider.stored(name, null).orElseThrow().snapshot();
    return String.valueOf(Objects.requireNonNull(origin).region());
  }

  @Test
  void isOneMomentBesideWritersAndCheckpoints() throws Exception {
    try (MemoryRegion region = provider.allocate(request("orders", DISCARDING));
        ExecutorService threads = Executors.newCachedThreadPool()) {
      AtomicBoolean stop = new AtomicBoolean();
      AtomicLong stored = new AtomicLong();
      Future<?> writer = threads.submit(() -> storeCounts(region, stored, stop));
      Future<Long> checkpoints =
          threads.submit(
              () -> {
                long last = 0;
                while (!stop.get()) {
                  last = region.checkpoint();
                }
                return last;
              });
      try {
        for (int cut = 0; cut < 5; cut++) {
          long least = stored.get();
          region.snapshot(SnapshotRequest.of("cut-" + cut));
          long most = stored.get() + 1;
          try (MemoryRegion made = provider.open(OpenRequest.of("cut-" + cut).readOnly());
              Access access = made.acquire()) {
            long count = access.segment().get(JAVA_LONG, 0);
            assertTrue(count >= least && count <= most, count + " of " + least + " to " + most);
            for (long at = 0; at < SIZE - 8; at += STEP) {
              assertEquals(count, access.segment().get(JAVA_LONG, at), "at " + at);
            }
          }
        }
      } finally {
        stop.set(true);
      }
      writer.get(60, TimeUnit.SECONDS);
      assertTrue(checkpoints.get(60, TimeUnit.SECONDS) > 5, "checkpoints go on meanwhile");
    }
  }

  /** Each section stores one count to many places. */
  private static void storeCounts(MemoryRegion region, AtomicLong stored, AtomicBoolean stop) {
    while (!stop.get()) {
      long count = stored.get() + 1;
      try (Access access = region.acquire()) {
        for (long at = 0; at < SIZE - 8; at += STEP) {
          access.segment().set(JAVA_LONG, at, count);
        }
      }
      stored.set(count);
    }
  }

  @Test
  void followsARegionThatIsCutAndGrowsMeanwhile() throws Exception {
    try (MemoryRegion region = provider.allocate(request("orders", DISCARDING))) {
      fill(region, 0, SIZE, 1);
      region.checkpoint();
      AtomicBoolean changed = new AtomicBoolean();
      SnapshotRequest cut =
          SnapshotRequest.of("cut")
              .withProgress(
                  (done, total) -> {
                    if (done > 4 * MIB && !changed.getAndSet(true)) {
                      resize(region, 3 * MIB);
                      resize(region, 2 * SIZE);
                      fill(region, MIB, 2 * MIB, 5);
                    }
                  });
      SnapshotResult result = region.snapshot(cut);
      assertTrue(changed.get());
      assertEquals(2 * SIZE, result.byteSize());
    }
    try (MemoryRegion cut = provider.open(OpenRequest.of("cut").readOnly());
        Access access = cut.acquire()) {
      check(access.segment(), 0, MIB, 1);
      check(access.segment(), MIB, 2 * MIB, 5);
      check(access.segment(), 2 * MIB, 3 * MIB, 1);
      MemorySegment added = access.segment().asSlice(3 * MIB);
      assertEquals(-1, added.mismatch(MemorySegment.ofArray(new byte[(int) added.byteSize()])));
    }
  }

  private static void resize(MemoryRegion region, long byteSize) {
    try {
      region.resize(byteSize);
    } catch (MemoryException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void leavesNothingWhereTheRegionIsClosedOrItsListenerThrows() throws Exception {
    MemoryRegion region = provider.allocate(request("orders", DISCARDING));
    fill(region, 0, SIZE, 1);
    region.checkpoint();
    List<String> before = files(directory);
    SnapshotRequest throwing =
        SnapshotRequest.of("cut")
            .withProgress(
                (done, total) -> {
                  throw new IllegalArgumentException("enough");
                });
    assertThrows(MemoryException.class, () -> region.snapshot(throwing));
    try (Access access = region.acquire()) {
      assertEquals(1, access.segment().get(JAVA_LONG, 0));
      assertThrows(IllegalStateException.class, () -> region.snapshot(SnapshotRequest.of("cut")));
    }
    assertEquals(before, files(directory));
    SnapshotRequest closing =
        SnapshotRequest.of("cut").withProgress((done, total) -> region.close());
    assertThrows(MemoryException.class, () -> region.snapshot(closing));
    assertEquals(before, files(directory));
    checkStored(provider, "orders", 0, SIZE, 1);
    assertNull(provider.stored("cut", null).orElse(null));
  }

  @Test
  void xfsSharesTheBlocksThatTheLastCheckpointHas() throws Exception {
    try (SmallFileSystem disk =
        SmallFileSystem.mount(SmallFileSystem.Kind.XFS, directory, 400 * MIB)) {
      PanamaProvider xfs = in(disk.directory());
      try (MemoryRegion region =
          xfs.allocate(
              request("orders", CheckpointOptions.DEFAULT).withReservation(Reservation.SPARSE))) {
        fill(region, 0, SIZE, 1);
        region.checkpoint();
        fill(region, MIB, 2 * MIB, 2);
        SnapshotResult result = region.snapshot(SnapshotRequest.of("cut"));
        assertEquals(SnapshotMethod.REFLINK, result.method());
        assertTrue(result.copiedBytes() >= MIB, result.toString());
        assertTrue(result.copiedBytes() < 2 * MIB, result.toString());
        fill(region, 0, SIZE, 3);
        region.checkpoint();
        region.checkpoints().awaitApplied();
        fill(region, 0, SIZE, 4);
      }
      checkStored(xfs, "cut", 0, MIB, 1);
      checkStored(xfs, "cut", MIB, 2 * MIB, 2);
      checkStored(xfs, "cut", 2 * MIB, SIZE, 1);
      checkStored(xfs, "orders", 0, SIZE, 4);
      try (MemoryRegion reserved = xfs.allocate(request("reserved", DISCARDING))) {
        fill(reserved, 0, SIZE, 7);
        assertEquals(
            SnapshotMethod.CHECKPOINT_COPY,
            reserved.snapshot(SnapshotRequest.of("copied")).method());
      }
      checkStored(xfs, "copied", 0, SIZE, 7);
    }
  }
}
