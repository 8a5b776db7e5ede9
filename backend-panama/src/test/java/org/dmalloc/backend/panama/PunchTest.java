/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.SmallFileSystem;
import org.dmalloc.testkit.SmallFileSystem.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What punching does to files and their space, beyond the contract. */
@Timeout(120)
class PunchTest {
  private static final long MIB = 1L << 20;
  private static final long SIZE = 8 * MIB;

  @TempDir Path directory;

  private static PanamaProvider provider(Path directory) throws MemoryException {
    return new PanamaProvider(PanamaSettings.in(RegionStore.open(directory)));
  }

  private static MemoryRegion filled(PanamaProvider provider, RegionRequest request)
      throws MemoryException {
    MemoryRegion region = provider.allocate(request);
    try (Access access = region.acquire()) {
      access.segment().fill((byte) 7);
    }
    return region;
  }

  private static void assertIs(int value, MemoryRegion region, long from, long length) {
    MemorySegment expected = MemorySegment.ofArray(new byte[(int) length]).fill((byte) value);
    try (Access access = region.acquire()) {
      assertEquals(-1, access.segment().asSlice(from, length).mismatch(expected));
    }
  }

  /** The space of what was released goes to others, and a full disk is an exception of reserve. */
  @ParameterizedTest
  @EnumSource(names = {"TMPFS", "EXT4"})
  void releasedSpaceGoesToOthersAndIsTakenAgainOrRefused(Kind kind) throws Exception {
    try (SmallFileSystem small = SmallFileSystem.mount(kind, directory, 32 * MIB)) {
      for (boolean named : new boolean[] {false, true}) {
        RegionRequest request = RegionRequest.ofSize(SIZE);
        PanamaProvider provider = provider(small.directory());
        try (MemoryRegion region = filled(provider, named ? request.withName("orders") : request)) {
          long before = small.availableBytes();
          region.punch(MIB, 4 * MIB, Punch.RELEASE);
          long given = small.availableBytes() - before;
          assertTrue(given >= 4 * MIB - 64 * 1024, "given back: " + given);
          assertSame(Reservation.SPARSE, region.info().reservation());
          Path thief = small.takeAll();
          MemoryException e = assertThrows(MemoryException.class, () -> region.reserve(0, SIZE));
          assertEquals(Errno.ENOSPC, e.errno(), e.getMessage());
          assertTrue(String.valueOf(e.getMessage()).contains("; free "), e.getMessage());
          assertSame(Reservation.SPARSE, region.info().reservation());
          if (kind != Kind.TMPFS) { // where a load takes a page, too
            assertIs(0, region, MIB, 4 * MIB);
          }
          assertIs(7, region, 5 * MIB, 3 * MIB);
          Files.delete(thief);
          assertIs(0, region, MIB, 4 * MIB);
          region.reserve(0, SIZE);
          assertSame(Reservation.RESERVED, region.info().reservation());
          thief = small.takeAll();
          try (Access access = region.acquire()) {
            access.segment().fill((byte) 9); // no signal: the space is there
          }
          region.force();
          Files.delete(thief);
        }
        if (named) {
          provider.delete("orders");
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"TMPFS", "EXT4"})
  void keptSpaceCannotBeTakenByOthers(Kind kind) throws Exception {
    try (SmallFileSystem small = SmallFileSystem.mount(kind, directory, 32 * MIB);
        MemoryRegion region =
            filled(provider(small.directory()), RegionRequest.ofSize(SIZE).withName("orders"))) {
      region.force();
      Path thief = kind == Kind.EXT4 ? small.takeAll() : null; // tmpfs gives it up on the way
      region.punch(0, SIZE, Punch.KEEP_RESERVED);
      assertSame(Reservation.RESERVED, region.info().reservation());
      Path late = thief == null ? small.takeAll() : thief;
      try (Access access = region.acquire()) {
        access.segment().fill((byte) 9);
      }
      region.force();
      assertIs(9, region, 0, SIZE);
      Files.delete(late);
    }
  }

  /** ext2 and ext3 have holes, and no fallocate: space is taken by zeros, or not at all. */
  @ParameterizedTest
  @EnumSource(names = {"EXT2", "EXT3"})
  void aFileSystemWithoutFallocateSaysWhatItCannotDo(Kind kind) throws Exception {
    try (SmallFileSystem small = SmallFileSystem.mount(kind, directory, 32 * MIB);
        MemoryRegion region = filled(provider(small.directory()), RegionRequest.ofSize(SIZE))) {
      region.punch(0, MIB, Punch.KEEP_RESERVED);
      assertSame(Reservation.RESERVED, region.info().reservation());
      region.punch(MIB, MIB, Punch.RELEASE);
      assertIs(0, region, 0, 2 * MIB);
      MemoryException e = assertThrows(MemoryException.class, () -> region.reserve(0, SIZE));
      assertEquals(Errno.EOPNOTSUPP, e.errno(), e.getMessage());
      assertSame(Reservation.SPARSE, region.info().reservation());
      assertIs(7, region, 2 * MIB, SIZE - 2 * MIB);
    }
  }

  @ParameterizedTest
  @CsvSource({"RELEASE", "KEEP_RESERVED"})
  void holesLastInTheFileAndGrowthIsReserved(Punch space) throws Exception {
    PanamaProvider provider = provider(directory);
    RegionRequest request = RegionRequest.ofSize(SIZE).withName("orders");
    Reservation told = space == Punch.RELEASE ? Reservation.SPARSE : Reservation.RESERVED;
    Path file;
    try (MemoryRegion region = filled(provider, request)) {
      region.punch(MIB + 1, 2 * MIB, space);
      region.force();
      file = Objects.requireNonNull(region.info().path());
      assertSame(told, region.info().reservation());
    }
    try (MemoryRegion region = provider.open(OpenRequest.of("orders"))) {
      assertSame(told, region.info().reservation());
      assertIs(7, region, 0, MIB + 1);
      assertIs(0, region, MIB + 1, 2 * MIB);
      long before = blocks(file);
      region.resize(2 * SIZE);
      assertTrue(blocks(file) - before >= SIZE, "what it grows by is reserved");
      assertSame(told, region.info().reservation());
      region.reserve(0, 2 * SIZE);
      assertSame(Reservation.RESERVED, region.info().reservation());
    }
  }

  private static long blocks(Path file) throws Exception {
    Process stat =
        new ProcessBuilder("stat", "-c", "%b", file.toString()).redirectErrorStream(true).start();
    return Long.parseLong(
            new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).trim())
        * 512;
  }

  @Test
  void privateMemoryLosesItsOwnPages() throws Exception {
    RegionRequest request = RegionRequest.ofSize(SIZE).withSharing(Sharing.PRIVATE);
    try (MemoryRegion region = filled(provider(directory), request)) {
      long before = region.residency().dirtyBytes();
      region.punch(0, 4 * MIB, Punch.RELEASE);
      assertTrue(before - region.residency().dirtyBytes() >= 4 * MIB, "its own pages");
      assertIs(0, region, 0, 4 * MIB);
      assertIs(7, region, 4 * MIB, 4 * MIB);
      region.reserve(0, MIB);
      assertTrue(region.residency(0, MIB).dirtyBytes() >= MIB, "a page of its own for each");
    }
  }

  @Test
  void whoTracksWritesIsToldOfAHole() throws Exception {
    assumeTrue(Mapping.tracksWrites(), "no userfaultfd here");
    try (MemoryRegion region = filled(provider(directory), RegionRequest.ofSize(SIZE));
        DirtyTracking tracking = ((BackingRegion) region).trackDirty()) {
      for (Punch space : Punch.values()) {
        List<String> told = new ArrayList<>();
        region.punch(MIB + 1, MIB, space);
        tracking.collect((offset, length) -> told.add(offset + " " + length));
        assertEquals(List.of(MIB + " " + (MIB + Platform.pageSize())), told);
        told.clear();
        try (Access access = region.acquire()) {
          access.segment().set(JAVA_BYTE, MIB + MIB / 2, (byte) 1);
        }
        tracking.collect((offset, length) -> told.add(offset + " " + length));
        assertEquals(List.of(MIB + MIB / 2 + " " + Platform.pageSize()), told);
      }
    }
  }

  @Test
  void aFileThatWasCutShortIsNotPunched() throws Exception {
    PanamaProvider provider = provider(directory);
    MemoryRegion region = filled(provider, RegionRequest.ofSize(SIZE).withName("orders"));
    try (FileChannel channel =
        FileChannel.open(Objects.requireNonNull(region.info().path()), StandardOpenOption.WRITE)) {
      channel.truncate(4 * MIB);
    }
    MemoryException e =
        assertThrows(MemoryException.class, () -> region.punch(0, MIB, Punch.RELEASE));
    assertTrue(String.valueOf(e.getMessage()).startsWith("punch "), e.getMessage());
    assertThrows(MemoryException.class, () -> region.reserve(0, MIB));
    assertSame(Reservation.RESERVED, region.info().reservation());
    region.close();
  }
}
