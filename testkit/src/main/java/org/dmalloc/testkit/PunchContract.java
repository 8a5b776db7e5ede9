/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.junit.jupiter.api.Test;

/** A punched range is zero, and nothing else changes; its space can be had again. */
public abstract class PunchContract extends ContractTheme {
  private static final int PAGES = 40;
  private static final int SIZE = PAGES * (int) PAGE + 100;

  @Test
  void aPunchedRangeIsZeroAndTheRestStays() throws Exception {
    assumeDeclared(Capability.PUNCH);
    SplittableRandom random = Pattern.random("punch");
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region = allocate(SIZE, sharing)) {
        for (Punch space : Punch.values()) {
          byte[] expected = fill(region, random);
          punch(region, 0, 0, space, expected);
          punch(region, SIZE, 0, space, expected);
          punch(region, 3 * PAGE, 2 * PAGE, space, expected);
          punch(region, 6 * PAGE + 1, PAGE - 2, space, expected); // inside a page
          punch(region, 8 * PAGE - 1, 2, space, expected); // of two pages, and neither whole
          punch(region, 9 * PAGE - 7, PAGE + 20, space, expected);
          punch(region, SIZE - 1, 1, space, expected);
          punch(region, 38 * PAGE + 5, SIZE - (38 * PAGE + 5), space, expected);
          for (int i = 0; i < 20; i++) {
            long offset = random.nextLong(SIZE);
            punch(region, offset, random.nextLong(SIZE - offset + 1), space, expected);
          }
          fill(region, random);
          punch(region, 0, SIZE, space, new byte[SIZE]);
        }
      }
    }
  }

  private static byte[] fill(MemoryRegion region, SplittableRandom random) {
    byte[] content = new byte[SIZE];
    random.nextBytes(content);
    try (Access access = region.acquire()) {
      MemorySegment.copy(content, 0, access.segment(), JAVA_BYTE, 0, SIZE);
    }
    return content;
  }

  private static void punch(
      MemoryRegion region, long offset, long length, Punch space, byte[] expected)
      throws MemoryException {
    region.punch(offset, length, space);
    Arrays.fill(expected, (int) offset, (int) (offset + length), (byte) 0);
    assertHolds(expected, region, "punch of " + length + " bytes at " + offset);
  }

  private static void assertHolds(byte[] expected, MemoryRegion region, String after) {
    try (Access access = region.acquire()) {
      long at = access.segment().mismatch(MemorySegment.ofArray(expected));
      assertEquals(-1, at, "the first wrong byte after " + after);
    }
  }

  @Test
  void segmentsStayValidAndTakeStoresAgain() throws Exception {
    assumeDeclared(Capability.PUNCH);
    for (Punch space : Punch.values()) {
      try (MemoryRegion region = allocate(SIZE)) {
        MemorySegment segment = region.segment();
        Pattern.write(segment, 1);
        region.punch(0, SIZE, space);
        Pattern.checkZero(segment, 0, SIZE);
        Pattern.write(segment, 2);
        Pattern.check(segment, 2);
        Pattern.check(region, 2);
      }
    }
  }

  @Test
  void reserveKeepsContent() throws Exception {
    assumeDeclared(Capability.PUNCH);
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region = allocate(SIZE, sharing)) {
        Pattern.write(region, 3);
        region.reserve(0, SIZE);
        region.reserve(5, 0);
        region.reserve(PAGE + 1, 10 * PAGE);
        Pattern.check(region, 3);
        region.punch(0, SIZE, Punch.RELEASE);
        region.reserve(0, SIZE);
        Pattern.checkZero(region);
        Pattern.writeAndCheck(region, 4);
      }
    }
  }

  @Test
  void whatIsReservedIsTold() throws Exception {
    assumeDeclared(Capability.PUNCH);
    try (MemoryRegion region = allocate(SIZE)) {
      assertSame(Reservation.RESERVED, region.info().reservation());
      region.punch(0, 4 * PAGE, Punch.KEEP_RESERVED);
      assertSame(Reservation.RESERVED, region.info().reservation());
      region.punch(0, 4 * PAGE, Punch.RELEASE);
      Reservation afterRelease = region.info().reservation();
      region.reserve(0, PAGE);
      assertSame(afterRelease, region.info().reservation(), "three pages are missing");
      region.punch(PAGE, PAGE, Punch.KEEP_RESERVED);
      assertSame(afterRelease, region.info().reservation(), "two pages are missing");
      region.reserve(0, SIZE);
      assertSame(Reservation.RESERVED, region.info().reservation());
    }
  }

  @Test
  void punchedRangesLastInTheStore() throws Exception {
    assumeDeclared(Capability.PUNCH, Capability.NAMED);
    for (Punch space : Punch.values()) {
      String name = "orders " + space;
      byte[] expected;
      Reservation told;
      try (MemoryRegion region = allocate(name, SIZE)) {
        expected = fill(region, Pattern.random("punch"));
        if (declares(Capability.FORCE)) {
          region.force();
        }
        punch(region, 10 * PAGE + 9, 12 * PAGE, space, expected);
        told = region.info().reservation();
      }
      try (MemoryRegion region = provider().open(OpenRequest.of(name))) {
        assertHolds(expected, region, "opening");
        assertSame(told, region.info().reservation());
        region.reserve(0, SIZE);
        assertSame(Reservation.RESERVED, region.info().reservation());
      }
      try (MemoryRegion region = provider().open(OpenRequest.of(name))) {
        assertHolds(expected, region, "reserving");
        assertSame(Reservation.RESERVED, region.info().reservation());
      }
    }
  }

  @Test
  void whatMayNotBeEmptiedIsRefused() throws Exception {
    assumeDeclared(Capability.PUNCH);
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 5);
      for (long[] range : new long[][] {{-1, 2}, {0, SIZE + 1}, {SIZE, 1}, {1, Long.MAX_VALUE}}) {
        assertThrowsOneLine(
            IndexOutOfBoundsException.class, () -> region.punch(range[0], range[1], Punch.RELEASE));
        assertThrowsOneLine(
            IndexOutOfBoundsException.class, () -> region.reserve(range[0], range[1]));
      }
      Pattern.check(region, 5);
    }
    MemoryRegion closed = allocate(SIZE);
    closed.close();
    assertThrows(IllegalStateException.class, () -> closed.punch(0, PAGE, Punch.RELEASE));
    assertThrows(IllegalStateException.class, () -> closed.reserve(0, PAGE));
  }

  @Test
  void storedRegionsThatAreNotWrittenAreNotEmptied() throws Exception {
    assumeDeclared(Capability.PUNCH, Capability.NAMED);
    store("orders", SIZE, 6);
    if (declares(Capability.READ_ONLY)) {
      try (MemoryRegion region = provider().open(OpenRequest.of("orders").readOnly())) {
        assertThrowsOneLine(
            IllegalStateException.class, () -> region.punch(0, PAGE, Punch.KEEP_RESERVED));
        assertThrowsOneLine(IllegalStateException.class, () -> region.reserve(0, PAGE));
        assertSame(AccessMode.READ_ONLY, region.info().access());
      }
    }
    if (declares(Capability.PRIVATE_MAPPING)) {
      try (MemoryRegion region =
          provider().open(OpenRequest.of("orders").withSharing(Sharing.PRIVATE))) {
        Pattern.write(region, 7);
        assertThrowsOneLine(
            UnsupportedOperationException.class, () -> region.punch(0, PAGE, Punch.RELEASE));
        assertThrowsOneLine(UnsupportedOperationException.class, () -> region.reserve(0, PAGE));
        Pattern.check(region, 7);
      }
    }
    assertStored("orders", 6);
  }

  @Test
  void withoutPunchItIsRefused() throws Exception {
    if (declares(Capability.PUNCH)) {
      Skip.because(provider().name() + " declares PUNCH");
    }
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 8);
      UnsupportedCapabilityException refusal =
          assertThrowsOneLine(
              UnsupportedCapabilityException.class, () -> region.punch(0, PAGE, Punch.RELEASE));
      assertSame(Capability.PUNCH, refusal.capability());
      assertThrowsOneLine(UnsupportedCapabilityException.class, () -> region.reserve(0, PAGE));
      Pattern.check(region, 8);
    }
  }

  /** Writers of the bytes right before and behind a range that is punched all the time. */
  @Test
  void storesBesideThePunchedRangeAreKept() throws Exception {
    assumeDeclared(Capability.PUNCH);
    long from = 3 * PAGE + 8;
    long to = 7 * PAGE + 16;
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region = allocate(SIZE, sharing)) {
        AtomicBoolean done = new AtomicBoolean();
        CountDownLatch storing = new CountDownLatch(4);
        Crew crew = new Crew();
        for (long at : new long[] {from - 8, to, 0, SIZE - 100}) {
          crew.start(
              () -> {
                for (long value = 1; !done.get(); value++) {
                  try (Access access = region.acquire()) {
                    access.segment().set(JAVA_LONG, at, value);
                    long found = access.segment().get(JAVA_LONG, at);
                    assertEquals(value, found, "at " + at);
                  }
                  if (value == 1) {
                    storing.countDown();
                  }
                }
              });
        }
        try {
          Crew.await(storing);
          for (int round = 0; round < 300 && crew.failure() == null; round++) {
            try (Access access = region.acquire()) {
              access.segment().asSlice(from, to - from).fill((byte) 1);
            }
            Punch space = round % 2 == 0 ? Punch.RELEASE : Punch.KEEP_RESERVED;
            region.punch(from, to - from, space);
            try (Access access = region.acquire()) {
              Pattern.checkZero(access.segment(), from, to);
            }
          }
        } finally {
          done.set(true);
        }
        crew.end();
      }
    }
  }

  @Test
  void sparseRegionsStaySparse() throws Exception {
    assumeDeclared(Capability.PUNCH, Capability.SPARSE);
    try (MemoryRegion region =
        provider().allocate(RegionRequest.ofSize(SIZE).withReservation(Reservation.SPARSE))) {
      Pattern.write(region, 9);
      region.punch(0, 5 * PAGE, Punch.RELEASE);
      region.reserve(0, SIZE);
      assertSame(Reservation.SPARSE, region.info().reservation());
      region.punch(0, SIZE, Punch.KEEP_RESERVED);
      Pattern.checkZero(region);
      assertSame(Reservation.SPARSE, region.info().reservation());
    }
  }
}
