/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.dmalloc.linux.LinuxTests.MIB;
import static org.dmalloc.linux.LinuxTests.PAGE;
import static org.dmalloc.linux.LinuxTests.prefault;
import static org.dmalloc.linux.LinuxTests.reservedFile;
import static org.dmalloc.linux.LinuxTests.shared;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.VirtualAreas;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappingTest {
  @TempDir Path directory;

  @Test
  void hasTheSizeAskedForInsideWholePages() throws IOException {
    try (Mapping mapping = anonymous(PAGE + 1)) {
      assertEquals(PAGE + 1, mapping.segment().byteSize());
      assertEquals(0, mapping.segment().address() % PAGE);
      assertThrows(
          IndexOutOfBoundsException.class, () -> mapping.segment().get(JAVA_BYTE, PAGE + 1));
      assertEquals(2 * PAGE, mapping.residency(0, PAGE + 1).byteSize());
    }
  }

  @Test
  void refusesRangesOutsideItself() throws IOException {
    try (Mapping mapping = anonymous(PAGE + 1)) {
      assertThrows(IndexOutOfBoundsException.class, () -> mapping.advise(Advice.COLD, 1, PAGE + 1));
      assertThrows(IndexOutOfBoundsException.class, () -> mapping.force(-1, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> mapping.residency(0, Long.MAX_VALUE));
      long[] offsets = {0, PAGE + 1};
      assertThrows(IndexOutOfBoundsException.class, () -> mapping.prefetch(offsets, 1));
    }
  }

  @Test
  void showsWhatIsLoadedAtAnyOffset() throws IOException {
    long size = 3 * PAGE + 100;
    try (Arena arena = Arena.ofConfined();
        OpenFile file = reservedFile(directory, size);
        Mapping ofFile = shared(file, size);
        Mapping ofMemory = anonymous(size)) {
      MemorySegment content = arena.allocate(2 * PAGE + 77);
      for (Mapping mapping : List.of(ofFile, ofMemory)) {
        content.fill((byte) 5);
        mapping.segment().fill((byte) 1); // mapped before, and newer than the file
        mapping.load(23, content);
        assertEquals(1, mapping.segment().get(JAVA_BYTE, 22));
        assertEquals(-1, mapping.segment().asSlice(23, content.byteSize()).mismatch(content));
        assertEquals(1, mapping.segment().get(JAVA_BYTE, 23 + content.byteSize()));
        content.fill((byte) 6);
        mapping.load(size - content.byteSize(), content);
        assertEquals(6, mapping.segment().get(JAVA_BYTE, size - 1));
        mapping.load(0, MemorySegment.ofArray(new byte[] {9}));
        assertEquals(9, mapping.segment().get(JAVA_BYTE, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> mapping.load(size - 1, content));
      }
    }
  }

  @Test
  void tellsTheFlagsThatMmapGot() throws IOException {
    try (OpenFile file = reservedFile(directory, MIB);
        Mapping ofFile = shared(file, MIB);
        Mapping small = anonymous(PAGE);
        Mapping large = anonymous(2 * Platform.hugePageSize())) {
      assertEquals("MAP_SHARED", ofFile.flags());
      assertEquals("MAP_PRIVATE | MAP_ANONYMOUS", small.flags());
      assertEquals("MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED", large.flags());
    }
    assertEquals("MAP_SHARED_VALIDATE | MAP_SYNC", MmapFlags.names(MappingKind.SHARED_SYNC.flags));
  }

  @Test
  void everyUseAfterCloseIsAnIllegalState() throws IOException {
    Mapping mapping = anonymous(MIB);
    MemorySegment segment = mapping.segment();
    mapping.close();
    mapping.close();
    long[] offsets = {0};
    List<org.junit.jupiter.api.function.Executable> uses =
        List.of(
            () -> segment.get(JAVA_BYTE, 0),
            () -> mapping.advise(Advice.COLD, 0, MIB),
            () -> mapping.force(0, MIB),
            () -> mapping.prefetch(offsets, 8),
            () -> mapping.residency(0, MIB),
            () -> LinuxTests.populate(mapping, AccessMode.READ_ONLY, 0, MIB, ProgressListener.NONE),
            () -> mapping.lock(),
            mapping::unlock,
            () -> mapping.resize(2 * MIB));
    for (var use : uses) {
      assertThrows(IllegalStateException.class, use);
    }
  }

  @Test
  void closeUnmapsAndResizeLeavesNothingMapped() throws IOException {
    Mapping mapping = anonymous(MIB);
    long first = mapping.segment().address();
    mapping.resize(512 * MIB);
    long second = mapping.segment().address();
    mapping.resize(PAGE);
    mapping.close();
    assertEquals(List.of(), VirtualAreas.in(second, second + PAGE));
    assertTrue(first == second || VirtualAreas.in(first, first + PAGE).isEmpty());
  }

  @Test
  void theOldSegmentEndsWithAResize() throws IOException {
    try (Mapping mapping = anonymous(MIB)) {
      MemorySegment old = mapping.segment();
      mapping.resize(2 * MIB);
      assertThrows(IllegalStateException.class, () -> old.get(JAVA_BYTE, 0));
    }
  }

  @Test
  void growsWhereAdviceHasSplitTheMapping() throws IOException {
    try (OpenFile file = reservedFile(directory, 8 * MIB);
        Mapping mapping = shared(file, MIB)) {
      fillWithOffsets(mapping.segment());
      mapping.advise(Advice.RANDOM, 4 * PAGE, 4 * PAGE);
      mapping.advise(Advice.SEQUENTIAL, 64 * PAGE, 16 * PAGE);
      int areas = areas(mapping).size();
      assertTrue(areas >= 4, "areas " + areas);
      mapping.resize(8 * MIB);
      assertEquals(areas, areas(mapping).size());
      assertOffsets(mapping.segment().asSlice(0, MIB));
      assertEquals(0, mapping.segment().get(JAVA_LONG, MIB));
      mapping.segment().set(JAVA_LONG, 8 * MIB - 8, 5);
    }
  }

  @Test
  void aRefusedGrowthLeavesASplitMappingAsItWas() throws IOException {
    try (Mapping mapping = anonymous(MIB)) {
      fillWithOffsets(mapping.segment());
      mapping.advise(Advice.RANDOM, 4 * PAGE, 4 * PAGE);
      assertThrows(MemoryException.class, () -> mapping.resize(1L << 46));
      assertEquals(MIB, mapping.byteSize());
      assertOffsets(mapping.segment());
      mapping.resize(2 * MIB);
      assertOffsets(mapping.segment().asSlice(0, MIB));
    }
  }

  @Test
  void aMoveThatFailsHalfWayIsUndone() throws IOException {
    try (Mapping mapping = anonymous(MIB)) {
      fillWithOffsets(mapping.segment());
      mapping.advise(Advice.RANDOM, 4 * PAGE, 4 * PAGE);
      mapping.advise(Advice.SEQUENTIAL, 64 * PAGE, 16 * PAGE);
      List<VirtualAreas.Area> areas = areas(mapping);
      long start = areas.getFirst().start();
      List<VirtualAreas.Area> moved = areas.subList(2, areas.size());
      long room = Relocation.reserve(2 * MIB, PAGE);
      for (VirtualAreas.Area area : moved.reversed()) {
        boolean last = area.equals(moved.getLast());
        long destination = room + area.start() - start;
        long length = last ? area.length() + MIB : area.length();
        assertEquals(
            destination, Relocation.move(area.start(), area.length(), destination, length));
      }
      MemoryException reason = MemoryException.of("test", "", "", "");
      MemorySegment old = MemorySegment.ofAddress(start).reinterpret(MIB);
      Relocation.moveBack(moved, old, room, 2 * MIB, reason);
      assertOffsets(mapping.segment());
      assertEquals(areas, areas(mapping));
      assertEquals(List.of(), VirtualAreas.in(room, room + 2 * MIB));
    }
  }

  @Test
  void aRefusedGrowthLeavesAPlainMappingAsItWas() throws IOException {
    try (Mapping mapping = anonymous(MIB)) {
      fillWithOffsets(mapping.segment());
      MemoryException e = assertThrows(MemoryException.class, () -> mapping.resize(1L << 46));
      assertEquals(Errno.ENOMEM, e.errno());
      assertOffsets(mapping.segment());
    }
  }

  @Test
  void sizesThatNoAddressSpaceHasAreRefused() throws IOException {
    for (long byteSize : new long[] {Long.MAX_VALUE, Long.MAX_VALUE - PAGE, 1L << 60, 1L << 57}) {
      for (PageSize pageSize : PageSize.values()) {
        MemoryException e =
            assertThrows(
                MemoryException.class, () -> Mapping.anonymous("test", byteSize, pageSize).close());
        assertEquals(
            "mmap "
                + byteSize
                + " bytes of test: a process has 140737488355328 bytes of addresses; choose a"
                + " smaller size",
            e.getMessage());
      }
    }
  }

  @Test
  void whatGrowsBackIsZero() throws IOException {
    try (OpenFile file = reservedFile(directory, 4 * PAGE);
        Mapping mapping = shared(file, 2 * PAGE)) {
      mapping.segment().fill((byte) 7);
      mapping.resize(PAGE + 100);
      mapping.resize(2 * PAGE);
      assertEquals(7, mapping.segment().get(JAVA_BYTE, PAGE + 99));
      for (long offset = PAGE + 100; offset < 2 * PAGE; offset++) {
        assertEquals(0, mapping.segment().get(JAVA_BYTE, offset));
      }
    }
  }

  @Test
  void hugeMappingsStayAlignedWhenTheyGrow() throws IOException {
    long huge = Platform.hugePageSize();
    try (Mapping mapping = Mapping.anonymous("test", huge, PageSize.HUGE);
        Mapping neighbour = Mapping.anonymous("test", huge, PageSize.HUGE)) {
      fillWithOffsets(mapping.segment());
      for (long size = 2 * huge; size <= 16 * huge; size *= 2) {
        mapping.resize(size);
        assertEquals(0, mapping.segment().address() % huge);
        assertOffsets(mapping.segment().asSlice(0, huge));
      }
      assertEquals(huge, neighbour.byteSize());
    }
  }

  @Test
  void aReadOnlyDescriptorGivesAReadOnlySegment() throws IOException {
    Path path = Files.writeString(directory.resolve("file"), "hello", StandardCharsets.US_ASCII);
    try (OpenFile file = OpenFile.open(path, AccessMode.READ_ONLY);
        Mapping mapping = Mapping.ofFile(file, 0, 5, MappingKind.READ_ONLY, PageSize.DEFAULT)) {
      assertTrue(mapping.segment().isReadOnly());
      assertEquals('h', mapping.segment().get(JAVA_BYTE, 0));
      assertThrows(
          IllegalArgumentException.class, () -> mapping.segment().set(JAVA_BYTE, 0, (byte) 1));
      assertThrows(
          UnsupportedOperationException.class, () -> mapping.advise(Advice.POPULATE_WRITE, 0, 5));
      LinuxTests.populate(mapping, AccessMode.READ_ONLY, 0, 5, ProgressListener.NONE);
      assertEquals(PAGE, mapping.residency(0, 5).mappedBytes());
    }
  }

  @Test
  void aReadOnlyDescriptorCanNotBeMappedShared() throws IOException {
    Path path = Files.writeString(directory.resolve("file"), "hello", StandardCharsets.US_ASCII);
    try (OpenFile file = OpenFile.open(path, AccessMode.READ_ONLY)) {
      LinuxTests.assertErrno(
          Errno.EACCES,
          () -> Mapping.ofFile(file, 0, 5, MappingKind.SHARED, PageSize.DEFAULT).close());
      try (Mapping copy = Mapping.ofFile(file, 0, 5, MappingKind.PRIVATE, PageSize.DEFAULT)) {
        copy.segment().set(JAVA_BYTE, 0, (byte) 'j');
      }
    }
    assertEquals("hello", Files.readString(path));
  }

  @Test
  void dontNeedIsRefusedWhereItWouldDestroyContent() throws IOException {
    try (Mapping mapping = anonymous(MIB)) {
      assertThrows(
          UnsupportedOperationException.class, () -> mapping.advise(Advice.DONT_NEED, 0, MIB));
    }
  }

  @Test
  void allOtherAdviceKeepsContent() throws IOException {
    try (OpenFile file = reservedFile(directory, 4 * MIB);
        Mapping ofFile = shared(file, 4 * MIB);
        Mapping anonymous = anonymous(4 * MIB)) {
      for (Mapping mapping : List.of(ofFile, anonymous)) {
        fillWithOffsets(mapping.segment());
        for (Advice advice : Advice.values()) {
          boolean possible =
              advice != Advice.COLLAPSE && (mapping == ofFile || advice != Advice.DONT_NEED);
          if (possible) {
            mapping.advise(advice, 0, 4 * MIB);
            mapping.advise(advice, PAGE + 1, 1);
            assertOffsets(mapping.segment());
          }
        }
      }
    }
  }

  @Test
  void populateReportsItsProgressAndStopsAtAnInterrupt() throws IOException {
    try (Mapping mapping = anonymous(160 * MIB)) {
      List<Long> steps = new ArrayList<>();
      LinuxTests.populate(
          mapping,
          AccessMode.READ_WRITE,
          0,
          160 * MIB,
          (done, total) -> steps.add(done * 1000 / total));
      assertEquals(List.of(400L, 800L, 1000L), steps);
      assertEquals(160 * MIB, mapping.residency(0, 160 * MIB).residentBytes());
    }
    try (Mapping mapping = anonymous(160 * MIB)) {
      assertThrows(
          MemoryException.class,
          () ->
              LinuxTests.populate(
                  mapping,
                  AccessMode.READ_WRITE,
                  0,
                  160 * MIB,
                  (done, total) -> Thread.currentThread().interrupt()));
      assertTrue(Thread.interrupted(), "the interrupt is kept");
      assertTrue(mapping.residency(0, 160 * MIB).residentBytes() < 160 * MIB);
    }
  }

  @Test
  void mapsAtAnOffsetAndAsksTheCacheThere() throws IOException {
    try (OpenFile file = reservedFile(directory, 4 * MIB);
        Mapping whole = shared(file, 4 * MIB);
        Mapping part = Mapping.ofFile(file, 2 * MIB, MIB, MappingKind.SHARED, PageSize.DEFAULT)) {
      whole.advise(Advice.RANDOM, 0, 4 * MIB);
      whole.segment().set(JAVA_LONG, 2 * MIB + 8 * PAGE, 42);
      assertEquals(42, part.segment().get(JAVA_LONG, 8 * PAGE));
      assertEquals(PAGE, part.residency(8 * PAGE, 1).residentBytes());
      assertEquals(0, part.residency(0, PAGE).residentBytes());
    }
  }

  @Test
  void residencyOfMemoryFilesKnowsNoDirtyPages() throws IOException {
    try (OpenFile memfd = OpenFile.inMemory("test");
        OpenFile zero = OpenFile.open(Path.of("/dev/zero"), AccessMode.READ_WRITE)) {
      memfd.reserve(0, MIB, ProgressListener.NONE);
      try (Mapping a = shared(memfd, MIB);
          Mapping b = shared(zero, MIB)) {
        for (Mapping mapping : List.of(a, b)) {
          prefault(mapping);
          var residency = mapping.residency(0, MIB);
          assertEquals(MIB, residency.residentBytes(), residency.toString());
          assertEquals(MIB, residency.mappedBytes());
          assertEquals(-1, residency.dirtyBytes());
          assertEquals(0, residency.swappedBytes());
        }
        assertEquals(ResidencyProbe.MINCORE, b.residency(0, MIB).source());
      }
    }
  }

  @Test
  void outlivesItsFile() throws IOException {
    OpenFile file = reservedFile(directory, MIB);
    try (Mapping mapping = shared(file, MIB)) {
      file.close();
      mapping.segment().fill((byte) 7);
      mapping.force(0, MIB);
      assertEquals(ResidencyProbe.MINCORE, mapping.residency(0, MIB).source());
      assertEquals(MIB, mapping.residency(0, MIB).residentBytes());
    }
  }

  @Test
  void lockingIsKnownAndUndone() throws IOException {
    LinuxTests.assume(Platform.lockLimitBytes() >= MIB, "RLIMIT_MEMLOCK is under 1 MiB");
    try (Mapping mapping = anonymous(MIB)) {
      mapping.lock();
      LinuxTests.prefault(mapping);
      assertTrue(mapping.locked());
      assertEquals(MIB, mapping.residency(0, MIB).lockedBytes());
      assertEquals(0, mapping.segment().get(JAVA_BYTE, 0));
      mapping.unlock();
      assertFalse(mapping.locked());
      assertEquals(0, mapping.residency(0, MIB).lockedBytes());
    }
  }

  private static Mapping anonymous(long byteSize) throws MemoryException {
    return Mapping.anonymous("test", byteSize, PageSize.DEFAULT);
  }

  private static List<VirtualAreas.Area> areas(Mapping mapping) throws MemoryException {
    long start = mapping.segment().address();
    return VirtualAreas.in(start, start + mapping.byteSize());
  }

  private static void fillWithOffsets(MemorySegment segment) {
    for (long offset = 0; offset < segment.byteSize(); offset += 512) {
      segment.set(JAVA_LONG, offset, offset + 1);
    }
  }

  private static void assertOffsets(MemorySegment segment) {
    for (long offset = 0; offset < segment.byteSize(); offset += 512) {
      assertEquals(offset + 1, segment.get(JAVA_LONG, offset));
    }
  }
}
