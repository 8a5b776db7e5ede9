/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.junit.jupiter.api.Test;

/** Nobody gets to see what was in memory before it was given to him. */
public abstract class FreedBytesContract extends ContractTheme {
  private static final long SECRET = 0x5EC_2E75_5EC_2E7L;
  private static final long[] SIZES = {PAGE, 3 * PAGE, 64 << 10, (64 << 10) + PAGE, 1 << 20};

  private static void fill(MemoryRegion region) {
    try (Access access = region.acquire()) {
      for (long at = 0; at + Long.BYTES <= region.byteSize(); at += Long.BYTES) {
        access.segment().set(JAVA_LONG, at, SECRET);
      }
    }
  }

  private static void assertClean(MemoryRegion region, long from, String what) {
    try (Access access = region.acquire()) {
      for (long at = from; at + Long.BYTES <= region.byteSize(); at += Long.BYTES) {
        if (access.segment().get(JAVA_LONG, at) != 0) {
          throw new AssertionError(what + " of " + region + ": not zero at " + at);
        }
      }
    }
  }

  /** Small ones share mappings and files, whose pieces are given back one by one. */
  @Test
  void unnamedRegionsFindNothingOfEarlierOnes() throws Exception {
    Random random = new Random(7);
    for (long size : SIZES) {
      List<MemoryRegion> regions = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        regions.add(provider().allocate(RegionRequest.ofSize(size)));
      }
      regions.forEach(FreedBytesContract::fill);
      Collections.shuffle(regions, random);
      regions.subList(0, 30).forEach(MemoryRegion::close); // some pieces of a file stay in use
      for (int i = 0; i < 40; i++) {
        try (MemoryRegion next = provider().allocate(RegionRequest.ofSize(size))) {
          assertClean(next, 0, "a new region");
          fill(next);
        }
      }
      regions.subList(30, 40).forEach(MemoryRegion::close);
    }
  }

  @Test
  void aNewRegionOfAnOldNameIsEmpty() throws Exception {
    assumeDeclared(Capability.NAMED);
    for (Reservation reservation : Reservation.values()) {
      if (reservation == Reservation.SPARSE && !declares(Capability.SPARSE)) {
        continue;
      }
      for (long size : SIZES) {
        RegionRequest request =
            RegionRequest.ofSize(size).withName("name").withReservation(reservation);
        try (MemoryRegion first = provider().allocate(request)) {
          fill(first);
          if (declares(Capability.FORCE)) {
            first.force();
          }
        }
        provider().delete("name");
        try (MemoryRegion second = provider().allocate(request)) {
          assertClean(second, 0, "a new region");
        }
        provider().delete("name");
      }
    }
  }

  @Test
  void whatWasCutOffDoesNotComeBack() throws Exception {
    assumeDeclared(Capability.RESIZE);
    for (long size : SIZES) {
      try (MemoryRegion region = provider().allocate(RegionRequest.ofSize(size))) {
        fill(region);
        region.resize(size / 2 + Long.BYTES);
        region.resize(size);
        assertClean(region, size / 2 + Long.BYTES, "what was cut off");
        fill(region);
        region.resize(2 * size);
        assertClean(region, size, "what was added");
      }
    }
  }

  @Test
  void whatWasPunchedIsGoneAlsoFromTheFile() throws Exception {
    assumeDeclared(Capability.PUNCH);
    for (Punch space : Punch.values()) {
      try (MemoryRegion region = provider().allocate(RegionRequest.ofSize(1 << 20))) {
        fill(region);
        region.punch(0, region.byteSize(), space);
        assertClean(region, 0, "what was punched");
      }
    }
  }

  @Test
  void aFailedCreationLeavesNothingToTheNext() throws Exception {
    assumeDeclared(Capability.NAMED);
    RegionRequest request = RegionRequest.ofSize(1 << 20).withName("taken");
    try (MemoryRegion first = provider().allocate(request)) {
      fill(first);
      for (int i = 0; i < 5; i++) {
        assertThrows(MemoryException.class, () -> provider().allocate(request));
      }
      try (MemoryRegion other = provider().allocate(request.withName("other"))) {
        assertClean(other, 0, "a new region");
      }
    }
    assertEquals(2, provider().stored().size());
  }

  /** Overwriting takes nothing from what stays, and leaves nothing to be found. */
  @Test
  void wipedRegionsAreGoneLikeOthers() throws Exception {
    for (long size : SIZES) {
      RegionRequest request = RegionRequest.ofSize(size).withWipe(true);
      MemoryRegion wiped = provider().allocate(request);
      try (MemoryRegion beside = provider().allocate(RegionRequest.ofSize(size))) {
        fill(wiped);
        fill(beside);
        wiped.close();
        try (Access access = beside.acquire()) {
          assertEquals(SECRET, access.segment().get(JAVA_LONG, 0));
        }
      }
    }
    if (declares(Capability.NAMED)) {
      RegionRequest named = RegionRequest.ofSize(PAGE).withName("stays").withWipe(true);
      try (MemoryRegion region = provider().allocate(named)) {
        fill(region);
      }
      try (MemoryRegion again = provider().open(OpenRequest.of("stays"));
          Access access = again.acquire()) {
        assertEquals(SECRET, access.segment().get(JAVA_LONG, 0));
      }
    }
  }
}
