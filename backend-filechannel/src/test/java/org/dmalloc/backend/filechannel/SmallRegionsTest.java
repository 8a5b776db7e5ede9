/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.spi.machine.MemoryCheck;
import org.dmalloc.spi.region.RegionQuotas;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.ManyRegions;
import org.dmalloc.testkit.SmallFileSystem;
import org.dmalloc.testkit.SmallFileSystem.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Regions that share files. */
@Timeout(600)
final class SmallRegionsTest {
  private static final int PAGE = 4096;

  @TempDir Path directory;
  private FileChannelProvider provider;

  @BeforeEach
  void start() throws MemoryException {
    provider = in(directory);
  }

  static FileChannelProvider in(Path directory) throws MemoryException {
    return new FileChannelProvider(
        new FileChannelSettings(
            "filechannel",
            RegionStore.open(directory),
            RegionQuotas.NONE,
            Sharing.SHARED,
            Duration.ofSeconds(10),
            MemoryCheck.REFUSE));
  }

  @AfterEach
  void stop() {
    Thread.interrupted();
    provider.stop();
  }

  private MemoryRegion filled(long byteSize, int value) throws MemoryException {
    MemoryRegion region = provider.allocate(RegionRequest.ofSize(byteSize));
    try (Access access = region.acquire()) {
      access.segment().fill((byte) value);
    }
    return region;
  }

  private static void assertHolds(int value, long byteSize, MemoryRegion region) {
    MemorySegment expected = MemorySegment.ofArray(new byte[(int) byteSize]).fill((byte) value);
    try (Access access = region.acquire()) {
      assertEquals(-1, access.segment().asSlice(0, byteSize).mismatch(expected));
    }
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }

  /** Closing them in random order splits mappings; those are at most half as many as regions. */
  @Test
  void aHundredThousandStayWithinTheDefaultLimits() throws Exception {
    ManyRegions.Taken taken = ManyRegions.use(provider, 100_000, PAGE);
    assertTrue(taken.mappings() < 10_000, taken + ": vm.max_map_count is 65530");
    assertTrue(taken.descriptors() < 110, taken + ": RLIMIT_NOFILE is 1024");
  }

  @Test
  void aSegmentEndsWithItsRegionAndNoOther() throws MemoryException {
    try (MemoryRegion before = filled(PAGE, 1);
        MemoryRegion after = filled(PAGE, 3)) {
      MemoryRegion region = filled(PAGE, 2);
      MemorySegment raw = region.segment();
      region.close();
      assertThrows(IllegalStateException.class, () -> raw.get(JAVA_BYTE, 0));
      try (MemoryRegion next = provider.allocate(RegionRequest.ofSize(PAGE))) {
        assertThrows(IllegalStateException.class, () -> raw.set(JAVA_BYTE, 0, (byte) 9));
        assertHolds(0, PAGE, next);
      }
      assertEquals(PAGE, before.segment().byteSize());
      assertHolds(1, PAGE, before);
      assertHolds(3, PAGE, after);
    }
  }

  @Test
  void anotherSizeIsAFileOfItsOwnAlsoOnAnInterruptedThread() throws MemoryException {
    try (MemoryRegion before = filled(PAGE, 1);
        MemoryRegion region = filled(PAGE + 1, 2);
        MemoryRegion after = filled(PAGE, 3)) {
      Thread.currentThread().interrupt();
      region.resize(5 * PAGE);
      assertTrue(Thread.interrupted());
      assertHolds(2, PAGE + 1, region);
      try (Access access = region.acquire()) {
        assertEquals(0, access.segment().get(JAVA_BYTE, PAGE + 1));
        assertEquals(0, access.segment().get(JAVA_BYTE, 5 * PAGE - 1));
        access.segment().fill((byte) 4);
      }
      region.force();
      region.resize(10);
      assertHolds(4, 10, region);
      region.resize(1 << 20);
      try (MemoryRegion next = provider.allocate(RegionRequest.ofSize(PAGE + 1))) {
        assertHolds(0, PAGE + 1, next);
      }
      assertHolds(1, PAGE, before);
      assertHolds(3, PAGE, after);
    }
  }

  @Test
  void whatNeedsAFileAsAWholeGetsOne() throws Exception {
    RegionRequest small = RegionRequest.ofSize(PAGE);
    try (MemoryRegion first = provider.allocate(small)) {
      long before = descriptors();
      provider.allocate(small).close();
      List<MemoryRegion> regions = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        regions.add(provider.allocate(small));
      }
      assertEquals(before, descriptors(), "shared");
      for (RegionRequest request :
          List.of(
              small.withName("named"),
              small.withMaximum(2 * PAGE),
              small.withReservation(Reservation.SPARSE),
              small.withDirectory(directory),
              small.prefaulted(),
              small.withByteSize(65537))) {
        regions.add(provider.allocate(request));
        assertEquals(++before, descriptors(), request.toString());
      }
      regions.forEach(MemoryRegion::close);
      assertTrue(first.info().open());
    }
  }

  /** What regions take is had, or the allocation is refused; files that nobody uses are gone. */
  @Test
  void spaceIsTakenAtAllocationAndGoesWithTheLastRegionOfAFile() throws Exception {
    try (SmallFileSystem disk = SmallFileSystem.mount(Kind.EXT4, directory, 64 << 20)) {
      FileChannelProvider there = in(disk.directory());
      List<MemoryRegion> regions = new ArrayList<>();
      MemoryRegion holder = there.allocate(RegionRequest.ofSize(65536));
      long free = disk.availableBytes();
      MemoryException full =
          assertThrows(
              MemoryException.class,
              () -> {
                while (true) {
                  regions.add(there.allocate(RegionRequest.ofSize(65536)));
                }
              });
      assertEquals(28, full.errno(), full.getMessage());
      assertTrue(regions.size() > free / 65536 - 64, regions.size() + " of " + free);
      for (MemoryRegion region : regions) {
        region.segment().fill((byte) 1); // no signal
        region.force();
      }
      regions.forEach(MemoryRegion::close);
      holder.close();
      there.allocate(RegionRequest.ofSize(free - (8 << 20))).close();
      there.stop();
    }
  }
}
