/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.ManyRegions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Regions that share files and mappings. */
@Timeout(600)
final class SmallRegionsTest {
  private static final long PAGE = Platform.pageSize();

  @TempDir Path directory;
  private PanamaProvider provider;

  @BeforeEach
  void start() throws MemoryException {
    provider = new PanamaProvider(PanamaSettings.in(RegionStore.open(directory)));
  }

  @AfterEach
  void stop() {
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

  private static boolean isShared(MemoryRegion region) {
    return region.info().backing().endsWith("shared by small regions");
  }

  @Test
  void aHundredThousandStayWithinTheDefaultLimits() throws Exception {
    ManyRegions.Taken taken = ManyRegions.use(provider, 100_000, (int) PAGE);
    assertTrue(taken.mappings() < 1000, taken + ": vm.max_map_count is 65530");
    assertTrue(taken.descriptors() < 100, taken + ": RLIMIT_NOFILE is 1024");
  }

  @Test
  void anotherSizeIsAFileOfItsOwn() throws MemoryException {
    try (MemoryRegion before = filled(PAGE, 1);
        MemoryRegion region = filled(PAGE + 1, 2);
        MemoryRegion after = filled(PAGE, 3)) {
      region.advise(Advice.RANDOM, 0, PAGE);
      region.resize(5 * PAGE);
      assertHolds(2, PAGE + 1, region);
      try (Access access = region.acquire()) {
        assertEquals(0, access.segment().get(JAVA_BYTE, PAGE + 1));
        assertEquals(0, access.segment().get(JAVA_BYTE, 5 * PAGE - 1));
        access.segment().fill((byte) 4);
      }
      assertEquals(AccessPattern.RANDOM, region.advised().getFirst().pattern());
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
  void whatNeedsAMappingAsAWholeGetsOne() throws MemoryException {
    RegionRequest small = RegionRequest.ofSize(PAGE);
    try (MemoryRegion region = provider.allocate(small)) {
      assertTrue(isShared(region), region.info().backing());
    }
    for (RegionRequest request :
        List.of(
            small.withName("named"),
            small.withMaximum(2 * PAGE),
            small.withPattern(AccessPattern.RANDOM),
            small.withResidentBudget(PAGE),
            small.withDirectory(directory),
            small.prefaulted(),
            small.withByteSize(1 << 20))) {
      try (MemoryRegion region = provider.allocate(request)) {
        assertFalse(isShared(region), request.toString());
      }
    }
  }

  @Test
  void aFailedWriteIsToldToAllThatShareTheFile() throws MemoryException {
    SmallRegions regions = new SmallRegions();
    SlotFile one = slot(regions);
    SlotFile other = slot(regions);
    MemoryException failure = MemoryException.of("force", 1, "file", "EIO (5)", "mend it");
    assertThrows(
        MemoryException.class,
        () ->
            one.watch(
                "force",
                () -> {
                  throw failure;
                }));
    one.watch("force", () -> {});
    String message =
        String.valueOf(
            assertThrows(MemoryException.class, () -> other.watch("force", () -> {})).getMessage());
    assertTrue(message.contains("which small regions share, could not be written"), message);
    other.watch("force", () -> {});
    slot(regions).watch("force", () -> {});
  }

  private SlotFile slot(SmallRegions regions) throws MemoryException {
    SlotFile slot = regions.take(directory, PAGE, Reservation.RESERVED, ProgressListener.NONE);
    if (slot == null) {
      throw new AssertionError("no slot in " + directory);
    }
    return slot;
  }

  @Test
  void aSlotsSpaceIsReserved() throws MemoryException {
    SlotFile slot = slot(new SmallRegions());
    OpenFile file = slot.descriptor();
    assertEquals(PAGE, file.facts().allocatedBytes());
    slot.map(PAGE).close();
    assertEquals(0, file.facts().allocatedBytes());
  }
}
