/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.SnapshotMethod;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.linux.FileSystem;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.SmallFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots of files that are in use. */
class SnapshotTest {
  private static final long MIB = 1L << 20;
  private static final long SIZE = 24 * MIB;

  /** A record: a count, random bytes, and a checksum over both. */
  private static final int RECORD = 512;

  @TempDir Path directory;
  private PanamaProvider provider;

  @BeforeEach
  void start() throws MemoryException {
    provider = in(directory);
  }

  private static PanamaProvider in(Path store) throws MemoryException {
    return new PanamaProvider(PanamaSettings.in(RegionStore.open(store)));
  }

  private static MemoryRegion allocate(
      PanamaProvider on, String name, long byteSize, boolean sparse) throws MemoryException {
    RegionRequest request = RegionRequest.ofSize(byteSize).withName(name);
    return on.allocate(sparse ? request.withReservation(Reservation.SPARSE) : request);
  }

  private static List<String> files(Path store) throws Exception {
    try (Stream<Path> files = Files.list(store)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static void write(MemorySegment segment, long at, long count, SplittableRandom random) {
    byte[] bytes = new byte[RECORD - 16];
    random.nextBytes(bytes);
    segment.set(JAVA_LONG, at, count);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, segment, at + 8, bytes.length);
    segment.set(JAVA_LONG, at + RECORD - 8, checksum(segment, at));
  }

  private static long checksum(MemorySegment segment, long at) {
    CRC32C crc = new CRC32C();
    crc.update(segment.asSlice(at, RECORD - 8).toArray(JAVA_BYTE));
    return crc.getValue();
  }

  /** Of each section there are all records, which have one count, or none. */
  private static void check(MemorySegment segment, long byteSize) {
    long half = byteSize / 2;
    for (long at = 0; at < half; at += RECORD) {
      long count = segment.get(JAVA_LONG, at);
      if (count != 0) {
        assertEquals(checksum(segment, at), segment.get(JAVA_LONG, at + RECORD - 8), "at " + at);
      }
      assertEquals(count, segment.get(JAVA_LONG, half + at), "the other half, at " + at);
      if (count != 0) {
        long other = half + at;
        assertEquals(checksum(segment, other), segment.get(JAVA_LONG, other + RECORD - 8));
      }
    }
  }

  /** Stores each record to both halves in one section. */
  private static Thread writer(MemoryRegion region, long seed, AtomicBoolean stop) {
    return Thread.ofPlatform()
        .start(
            () -> {
              SplittableRandom random = new SplittableRandom(seed);
              long half = SIZE / 2;
              for (long count = 1; !stop.get(); count++) {
                long at = random.nextLong(half / RECORD) * RECORD;
                try (Access access = region.acquire()) {
                  write(access.segment(), at, count, random);
                  write(access.segment(), half + at, count, random);
                }
              }
            });
  }

  private void assertConsistentUnderWriters(
      PanamaProvider on, MemoryRegion region, SnapshotMethod method) throws Exception {
    long seed = Long.getLong("dmalloc.seed", System.nanoTime());
    AtomicBoolean stop = new AtomicBoolean();
    Thread writer = writer(region, seed, stop);
    try {
      for (int i = 0; i < 4; i++) {
        SnapshotResult result = region.snapshot(SnapshotRequest.of("cut-" + i));
        assertEquals(method, result.method(), result + ", seed " + seed);
      }
    } finally {
      stop.set(true);
      writer.join();
    }
    for (int i = 0; i < 4; i++) {
      try (MemoryRegion cut = on.open(OpenRequest.of("cut-" + i).readOnly());
          Access access = cut.acquire()) {
        check(access.segment(), SIZE);
      }
    }
  }

  @Test
  void snapshotsUnderWritersAreConsistent() throws Exception {
    try (MemoryRegion region = allocate(provider, "orders", SIZE, false)) {
      SnapshotMethod method =
          provider.capabilities().contains(Capability.DIRTY_TRACKING)
              ? SnapshotMethod.TRACKED_COPY
              : SnapshotMethod.COMPARED_COPY;
      assertConsistentUnderWriters(provider, region, method);
    }
  }

  @Test
  void pagesOfZerosTakeNoSpace() throws Exception {
    try (MemoryRegion region = allocate(provider, "orders", SIZE, false)) {
      try (Access access = region.acquire()) {
        access.segment().set(JAVA_LONG, SIZE / 2, 7);
      }
      SnapshotResult result = region.snapshot(SnapshotRequest.of("copy"));
      assertEquals(4096, result.copiedBytes(), result.toString());
    }
    try (MemoryRegion copy = provider.open(OpenRequest.of("copy").readOnly());
        Access access = copy.acquire()) {
      assertEquals(7, access.segment().get(JAVA_LONG, SIZE / 2));
      assertEquals(0, access.segment().get(JAVA_LONG, 0));
    }
  }

  @Test
  void growthInPlaceGoesOnAndIsInTheSnapshot() throws Exception {
    try (MemoryRegion region =
        provider.allocate(RegionRequest.ofSize(2 * MIB).withName("grows").withMaximum(8 * MIB))) {
      AtomicBoolean grown = new AtomicBoolean();
      SnapshotRequest request =
          SnapshotRequest.of("copy")
              .withProgress(
                  (done, total) -> {
                    if (!grown.getAndSet(true)) {
                      grow(region, 4 * MIB);
                    }
                  });
      assertEquals(4 * MIB, region.snapshot(request).byteSize());
    }
    try (MemoryRegion copy = provider.open(OpenRequest.of("copy").readOnly());
        Access access = copy.acquire()) {
      assertEquals(9, access.segment().get(JAVA_LONG, 4 * MIB - 8));
    }
  }

  private static void grow(MemoryRegion region, long byteSize) {
    try {
      region.resize(byteSize);
      try (Access access = region.acquire()) {
        access.segment().set(JAVA_LONG, byteSize - 8, 9);
      }
    } catch (MemoryException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aCloseInTheMiddleIsNotHeldUp() throws Exception {
    MemoryRegion region = allocate(provider, "orders", SIZE, false);
    try (Access access = region.acquire()) {
      access.segment().fill((byte) 1);
    }
    CountDownLatch begun = new CountDownLatch(1);
    SnapshotRequest slow =
        SnapshotRequest.of("copy")
            .withBytesPerSecond(MIB)
            .withProgress((done, total) -> begun.countDown());
    FutureTask<SnapshotResult> snapshot = new FutureTask<>(() -> region.snapshot(slow));
    Thread.ofPlatform().start(snapshot);
    begun.await();
    region.close();
    Throwable gaveWay = assertThrows(ExecutionException.class, snapshot::get).getCause();
    assertTrue(
        String.valueOf(gaveWay.getMessage()).matches(".*(gave way|region is closed).*"),
        gaveWay.toString());
    assertEquals(List.of("orders.region"), files(directory));
    assertEquals(0, provider.statistics().openRegions());
  }

  @Test
  void oneSnapshotOfARegionAtATime() throws Exception {
    try (MemoryRegion region = allocate(provider, "orders", SIZE, false)) {
      List<Throwable> refused = new ArrayList<>();
      SnapshotRequest request =
          SnapshotRequest.of("copy")
              .withProgress(
                  (done, total) -> {
                    Thread other =
                        Thread.ofPlatform()
                            .start(
                                () ->
                                    refused.add(
                                        assertThrows(
                                            IllegalStateException.class,
                                            () -> region.snapshot(SnapshotRequest.of("other")))));
                    try {
                      other.join();
                    } catch (InterruptedException e) {
                      throw new IllegalStateException(e);
                    }
                  });
      region.snapshot(request);
      assertFalse(refused.isEmpty());
    }
    assertEquals(List.of("copy.region", "orders.region"), files(directory));
  }

  @Test
  void aStoppedProviderMakesNone() throws Exception {
    try (MemoryRegion region = allocate(provider, "orders", SIZE, false)) {
      provider.stop();
      assertThrows(IllegalStateException.class, () -> region.snapshot(SnapshotRequest.of("copy")));
    }
    assertEquals(List.of("orders.region"), files(directory));
  }

  @Test
  void aProviderThatStopsInTheMiddleDoesNotCutIt() throws Exception {
    try (MemoryRegion region = allocate(provider, "orders", SIZE, false)) {
      try (Access access = region.acquire()) {
        access.segment().set(JAVA_LONG, SIZE - 8, 11);
      }
      region.snapshot(SnapshotRequest.of("copy").withProgress((done, total) -> provider.stop()));
    }
    try (MemoryRegion copy = in(directory).open(OpenRequest.of("copy").readOnly());
        Access access = copy.acquire()) {
      assertEquals(11, access.segment().get(JAVA_LONG, SIZE - 8));
    }
  }

  @Test
  void anotherDirectoryCanHaveIt() throws Exception {
    Path other = Files.createDirectory(directory.resolve("other"));
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(SIZE))) {
      SnapshotResult result = region.snapshot(SnapshotRequest.of("copy").withDirectory(other));
      assertEquals(other.resolve("copy.region"), result.path());
      assertNotNull(provider.stored("copy", other).orElseThrow().snapshot());
    }
  }

  @Test
  void aFullDiskLeavesNothing() throws Exception {
    try (SmallFileSystem disk =
        SmallFileSystem.mount(SmallFileSystem.Kind.EXT4, directory, 20 * MIB)) {
      try (MemoryRegion region = allocate(provider, "orders", SIZE, false)) {
        try (Access access = region.acquire()) {
          access.segment().fill((byte) 5);
        }
        MemoryException full =
            assertThrows(
                MemoryException.class,
                () -> region.snapshot(SnapshotRequest.of("copy").withDirectory(disk.directory())));
        assertTrue(full.getMessage().contains("ENOSPC"), full.getMessage());
        assertEquals(List.of(), files(disk.directory()));
        try (Access access = region.acquire()) {
          access.segment().set(JAVA_LONG, 0, 3);
          assertEquals(5, access.segment().get(JAVA_BYTE, 77));
        }
      }
    }
  }

  @Test
  void xfsSharesTheBlocksOfSparseRegions() throws Exception {
    try (SmallFileSystem disk =
        SmallFileSystem.mount(SmallFileSystem.Kind.XFS, directory, 400 * MIB)) {
      PanamaProvider xfs = in(disk.directory());
      assertEquals("xfs", FileSystem.of(disk.directory()).type());
      try (MemoryRegion region = allocate(xfs, "orders", SIZE, true)) {
        assertConsistentUnderWriters(xfs, region, SnapshotMethod.REFLINK);
        // Later stores go to blocks of their own.
        try (Access access = region.acquire()) {
          access.segment().fill((byte) 1);
        }
      }
      try (MemoryRegion cut = xfs.open(OpenRequest.of("cut-0").readOnly());
          Access access = cut.acquire()) {
        check(access.segment(), SIZE);
        cut.acquire().close();
      }
      try (MemoryRegion cut = xfs.open(OpenRequest.of("cut-0").readOnly())) {
        assertEquals(SnapshotMethod.REFLINK, cut.snapshot(SnapshotRequest.of("again")).method());
      }
    }
  }

  @Test
  void xfsCopiesReservedRegionsWhichAFullDiskDoesNotHarm() throws Exception {
    try (SmallFileSystem disk =
        SmallFileSystem.mount(SmallFileSystem.Kind.XFS, directory, 400 * MIB)) {
      PanamaProvider xfs = in(disk.directory());
      try (MemoryRegion region = allocate(xfs, "orders", SIZE, false);
          MemoryRegion part = allocate(xfs, "part", SIZE, true)) {
        part.reserve(0, MIB);
        for (MemoryRegion each : List.of(region, part)) {
          try (Access access = each.acquire()) {
            access.segment().asSlice(0, MIB).fill((byte) 5);
          }
          each.force();
          SnapshotResult result = each.snapshot(SnapshotRequest.of("of-" + each.info().name()));
          assertFalse(result.method() == SnapshotMethod.REFLINK, result.toString());
        }
        disk.takeAll();
        for (MemoryRegion each : List.of(region, part)) {
          try (Access access = each.acquire()) {
            access.segment().asSlice(0, MIB).fill((byte) 6); // a SIGBUS if it were shared
          }
          each.force();
        }
      }
    }
  }
}
