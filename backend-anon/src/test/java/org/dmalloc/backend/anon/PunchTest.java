/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.Platform;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What punching does to memory, beyond the contract. */
@Timeout(60)
class PunchTest {
  private static final long MIB = 1L << 20;
  private static final long SIZE = 16 * MIB + 1;

  private static MemoryRegion filled(MemorySource source, RegionRequest request)
      throws MemoryException {
    MemoryRegion region = SourceFixture.start(source).allocate(request);
    region.segment().fill((byte) 7);
    return region;
  }

  private static MemoryRegion filled(MemorySource source) throws MemoryException {
    return filled(source, RegionRequest.ofSize(SIZE));
  }

  /** The last page of a region goes as a whole, but not with what it has grown by meanwhile. */
  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void whatARegionGrowsByIsNotPunchedWithItsOldEnd(MemorySource source) throws Exception {
    long punched = 50;
    long kept = 47;
    int steps = 2000;
    RegionRequest request = RegionRequest.ofSize(4096 + 100).withMaximum(MIB);
    try (MemoryRegion region = SourceFixture.start(source).allocate(request)) {
      AtomicBoolean grows = new AtomicBoolean(true);
      try (ExecutorService other = Executors.newSingleThreadExecutor()) {
        Future<Long> punches =
            other.submit(
                () -> {
                  long done = 0;
                  while (grows.get()) {
                    region.punch(region.byteSize() - punched, punched, Punch.KEEP_RESERVED);
                    done++;
                  }
                  return done;
                });
        try {
          for (int i = 0; i < steps; i++) {
            long end = region.byteSize();
            region.resize(end + kept + punched);
            try (Access access = region.acquire()) {
              access.segment().asSlice(end, kept).fill((byte) 9);
            }
          }
        } finally {
          grows.set(false);
        }
        assertTrue(punches.get() > 0);
      }
      MemorySegment all = region.segment();
      for (long end = 4096 + 100; end < all.byteSize(); end += kept + punched) {
        for (long at = end; at < end + kept; at++) {
          assertEquals(9, all.get(JAVA_BYTE, at), "byte " + at + " behind the end " + end);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void memoryIsGivenBackAndTakenAgain(MemorySource source) throws Exception {
    for (Punch space : Punch.values()) {
      try (MemoryRegion region = filled(source)) {
        region.punch(0, 8 * MIB, space);
        assertEquals(0, region.residency(0, 8 * MIB).residentBytes(), "of " + space);
        assertEquals(8 * MIB, region.residency(8 * MIB, 8 * MIB).residentBytes());
        assertSame(Reservation.RESERVED, region.info().reservation(), "memory was never taken");
        region.reserve(2 * MIB, 4 * MIB);
        assertEquals(4 * MIB, region.residency(0, 8 * MIB).residentBytes());
        assertEquals(0, region.segment().get(JAVA_BYTE, 3 * MIB));
        assertEquals(7, region.segment().get(JAVA_BYTE, 8 * MIB));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void partsOfHugePagesAreEmptied(MemorySource source) throws Exception {
    RegionRequest huge = RegionRequest.ofSize(SIZE).withPageSize(PageSize.HUGE);
    try (MemoryRegion region = filled(source, huge)) {
      long page = Platform.pageSize();
      region.punch(2 * MIB + 3 * page, 2 * MIB, Punch.RELEASE);
      MemorySegment segment = region.segment();
      assertEquals(7, segment.get(JAVA_BYTE, 2 * MIB + 3 * page - 1));
      assertEquals(0, segment.get(JAVA_BYTE, 2 * MIB + 3 * page));
      assertEquals(0, segment.get(JAVA_BYTE, 4 * MIB + 3 * page - 1));
      assertEquals(7, segment.get(JAVA_BYTE, 4 * MIB + 3 * page));
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void lockedPagesAreGivenBackAndComeInLocked(MemorySource source) throws Exception {
    assumeTrue(Platform.lockLimitBytes() >= 4 * MIB, "RLIMIT_MEMLOCK is too small");
    try (MemoryRegion region = filled(source, RegionRequest.ofSize(2 * MIB))) {
      region.apply(SwapPolicy.NEVER);
      region.punch(0, MIB, Punch.RELEASE);
      assertEquals(0, region.residency(0, MIB).residentBytes());
      region.segment().asSlice(0, MIB / 2).fill((byte) 1);
      assertEquals(MIB / 2, region.residency(0, MIB).residentBytes());
      assertTrue(region.info().locked());
      assertThrows(IllegalStateException.class, () -> region.release(0, MIB));
      region.apply(SwapPolicy.KERNEL);
      region.release(0, MIB);
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void whoTracksWritesIsToldOfAHole(MemorySource source) throws Exception {
    assumeTrue(Mapping.tracksWrites(), "no userfaultfd here");
    try (MemoryRegion region = filled(source);
        DirtyTracking tracking = ((BackingRegion) region).trackDirty()) {
      List<String> told = new ArrayList<>();
      region.punch(MIB + 1, MIB, Punch.KEEP_RESERVED);
      tracking.collect((offset, length) -> told.add(offset + " " + length));
      assertEquals(List.of(MIB + " " + (MIB + Platform.pageSize())), told);
      told.clear();
      region.segment().set(JAVA_BYTE, MIB + MIB / 2, (byte) 1);
      tracking.collectLast((offset, length) -> told.add(offset + " " + length));
      assertTrue(
          told.contains(MIB + MIB / 2 + " " + Platform.pageSize()), "a store into it: " + told);
    }
  }
}
