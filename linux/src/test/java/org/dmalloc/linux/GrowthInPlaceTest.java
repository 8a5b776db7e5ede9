/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.dmalloc.linux.LinuxTests.MIB;
import static org.dmalloc.linux.LinuxTests.PAGE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.VirtualAreas;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A mapping grows within its room, and nobody who uses it notices. */
class GrowthInPlaceTest {
  private static final long MAXIMUM = 8 * MIB;

  @TempDir Path directory;

  /** What lies behind a mapping. */
  enum Kind {
    ANONYMOUS,
    FILE,
    PRIVATE_FILE,
    MEMFD,
    DEVICE
  }

  /** A mapping with the file behind it, which becomes longer before the mapping does. */
  private final class Growing implements AutoCloseable {
    private final Kind kind;
    private final OpenFile file;
    private final Mapping mapping;

    Growing(Kind kind, long byteSize) throws MemoryException {
      this.kind = kind;
      this.file =
          switch (kind) {
            case ANONYMOUS -> null;
            case FILE, PRIVATE_FILE -> OpenFile.unnamedIn(directory);
            case MEMFD -> OpenFile.inMemory("test");
            case DEVICE -> OpenFile.open(Path.of("/dev/zero"), AccessMode.READ_WRITE);
          };
      lengthen(byteSize);
      MappingKind how = kind == Kind.PRIVATE_FILE ? MappingKind.PRIVATE : MappingKind.SHARED;
      this.mapping =
          file == null
              ? Mapping.anonymous("test", byteSize, MAXIMUM, PageSize.DEFAULT)
              : Mapping.ofFile(file, 0, byteSize, MAXIMUM, how, PageSize.DEFAULT);
    }

    private void lengthen(long byteSize) throws MemoryException {
      if (file != null && kind != Kind.DEVICE) {
        file.setByteSize(Platform.roundUpToPage(byteSize));
      }
    }

    void grow(long byteSize) throws MemoryException {
      lengthen(byteSize);
      mapping.grow(byteSize);
    }

    void shrink(long byteSize) throws MemoryException {
      mapping.resize(byteSize);
      lengthen(byteSize);
    }

    List<VirtualAreas.Area> areas() throws MemoryException {
      long start = mapping.segment().address();
      return VirtualAreas.in(start, start + Platform.roundUpToPage(mapping.byteSize()));
    }

    @Override
    public void close() {
      mapping.close();
      if (file != null) {
        file.close();
      }
    }
  }

  /** What another process has stored behind the end, in a page that both have. */
  @ParameterizedTest
  @EnumSource(names = {"FILE", "MEMFD"})
  void whatOthersHaveStoredStays(Kind kind) throws IOException {
    try (Growing growing = new Growing(kind, 100);
        Mapping other =
            Mapping.ofFile(growing.file, 0, PAGE, MappingKind.SHARED, PageSize.DEFAULT)) {
      other.segment().fill((byte) 7);
      growing.grow(200);
      assertEquals(0, growing.mapping.segment().get(JAVA_BYTE, 150), "it is nobody else's");
      growing.mapping.sharedWithProcesses();
      growing.grow(PAGE);
      assertEquals(7, growing.mapping.segment().get(JAVA_BYTE, 250));
      growing.lengthen(2 * PAGE);
      growing.mapping.resize(2 * PAGE);
      assertEquals(7, growing.mapping.segment().get(JAVA_BYTE, 250));
    }
  }

  private static void fill(MemorySegment segment, long from) {
    for (long at = from; at + 8 <= segment.byteSize(); at += 512) {
      segment.set(JAVA_LONG, at, at + 1);
    }
  }

