/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.dmalloc.linux.LinuxTests.MIB;
import static org.dmalloc.linux.LinuxTests.PAGE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.backing.DirtyTracking;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Asynchronous write protection finds exactly the pages that were written. */
final class WriteTrackingTest {
  private static final long SIZE = 16 * MIB + 100;

  @TempDir Path directory;

  /** What lies behind a mapping. */
  enum Kind {
    ANONYMOUS,
    ANONYMOUS_HUGE,
    MEMFD,
    FILE,
    PRIVATE_FILE
  }

  private Mapping map(Kind kind) throws MemoryException {
    return switch (kind) {
      case ANONYMOUS -> Mapping.anonymous("test", SIZE, PageSize.DEFAULT);
      case ANONYMOUS_HUGE -> Mapping.anonymous("test", SIZE, PageSize.HUGE);
      case MEMFD -> {
        OpenFile memory = OpenFile.inMemory("test");
        memory.reserve(0, SIZE, ProgressListener.NONE);
        yield LinuxTests.shared(memory, SIZE);
      }
      case FILE -> LinuxTests.shared(LinuxTests.reservedFile(directory, SIZE), SIZE);
      case PRIVATE_FILE ->
          Mapping.ofFile(
              LinuxTests.reservedFile(directory, SIZE),
              0,
              SIZE,
              MappingKind.PRIVATE,
              PageSize.DEFAULT);
    };
  }

  private static DirtyTracking track(Mapping mapping) {
    try {
      return mapping.trackWrites();
    } catch (MemoryException e) {
      LinuxTests.assume(false, "no write tracking here: " + e.getMessage());
      throw new AssertionError(e);
    }
  }

  private static Set<Long> pages(DirtyTracking tracking) throws MemoryException {
    Set<Long> pages = new TreeSet<>();
    tracking.collect(
        (offset, length) -> {
          assertEquals(0, offset % PAGE);
          for (long page = offset / PAGE; page * PAGE < offset + length; page++) {
            pages.add(page);
          }
        });
    return pages;
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void tellsExactlyTheWrittenPages(Kind kind) throws Exception {
    try (Mapping mapping = map(kind)) {
      MemorySegment half = mapping.segment().asSlice(0, SIZE / 2);
      half.fill((byte) 1); // the other half stays without pages
      try (DirtyTracking tracking = track(mapping)) {
        assertEquals(new TreeSet<>(), pages(tracking));
        RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
        for (int round = 0; round < 3; round++) {
          Set<Long> written = new TreeSet<>(List.of(0L, (SIZE - 1) / PAGE));
          for (int i = 0; i < 200; i++) {
            written.add(random.nextLong(SIZE / PAGE));
          }
          written.forEach(page -> mapping.segment().set(JAVA_BYTE, page * PAGE, (byte) 7));
          if (kind == Kind.FILE) {
            mapping.force(0, SIZE);
          }
          assertEquals(written, pages(tracking), "round " + round);
          assertEquals(new TreeSet<>(), pages(tracking));
        }
        List<Long> last = new ArrayList<>();
        mapping.segment().set(JAVA_BYTE, SIZE - 1, (byte) 8);
        tracking.collect((offset, length) -> last.add(offset + length));
        assertEquals(List.of(SIZE), last, "the last range ends with the region");
      }
      mapping.segment().fill((byte) 2);
      assertEquals((byte) 2, mapping.segment().get(JAVA_BYTE, SIZE - 1));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void missesNoWriteOfAThreadAtWork(Kind kind) throws Exception {
    try (Mapping mapping = map(kind);
        Mapping copy = Mapping.anonymous("copy", SIZE, PageSize.DEFAULT);
        DirtyTracking tracking = track(mapping)) {
      AtomicBoolean stop = new AtomicBoolean();
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
                    for (long i = 1; !stop.get(); i++) {
                      mapping.segment().set(JAVA_LONG, random.nextLong(SIZE / 8) * 8, i);
                    }
                  });
      DirtyTracking.Visitor copying =
          (offset, length) ->
              MemorySegment.copy(mapping.segment(), offset, copy.segment(), offset, length);
      for (int round = 0; round < 20; round++) {
        tracking.collect(copying);
      }
      stop.set(true);
      writer.join();
      tracking.collect(copying);
      assertEquals(-1, mapping.segment().mismatch(copy.segment()));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void endsOnce(Kind kind) throws Exception {
    try (Mapping mapping = map(kind)) {
      DirtyTracking tracking = track(mapping);
      tracking.close();
      tracking.close();
      assertThrows(IllegalStateException.class, () -> pages(tracking));
      try (DirtyTracking again = track(mapping)) {
        assertThrows(MemoryException.class, mapping::trackWrites, "one at a time");
        assertEquals("userfaultfd", again.method());
      }
    }
  }

  /** As the carrier of a region does, so that no protection is taken away from pages that go. */
  @ParameterizedTest
  @EnumSource(Kind.class)
  void mayBeClosedAfterTheMapping(Kind kind) throws Exception {
    Mapping mapping = map(kind);
    DirtyTracking tracking = track(mapping);
    mapping.segment().set(JAVA_BYTE, 0, (byte) 1);
    mapping.close();
    assertThrows(IllegalStateException.class, () -> tracking.collect((offset, length) -> {}));
    tracking.close();
    tracking.close();
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void lastScanFindsTheSamePages(Kind kind) throws Exception {
    try (Mapping mapping = map(kind);
        DirtyTracking tracking = track(mapping)) {
      Set<Long> before = pages(tracking);
      mapping.segment().set(JAVA_BYTE, 5 * PAGE + 1, (byte) 1);
      mapping.segment().set(JAVA_BYTE, SIZE - 1, (byte) 1);
      Set<Long> found = new TreeSet<>();
      tracking.collectLast(
          (offset, length) -> {
            for (long page = offset / PAGE; page * PAGE < offset + length; page++) {
              found.add(page);
            }
          });
      assertEquals(Set.of(5L, (SIZE - 1) / PAGE), found, "after " + before);
    }
  }

  @Test
  void worksWhereItCanBeStarted() throws Exception {
    try (Mapping mapping = map(Kind.ANONYMOUS)) {
      boolean started;
      try (DirtyTracking tracking = mapping.trackWrites()) {
        started = tracking.method().equals("userfaultfd");
      } catch (MemoryException e) {
        started = false;
      }
      assertEquals(started, Mapping.tracksWrites());
    }
  }
}
