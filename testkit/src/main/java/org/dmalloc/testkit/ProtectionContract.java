/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProtectedRange;
import org.dmalloc.api.Punch;
import org.dmalloc.api.Sharing;
import org.junit.jupiter.api.Test;

/** Sections on parts of a region, and ranges that take no stores. */
public abstract class ProtectionContract extends ContractTheme {
  private static final long SIZE = 20 * PAGE + 100;

  /** Whether a section on a part is read-only; stores must be refused by the segment itself. */
  private static boolean isReadOnly(MemoryRegion region, long offset, long length) {
    try (Access access = region.acquire(offset, length)) {
      MemorySegment segment = access.segment();
      assertEquals(length, segment.byteSize());
      if (segment.isReadOnly() && length > 0) {
        byte before = segment.get(JAVA_BYTE, 0);
        assertThrows(
            IllegalArgumentException.class, () -> segment.set(JAVA_BYTE, 0, (byte) ~before));
        assertEquals(before, segment.get(JAVA_BYTE, 0));
      }
      return segment.isReadOnly();
    }
  }

  private static boolean isReadOnly(MemoryRegion region) {
    try (Access access = region.acquire()) {
      return access.segment().isReadOnly();
    }
  }

  @Test
  void aSectionOnAPartShowsThatPart() throws Exception {
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 1);
      try (Access whole = region.acquire();
          Access part = region.acquire(PAGE + 3, 5000);
          Access nothing = region.acquire(SIZE, 0)) {
        assertEquals(0, nothing.segment().byteSize());
        assertEquals(-1, part.segment().mismatch(whole.segment().asSlice(PAGE + 3, 5000)));
        part.segment().set(JAVA_BYTE, 4999, (byte) 9);
        assertEquals(9, whole.segment().get(JAVA_BYTE, PAGE + 3 + 4999));
        assertThrows(IndexOutOfBoundsException.class, () -> part.segment().get(JAVA_BYTE, 5000));
        assertEquals(1, region.info().openSections(), "one thread");
      }
      assertEquals(0, region.info().openSections());
    }
  }

  @Test
  void partsOutsideTheRegionAreRefused() throws Exception {
    MemoryRegion region = allocate(SIZE);
    for (long[] part :
        new long[][] {{-1, 2}, {0, SIZE + 1}, {SIZE, 1}, {1, -1}, {8, Long.MAX_VALUE}}) {
      assertThrowsOneLine(IndexOutOfBoundsException.class, () -> region.acquire(part[0], part[1]));
      assertThrowsOneLine(
          IndexOutOfBoundsException.class,
          () -> region.protect(part[0], part[1], AccessMode.READ_ONLY));
    }
    assertEquals(0, region.info().openSections());
    assertEquals(List.of(), region.protectedRanges());
    region.close();
    assertThrows(IllegalStateException.class, () -> region.acquire(0, 1));
    assertThrows(IllegalStateException.class, () -> region.protect(0, 1, AccessMode.READ_ONLY));
  }

  @Test
  void protectedBytesTakeNoStores() throws Exception {
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region = allocate(SIZE, sharing)) {
        Pattern.write(region, 2);
        region.protect(4 * PAGE, PAGE, AccessMode.READ_ONLY);
        assertTrue(isReadOnly(region), "all of it has a protected byte");
        assertTrue(isReadOnly(region, 4 * PAGE, 1));
        assertTrue(isReadOnly(region, 5 * PAGE - 1, 10));
        assertTrue(isReadOnly(region, 0, 4 * PAGE + 1));
        assertTrue(region.segment().isReadOnly());
        Pattern.check(region, 2);
        assertEquals(List.of(new ProtectedRange(4 * PAGE, PAGE)), region.protectedRanges());
        assertEquals(AccessMode.READ_WRITE, region.info().access());
      }
    }
  }

  @Test
  void whatIsNotProtectedTakesStores() throws Exception {
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 3);
      region.protect(4 * PAGE, 2 * PAGE, AccessMode.READ_ONLY);
      region.protect(SIZE - 1, 1, AccessMode.READ_ONLY);
      region.protect(7, 0, AccessMode.READ_ONLY);
      assertFalse(isReadOnly(region, 0, 4 * PAGE));
      assertFalse(isReadOnly(region, 6 * PAGE, 3 * PAGE));
      assertFalse(isReadOnly(region, 5 * PAGE, 0), "no byte of it is protected");
      try (Access access = region.acquire(6 * PAGE, SIZE - 1 - 6 * PAGE)) {
        access.segment().fill((byte) 0);
      }
      region.protect(SIZE - 1, 1, AccessMode.READ_WRITE);
      region.protect(5 * PAGE, PAGE, AccessMode.READ_WRITE);
      assertFalse(isReadOnly(region, 5 * PAGE, SIZE - 5 * PAGE));
      assertTrue(isReadOnly(region));
      region.protect(0, SIZE, AccessMode.READ_WRITE);
      assertEquals(List.of(), region.protectedRanges());
      assertFalse(isReadOnly(region));
      Pattern.writeAndCheck(region, 4);
      assertFalse(region.segment().isReadOnly());
    }
  }

  @Test
  void anyRangesAddUp() throws Exception {
    SplittableRandom random = Pattern.random("protection");
    try (MemoryRegion region = allocate(SIZE)) {
      boolean[] expected = new boolean[(int) SIZE];
      for (int round = 0; round < 60; round++) {
        int offset = random.nextInt((int) SIZE);
        int length = random.nextInt(Math.min(3 * (int) PAGE, (int) SIZE - offset) + 1);
        boolean protects = random.nextBoolean();
        region.protect(offset, length, protects ? AccessMode.READ_ONLY : AccessMode.READ_WRITE);
        Arrays.fill(expected, offset, offset + length, protects);
        boolean[] told = new boolean[(int) SIZE];
        long last = -1;
        for (ProtectedRange range : region.protectedRanges()) {
          assertTrue(range.offset() > last && range.length() > 0, "apart, in order: " + range);
          last = range.offset() + range.length();
          Arrays.fill(told, (int) range.offset(), (int) last, true);
        }
        assertEquals(-1, Arrays.mismatch(expected, told), "round " + round);
        int from = random.nextInt((int) SIZE);
        int count = random.nextInt((int) SIZE - from + 1);
        boolean readOnly = false;
        for (int at = from; at < from + count; at++) {
          readOnly |= expected[at];
        }
        assertEquals(readOnly, isReadOnly(region, from, count), from + " " + count);
      }
    }
  }

  /** No store through a segment is a signal, whenever the segment was handed out. */
  @Test
  void segmentsThatWereHandedOutBeforeTakeStoresAsEver() throws Exception {
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region = allocate(SIZE, sharing)) {
        try (Access before = region.acquire()) {
          region.protect(0, SIZE, AccessMode.READ_ONLY);
          Pattern.write(before.segment(), 5);
          assertTrue(isReadOnly(region));
        }
        Pattern.check(region, 5);
        region.protect(0, SIZE, AccessMode.READ_WRITE);
        MemorySegment raw = region.segment();
        region.protect(PAGE, 2 * PAGE, AccessMode.READ_ONLY);
        Pattern.write(raw, 6);
        Pattern.check(region, 6);
        assertTrue(region.segment().isReadOnly());
      }
    }
  }

  @Test
  void callsThatWouldStoreAreRefused() throws Exception {
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 7);
      region.protect(4 * PAGE, PAGE, AccessMode.READ_ONLY);
      if (declares(Capability.PUNCH)) {
        for (Punch space : Punch.values()) {
          assertThrowsOneLine(
              IllegalStateException.class, () -> region.punch(5 * PAGE - 1, PAGE, space));
        }
        assertThrowsOneLine(IllegalStateException.class, () -> region.reserve(0, SIZE));
        Pattern.check(region, 7);
        region.reserve(5 * PAGE, PAGE);
        region.punch(5 * PAGE, PAGE, Punch.KEEP_RESERVED);
        try (Access access = region.acquire()) {
          Pattern.checkZero(access.segment(), 5 * PAGE, 6 * PAGE);
          Pattern.check(access.segment(), 7, 5 * PAGE);
        }
      }
      if (provider().supportedAdvice().contains(Advice.POPULATE_WRITE)) {
        assertThrowsOneLine(
            IllegalStateException.class, () -> region.advise(Advice.POPULATE_WRITE));
        region.advise(Advice.POPULATE_WRITE, 0, 4 * PAGE);
      }
    }
  }

  @Test
  void protectionHoldsOverResizes() throws Exception {
    assumeDeclared(Capability.RESIZE);
    try (MemoryRegion region = allocate(8 * PAGE)) {
      Pattern.write(region, 8);
      region.protect(6 * PAGE, 2 * PAGE, AccessMode.READ_ONLY);
      assertThrowsOneLine(IllegalStateException.class, () -> region.resize(8 * PAGE - 1));
      assertEquals(8 * PAGE, region.byteSize());
      for (long size : new long[] {8 * PAGE + 1, 30 * PAGE, 9 * PAGE, 8 * PAGE, 16 * PAGE}) {
        region.resize(size);
        assertEquals(List.of(new ProtectedRange(6 * PAGE, 2 * PAGE)), region.protectedRanges());
        assertTrue(isReadOnly(region, 8 * PAGE - 1, 1));
        assertFalse(isReadOnly(region, 0, 6 * PAGE));
        try (Access behind = region.acquire(8 * PAGE, size - 8 * PAGE)) {
          behind.segment().fill((byte) 1); // a signal if the protection had grown with it
        }
        try (Access access = region.acquire()) {
          Pattern.check(access.segment(), 8, 8 * PAGE);
        }
      }
      region.protect(0, 16 * PAGE, AccessMode.READ_WRITE);
      region.resize(PAGE);
      Pattern.writeAndCheck(region, 9);
    }
  }

  @Test
  void storesToAReadOnlyRegionAreNotAllowed() throws Exception {
    assumeDeclared(Capability.NAMED, Capability.READ_ONLY);
    store("orders", SIZE, 10);
    try (MemoryRegion region = provider().open(OpenRequest.of("orders").readOnly())) {
      assertTrue(isReadOnly(region, 5, 5));
      assertThrowsOneLine(
          IllegalStateException.class, () -> region.protect(0, PAGE, AccessMode.READ_WRITE));
      region.protect(0, PAGE, AccessMode.READ_ONLY);
      assertTrue(isReadOnly(region, PAGE, PAGE));
      Pattern.check(region, 10);
    }
    assertStored("orders", 10);
  }

  @Test
  void protectionIsNotStored() throws Exception {
    assumeDeclared(Capability.NAMED);
    try (MemoryRegion region = allocate("orders", SIZE)) {
      Pattern.write(region, 11);
      region.protect(0, SIZE, AccessMode.READ_ONLY);
    }
    try (MemoryRegion region = provider().open(OpenRequest.of("orders"))) {
      assertEquals(List.of(), region.protectedRanges());
      Pattern.check(region, 11);
      Pattern.writeAndCheck(region, 12);
    }
    assertStored("orders", 12);
  }
}
