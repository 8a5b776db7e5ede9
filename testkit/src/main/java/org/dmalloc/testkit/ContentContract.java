/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.junit.jupiter.api.Test;

/** Bytes: zero at first, then what was stored, at every size and at its own address. */
public abstract class ContentContract extends ContractTheme {
  @Test
  void freshMemoryIsZero() throws Exception {
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region = allocate((1 << 20) + 123, sharing)) {
        Pattern.checkZero(region);
      }
    }
  }

  @Test
  void memoryUsedBeforeIsZeroAgain() throws Exception {
    for (int round = 0; round < 20; round++) {
      try (MemoryRegion region = allocate(16 * PAGE)) {
        Pattern.checkZero(region);
        Pattern.write(region, ~round);
      }
    }
  }

  @Test
  void everyByteHoldsWhatWasStored() throws Exception {
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region = allocate((4 << 20) + 7, sharing)) {
        Pattern.writeAndCheck(region, 11);
        Pattern.writeAndCheck(region, 12);
      }
    }
  }

  @Test
  void regionsDoNotOverlap() throws Exception {
    List<MemoryRegion> regions = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      regions.add(allocate(i * 1000L + 1));
      Pattern.write(regions.getLast(), i);
    }
    for (int i = 0; i < 32; i++) {
      Pattern.check(regions.get(i), i);
      regions.get(i).close();
    }
  }

  /** They may share files and mappings, and sizes that are rounded up. */
  @Test
  void smallRegionsHaveNothingOfTheirNeighbours() throws Exception {
    for (int byteSize : new int[] {1, 100, (int) PAGE, (int) PAGE + 1, 16 * (int) PAGE}) {
      List<MemoryRegion> regions = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        regions.add(fresh(byteSize, i));
      }
      for (int i = 1; i < 24; i += 2) {
        regions.get(i).close();
        checkAll(regions);
      }
      for (int i = 1; i < 24; i += 2) {
        regions.set(i, fresh(byteSize, i));
      }
      if (declares(Capability.PUNCH)) {
        regions.get(7).punch(0, byteSize, Punch.KEEP_RESERVED);
        Pattern.checkZero(regions.get(7));
        Pattern.write(regions.get(7), 7);
      }
      if (declares(Capability.RESIZE)) {
        regions.get(9).resize(20 * PAGE);
        Pattern.write(regions.get(9), 9);
      }
      for (int i = 0; i < 24; i++) {
        checkAll(regions);
        regions.get(i).close();
      }
    }
  }

  private MemoryRegion fresh(long byteSize, int number) throws MemoryException {
    MemoryRegion region = allocate(byteSize);
    Pattern.checkZero(region);
    Pattern.write(region, number);
    return region;
  }

  private static void checkAll(List<MemoryRegion> regions) {
    for (int i = 0; i < regions.size(); i++) {
      if (regions.get(i).info().open()) {
        Pattern.check(regions.get(i), i);
      }
    }
  }

  @Test
  void segmentIsExactlyAsLargeAsAsked() throws Exception {
    for (long byteSize : new long[] {1, 7, PAGE - 1, PAGE, PAGE + 1, (3 << 20) - 1}) {
      try (MemoryRegion region = allocate(byteSize)) {
        try (Access access = region.acquire()) {
          MemorySegment segment = access.segment();
          assertEquals(byteSize, segment.byteSize());
          assertFalse(segment.isReadOnly());
          assertThrows(
              IndexOutOfBoundsException.class, () -> segment.set(JAVA_BYTE, byteSize, (byte) 1));
          assertThrows(IndexOutOfBoundsException.class, () -> segment.get(JAVA_BYTE, -1));
        }
        Pattern.writeAndCheck(region, byteSize);
        assertEquals(byteSize, region.segment().byteSize());
      }
    }
  }

  @Test
  void regionsBeyondTwoGibibytesWork() throws Exception {
    long byteSize = (1L << 31) + 3 * PAGE + 5;
    RegionRequest request = RegionRequest.ofSize(byteSize);
    if (declares(Capability.SPARSE)) {
      request = request.withReservation(Reservation.SPARSE);
    }
    long[] places = {0, PAGE - 4, (1L << 31) - 8, 1L << 31, (1L << 31) + PAGE - 4, byteSize - 8};
    try (MemoryRegion region = provider().allocate(request);
        Access access = region.acquire()) {
      assertEquals(byteSize, region.byteSize());
      MemorySegment segment = access.segment();
      assertEquals(byteSize, segment.byteSize());
      for (long place : places) {
        Pattern.checkZero(segment, place, place + 8);
        segment.set(JAVA_LONG.withByteAlignment(1), place, ~place);
      }
      for (long place : places) {
        assertEquals(~place, segment.get(JAVA_LONG.withByteAlignment(1), place));
      }
    }
  }

  @Test
  void regionsBeginAtAPage() throws Exception {
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region = allocate(PAGE + 1, sharing);
          Access access = region.acquire()) {
        assertEquals(0, access.segment().address() % PAGE, "offset of the region in its page");
      }
    }
  }

  @Test
  void hugeRegionsBeginAtAHugePage() throws Exception {
    assumeDeclared(Capability.HUGE_PAGES);
    RegionRequest request = RegionRequest.ofSize(2 * HUGE_PAGE).withPageSize(PageSize.HUGE);
    try (MemoryRegion region = provider().allocate(request)) {
      assertEquals(PageSize.HUGE, region.info().pageSize());
      try (Access access = region.acquire()) {
        assertEquals(0, access.segment().address() % HUGE_PAGE, "offset in its huge page");
      }
      Pattern.checkZero(region);
      Pattern.writeAndCheck(region, 3);
    }
  }

  @Test
  void prefaultedRegionsAreZeroAndWork() throws Exception {
    assumeDeclared(Capability.PREFAULT);
    try (MemoryRegion region =
        provider().allocate(RegionRequest.ofSize((1 << 20) + 1).prefaulted())) {
      Pattern.checkZero(region);
      Pattern.writeAndCheck(region, 13);
    }
  }

  @Test
  void sparseRegionsAreZeroAndWork() throws Exception {
    assumeDeclared(Capability.SPARSE);
    RegionRequest request = RegionRequest.ofSize((1 << 20) + 1).withReservation(Reservation.SPARSE);
    try (MemoryRegion region = provider().allocate(request)) {
      assertEquals(Reservation.SPARSE, region.info().reservation());
      Pattern.checkZero(region);
      Pattern.writeAndCheck(region, 14);
    }
  }

  @Test
  void randomStoresMatchAnArray() throws Exception {
    SplittableRandom random = Pattern.random("randomStoresMatchAnArray");
    int byteSize = 1 + random.nextInt(1 << 18);
    byte[] model = new byte[byteSize];
    try (MemoryRegion region = allocate(byteSize)) {
      for (int step = 0; step < 2_000; step++) {
        int from = random.nextInt(byteSize);
        int length = random.nextInt(Math.min(byteSize - from, 5_000) + 1);
        try (Access access = region.acquire()) {
          MemorySegment part = access.segment().asSlice(from, length);
          switch (random.nextInt(3)) {
            case 0 -> {
              byte value = (byte) random.nextInt();
              part.fill(value);
              Arrays.fill(model, from, from + length, value);
            }
            case 1 -> {
              byte[] bytes = new byte[length];
              random.nextBytes(bytes);
              MemorySegment.copy(bytes, 0, part, JAVA_BYTE, 0, length);
              System.arraycopy(bytes, 0, model, from, length);
            }
            default ->
                assertArrayEquals(
                    Arrays.copyOfRange(model, from, from + length), part.toArray(JAVA_BYTE));
          }
        }
      }
      try (Access access = region.acquire()) {
        assertArrayEquals(model, access.segment().toArray(JAVA_BYTE));
      }
    }
  }
}