  private static void check(MemorySegment segment, long end) {
    for (long at = 0; at + 8 <= end; at += 512) {
      assertEquals(at + 1, segment.get(JAVA_LONG, at));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void segmentsStayAndThePiecesAreOneArea(Kind kind) throws IOException {
    try (Growing growing = new Growing(kind, 0)) {
      List<MemorySegment> segments = new ArrayList<>(List.of(growing.mapping.segment()));
      for (long size : new long[] {1024, PAGE, 3 * PAGE, 3 * PAGE + 512, MIB, 5 * MIB, MAXIMUM}) {
        growing.grow(size);
        MemorySegment now = growing.mapping.segment();
        assertEquals(size, now.byteSize());
        assertEquals(segments.getFirst().address(), now.address());
        long before = segments.getLast().byteSize();
        for (long at = before; at < size; at += 512) {
          assertEquals(0, now.get(JAVA_LONG, at));
        }
        fill(now, before);
        segments.add(now);
      }
      for (MemorySegment each : segments) {
        check(each, each.byteSize());
      }
      assertEquals(1, growing.areas().size());
      assertThrows(IllegalArgumentException.class, () -> growing.grow(MAXIMUM + 1));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void whatItLosesIsAnExceptionAndGrowsBackAsZeros(Kind kind) throws IOException {
    try (Growing growing = new Growing(kind, 4 * MIB)) {
      MemorySegment old = growing.mapping.segment();
      fill(old, 0);
      growing.shrink(MIB + 512);
      assertThrows(IllegalStateException.class, () -> old.get(JAVA_BYTE, 0));
      MemorySegment now = growing.mapping.segment();
      assertEquals(old.address(), now.address());
      check(now, MIB + 512);
      growing.grow(MAXIMUM);
      check(now, MIB + 512);
      MemorySegment all = growing.mapping.segment();
      for (long at = MIB + 512; at < MAXIMUM; at += 512) {
        assertEquals(0, all.get(JAVA_LONG, at));
      }
      assertEquals(1, growing.areas().size());
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void adviceForAllOfItHoldsForWhatIsAdded(Kind kind) throws IOException {
    try (Growing growing = new Growing(kind, 0)) {
      growing.mapping.advise(Advice.RANDOM, 0, 0);
      growing.grow(MIB);
      fill(growing.mapping.segment(), 0);
      growing.grow(4 * MIB);
      assertEquals(1, growing.areas().size());
      growing.mapping.advise(Advice.NORMAL, 2 * MIB, PAGE);
      assertEquals(3, growing.areas().size());
      growing.shrink(2 * MIB);
      growing.grow(4 * MIB);
      assertEquals(1, growing.areas().size(), "what was advised for a part has gone with it");
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aLockHoldsForWhatIsAdded(Kind kind) throws IOException {
    LinuxTests.assume(Platform.lockLimitBytes() >= 2 * MIB, "RLIMIT_MEMLOCK is under 2 MiB");
    try (Growing growing = new Growing(kind, PAGE)) {
      growing.mapping.lock();
      growing.grow(MIB);
      fill(growing.mapping.segment(), 0);
      assertEquals(1, growing.areas().size());
      assertEquals(MIB, growing.mapping.residency(0, MIB).lockedBytes());
      growing.shrink(PAGE);
      assertEquals(PAGE, growing.mapping.residency(0, PAGE).lockedBytes());
      growing.mapping.unlock();
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aGrowthIsTakenBack(Kind kind) throws IOException {
    try (Growing growing = new Growing(kind, MIB)) {
      MemorySegment old = growing.mapping.segment();
      fill(old, 0);
      growing.grow(2 * MIB);
      Exception failure = new Exception();
      growing.mapping.withdraw(MIB, failure);
      growing.lengthen(MIB);
      assertEquals(0, failure.getSuppressed().length);
      assertEquals(MIB, growing.mapping.byteSize());
      check(old, MIB);
      growing.grow(4 * MIB);
      check(growing.mapping.segment(), MIB);
      assertEquals(0, growing.mapping.segment().get(JAVA_LONG, 4 * MIB - 8));
      assertEquals(1, growing.areas().size());
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void closingUnmapsAllOfTheRoom(Kind kind) throws IOException {
    long start;
    try (Growing growing = new Growing(kind, PAGE)) {
      start = growing.mapping.segment().address();
      assertTrue(growing.mapping.room() >= MAXIMUM);
    }
    assertEquals(List.of(), VirtualAreas.in(start, start + MAXIMUM));
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"ANONYMOUS", "FILE", "PRIVATE_FILE", "MEMFD"})
  void beyondItsRoomItMoves(Kind kind) throws IOException {
    try (Growing growing = new Growing(kind, MIB)) {
      growing.mapping.advise(Advice.RANDOM, 4 * PAGE, 4 * PAGE);
      fill(growing.mapping.segment(), 0);
      MemorySegment old = growing.mapping.segment();
      long start = old.address();
      growing.lengthen(3 * MAXIMUM);
      growing.mapping.resize(3 * MAXIMUM);
      assertThrows(IllegalStateException.class, () -> old.get(JAVA_BYTE, 0));
      check(growing.mapping.segment(), MIB);
      growing.mapping.segment().set(JAVA_LONG, 3 * MAXIMUM - 8, 5);
      long moved = growing.mapping.segment().address();
      for (VirtualAreas.Area left : VirtualAreas.in(start, start + MAXIMUM)) {
        assertTrue(left.start() >= moved && left.end() <= moved + 3 * MAXIMUM, "room left behind");
      }
    }
  }

  @Test
  void aDeviceIsCopiedBeyondItsRoom() throws IOException {
    try (Growing growing = new Growing(Kind.DEVICE, MIB)) {
      fill(growing.mapping.segment(), 0);
      MemorySegment old = growing.mapping.segment();
      IllegalStateException stop = new IllegalStateException("stop");
      MemoryException cancelled =
          assertThrows(
              MemoryException.class,
              () ->
                  growing.mapping.replace(
                      growing.file,
                      2 * MAXIMUM,
                      (done, total) -> {
                        throw stop;
                      }));
      assertSame(stop, cancelled.getCause());
      assertEquals(MIB, growing.mapping.byteSize());
      check(growing.mapping.segment(), MIB);
      growing.mapping.replace(growing.file, 2 * MAXIMUM, ProgressListener.NONE);
      assertThrows(IllegalStateException.class, () -> old.get(JAVA_BYTE, 0));
      check(growing.mapping.segment(), MIB);
      assertEquals(0, growing.mapping.segment().get(JAVA_LONG, 2 * MAXIMUM - 8));
      assertEquals(List.of(), VirtualAreas.in(old.address(), old.address() + PAGE));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void trackingFollows(Kind kind) throws Exception {
    LinuxTests.assume(Mapping.tracksWrites() && kind != Kind.DEVICE, "no write tracking here");
    try (Growing growing = new Growing(kind, MIB)) {
      fill(growing.mapping.segment(), 0);
      try (DirtyTracking tracking = growing.mapping.trackWrites()) {
        growing.grow(2 * MIB);
        growing.mapping.segment().set(JAVA_LONG, 5 * PAGE, 1);
        List<Long> written = new ArrayList<>();
        tracking.collect((offset, length) -> written.add(offset));
        assertEquals(List.of(MIB, 5 * PAGE), written);
        growing.mapping.segment().set(JAVA_LONG, MIB + 3 * PAGE, 1);
        written.clear();
        tracking.collect((offset, length) -> written.add(offset));
        assertEquals(List.of(MIB + 3 * PAGE), written);
      }
    }
  }

  @Test
  void aMaximumBeyondAllAddressesIsRefusedByName() {
    MemoryException refusal =
        LinuxTests.assertErrno(
            Errno.ENOMEM,
            () -> Mapping.anonymous("test", PAGE, 1L << 47, PageSize.DEFAULT).close());
    assertTrue(String.valueOf(refusal.getMessage()).contains("smaller maximum"));
    MemoryException beyond =
        assertThrows(
            MemoryException.class,
            () -> Mapping.anonymous("test", PAGE, 1L << 50, PageSize.DEFAULT).close());
    assertTrue(
        String.valueOf(beyond.getMessage()).contains("140737488355328 bytes of addresses"),
        beyond.getMessage());
  }
}
