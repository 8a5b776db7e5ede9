/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parts of files as the files of small regions. */
final class SharedFilesTest {
  private static final int PAGE = 4096;

  @TempDir Path directory;
  private RegionStore store;

  @BeforeEach
  void openStore() throws Exception {
    store = RegionStore.open(directory);
  }

  @AfterEach
  void clearInterrupt() {
    Thread.interrupted();
  }

  private StoreFile part(long byteSize) throws MemoryException {
    return store.createShared(byteSize, ProgressListener.NONE);
  }

  private static void fill(StoreFile file, int value) throws MemoryException {
    try (Arena arena = Arena.ofShared()) {
      file.data().map(MapMode.READ_WRITE, arena).fill((byte) value);
    }
  }

  private static void assertHolds(int value, StoreFile file) throws MemoryException {
    byte[] expected = new byte[(int) file.byteSize()];
    MemorySegment.ofArray(expected).fill((byte) value);
    try (Arena arena = Arena.ofShared()) {
      assertEquals(
          -1, file.data().map(MapMode.READ_WRITE, arena).mismatch(MemorySegment.ofArray(expected)));
    }
  }

  @Test
  void partsLieApartAndAreZeroAlsoWhereOthersHaveBeen() throws Exception {
    try (StoreFile first = part(PAGE);
        StoreFile odd = part(2 * PAGE + 1);
        StoreFile empty = part(0);
        StoreFile last = part(1)) {
      assertSame(first.disk(), last.disk(), "one channel");
      assertNotSame(first.disk(), odd.disk(), "another size");
      assertEquals(first.dataOffset() - PAGE, empty.dataOffset());
      assertEquals(0, odd.dataOffset() % (4 * PAGE));
      fill(first, 1);
      fill(odd, 2);
      fill(last, 3);
      StoreFile between = part(PAGE);
      long offset = between.dataOffset();
      fill(between, 9);
      between.close();
      try (StoreFile again = part(PAGE)) {
        assertEquals(offset, again.dataOffset());
        assertHolds(0, again);
      }
      assertHolds(1, first);
      assertHolds(2, odd);
      assertHolds(3, last);
    }
    try (StoreFile large = part(SharedFiles.LARGEST_BYTES + 1)) {
      assertFalse(large.isShared());
    }
  }

  @Test
  void theFileGoesWithItsLastPart() throws Exception {
    StoreFile one = part(PAGE);
    StoreFile other = part(PAGE);
    ChannelDisk disk = one.disk();
    one.close();
    one.close();
    assertTrue(disk.channel().isOpen());
    other.discard();
    assertFalse(disk.channel().isOpen());
    try (StoreFile next = part(PAGE)) {
      assertNotSame(disk, next.disk());
    }
  }

  @Test
  void aRefusedFillingLeavesNothingAndAnInterruptClosesNoChannelOfOthers() throws Exception {
    try (StoreFile kept = part(PAGE)) {
      long next = kept.dataOffset() - PAGE;
      assertThrows(
          MemoryException.class,
          () ->
              store.createShared(
                  PAGE,
                  (done, total) -> {
                    throw new IllegalStateException("cancelled");
                  }));
      MemoryException e =
          assertThrows(
              MemoryException.class,
              () -> store.createShared(PAGE, (done, total) -> Thread.currentThread().interrupt()));
      assertTrue(String.valueOf(e.getMessage()).contains("cancelled by an interrupt"));
      assertThrows(MemoryException.class, () -> part(PAGE));
      fill(kept, 5);
      assertTrue(Thread.interrupted());
      try (StoreFile again = part(PAGE)) {
        assertEquals(next, again.dataOffset());
      }
      assertHolds(5, kept);
    }
  }

  @Test
  void aPartKeepsItsSize() throws Exception {
    try (StoreFile one = part(PAGE)) {
      assertThrows(
          IllegalStateException.class,
          () -> one.resize(2 * PAGE, SpaceReserver.moreZeros(ProgressListener.NONE)));
      assertEquals(PAGE, one.byteSize());
    }
  }

  @Test
  void aDirectoryElsewhereHasFilesOfItsOwn() throws Exception {
    Path other = Files.createDirectory(directory.resolve("other"));
    try (StoreFile one = part(PAGE);
        StoreFile two = RegionStore.open(other).createShared(PAGE, ProgressListener.NONE)) {
      assertNotSame(one.disk(), two.disk());
    }
  }

  @Test
  void aFailedWriteIsToldToAllThatShareTheFile() throws Exception {
    SharedFiles files = new SharedFiles(store);
    SpaceReserver zeros = SpaceReserver.zeros(ProgressListener.NONE);
    try (StoreFile one = files.create(PAGE, zeros);
        StoreFile other = files.create(PAGE, zeros)) {
      MemoryException failure = MemoryException.of("force", 1, "file", "EIO (5)", "mend it");
      assertSame(
          failure,
          assertThrows(
              MemoryException.class,
              () ->
                  one.watch(
                      () -> {
                        throw failure;
                      })));
      one.watch(() -> {});
      String message =
          String.valueOf(
              assertThrows(MemoryException.class, () -> other.watch(() -> {})).getMessage());
      assertTrue(message.contains("which small regions share, could not be written"), message);
      other.watch(() -> {});
      try (StoreFile later = files.create(PAGE, zeros)) {
        later.watch(() -> {});
      }
    }
  }

  /** A mapping of a part never changes the length of the file that others have mapped. */
  @Test
  void aForceWritesTheOwnPart() throws Exception {
    try (StoreFile one = part(PAGE);
        Arena arena = Arena.ofShared()) {
      long length = one.disk().length();
      MemorySegment mapped = one.data().map(MapMode.READ_WRITE, arena);
      mapped.set(JAVA_BYTE, PAGE - 1, (byte) 7);
      one.data().force(mapped, 0, PAGE);
      assertEquals(length, one.disk().length());
      byte[] read = new byte[PAGE];
      one.disk().read(one.dataOffset(), read);
      assertEquals(7, read[PAGE - 1]);
    }
  }
}
