/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.dmalloc.linux.LinuxTests.MIB;
import static org.dmalloc.linux.LinuxTests.PAGE;
import static org.dmalloc.linux.LinuxTests.assertErrno;
import static org.dmalloc.linux.LinuxTests.assume;
import static org.dmalloc.linux.LinuxTests.reservedFile;
import static org.dmalloc.linux.LinuxTests.shared;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.spi.machine.Errno;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What empties memory and files, and the habits of the kernel behind it. */
class MemoryPunchTest {
  private static final long SIZE = 8 * MIB + 100;

  @TempDir Path directory;

  private static Mapping ofZeroDevice() throws IOException {
    try (OpenFile zero = OpenFile.open(Path.of("/dev/zero"), AccessMode.READ_WRITE)) {
      return Mapping.ofFile(zero, 0, SIZE, MappingKind.SHARED, PageSize.DEFAULT);
    }
  }

  private static void assertEmptied(MemorySegment segment, long from, long to) {
    for (long at = 0; at < segment.byteSize(); at += at >= from && at < to ? PAGE / 4 : PAGE) {
      assertEquals(at >= from && at < to ? 0 : 7, segment.get(JAVA_BYTE, at), "at " + at);
    }
    for (long at : new long[] {from - 1, from, to - 1, to}) {
      assertEquals(at >= from && at < to ? 0 : 7, segment.get(JAVA_BYTE, at), "at " + at);
    }
  }

  private static void givesBack(Mapping mapping) throws IOException {
    MemorySegment segment = mapping.segment();
    segment.fill((byte) 7);
    long before = mapping.residency(0, SIZE).residentBytes();
    long from = MIB + 5;
    long to = 4 * MIB + 77;
    MemoryPunch.punch(mapping, from, to - from);
    // Before anything is read, which would bring a page in.
    long after = mapping.residency(0, SIZE).residentBytes();
    assertEmptied(segment, from, to);
    assertEquals(3 * MIB - PAGE, before - after);
    segment.fill((byte) 8);
    assertEquals(8, segment.get(JAVA_BYTE, 2 * MIB));
    MemoryPunch.punch(mapping, 0, SIZE);
    assertEquals(0, mapping.residency(0, SIZE).residentBytes(), "the last page too");
    assertThrows(IndexOutOfBoundsException.class, () -> MemoryPunch.punch(mapping, 1, SIZE));
  }

  @Test
  void privateMemoryIsGivenBack() throws IOException {
    try (Mapping mapping = Mapping.anonymous("punched", SIZE, PageSize.DEFAULT)) {
      givesBack(mapping);
    }
  }

  @Test
  void memoryOfTheZeroDeviceIsGivenBack() throws IOException {
    try (Mapping mapping = ofZeroDevice()) {
      givesBack(mapping);
    }
  }

  @Test
  void lockedPagesAreGivenBackAndLockedAgain() throws IOException {
    try (Mapping mapping = Mapping.anonymous("punched", 2 * MIB, PageSize.DEFAULT)) {
      assume(Platform.lockLimitBytes() >= 4 * MIB, "RLIMIT_MEMLOCK is too small");
      mapping.segment().fill((byte) 7);
      mapping.lock();
      assertErrno(
          Errno.EINVAL, () -> Madvise.DONTNEED.call(mapping.range(0, PAGE), "locked pages"));
      MemoryPunch.punch(mapping, 0, MIB);
      assertTrue(mapping.locked());
      assertEquals(0, mapping.residency(0, MIB).residentBytes());
      mapping.segment().asSlice(0, MIB / 2).fill((byte) 8);
      assertEquals(MIB / 2, mapping.residency(0, MIB).residentBytes());
      assertErrno(
          Errno.EINVAL, () -> Madvise.DONTNEED.call(mapping.range(0, PAGE), "locked again"));
    }
  }

  /** The kernel zeroes the bytes of pages that are not all in the range, in the mapped page. */
  @Test
  void aHoleOfBytesIsSeenInTheMappingAndInTheFile() throws IOException {
    try (OpenFile file = reservedFile(directory, 8 * MIB);
        Mapping mapping = shared(file, 8 * MIB)) {
      MemorySegment segment = mapping.segment();
      for (boolean kept : new boolean[] {false, true}) {
        segment.fill((byte) 7);
        if (!kept) {
          file.punchHole(MIB + 5, 3 * MIB);
        } else if (!file.zeroInPlace(MIB + 5, 3 * MIB)) {
          assume(false, "no ext4: FALLOC_FL_ZERO_RANGE is not used");
        }
        assertEmptied(segment, MIB + 5, 4 * MIB + 5);
        mapping.force(0, 8 * MIB);
        byte[] read = new byte[(int) PAGE];
        MemorySegment buffer = Arena.ofAuto().allocate(PAGE);
        file.readFully(MIB, buffer);
        MemorySegment.copy(buffer, JAVA_BYTE, 0, read, 0, read.length);
        assertEquals(7, read[4]);
        assertEquals(0, read[5]);
      }
    }
  }

  @Test
  void zeroRangeKeepsTheBlocksAndAHoleDoesNot() throws IOException {
    try (OpenFile file = reservedFile(directory, 8 * MIB);
        Mapping mapping = shared(file, 8 * MIB)) {
      mapping.segment().fill((byte) 7);
      mapping.force(0, 8 * MIB);
      long full = file.facts().allocatedBytes();
      assume(file.zeroInPlace(0, 4 * MIB), "no ext4: FALLOC_FL_ZERO_RANGE is not used");
      assertTrue(file.facts().allocatedBytes() >= full, file.facts().toString());
      assertEquals(8 * MIB, file.facts().byteSize());
      file.punchHole(0, 4 * MIB);
      assertTrue(file.facts().allocatedBytes() <= full - 4 * MIB, file.facts().toString());
      file.reserveKeepingContent(0, 8 * MIB);
      assertTrue(file.facts().allocatedBytes() >= 8 * MIB, file.facts().toString());
      assertEquals(0, mapping.segment().get(JAVA_BYTE, 4 * MIB - 1));
      assertEquals(7, mapping.segment().get(JAVA_BYTE, 4 * MIB));
    }
  }

  /** So whoever tracks writes must note what is punched himself; see EmptiedRanges. */
  @Test
  void writeTrackingDoesNotSeeAHole() throws IOException {
    assume(Mapping.tracksWrites(), "no userfaultfd here");
    try (OpenFile file = reservedFile(directory, 8 * MIB);
        Mapping mapping = shared(file, 8 * MIB)) {
      mapping.segment().fill((byte) 7);
      try (DirtyTracking tracking = mapping.trackWrites()) {
        file.punchHole(0, MIB);
        long[] told = new long[1];
        tracking.collect((offset, length) -> told[0] += length);
        assertEquals(0, told[0]);
        mapping.segment().set(JAVA_BYTE, 0, (byte) 1);
        tracking.collect((offset, length) -> told[0] += length);
        assertEquals(PAGE, told[0], "a store into the hole is seen");
      }
    }
  }
}
