/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoredRegion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One file that several have open for writing: size, header and locks. */
final class MemberFilesTest {
  private static final long PAGE = 4096;
  private static final long SIZE = 2 * PAGE + 100;

  @TempDir Path directory;
  private RegionStore store;
  private StoreFile file;

  @BeforeEach
  void create() throws Exception {
    store = RegionStore.open(directory);
    file = create(NameDurability.NOW);
  }

  @AfterEach
  void close() throws Exception {
    file.close();
  }

  private StoreFile create(NameDurability durable) throws Exception {
    return store.create(
        "r", OpenMode.MEMBER, SIZE, Reservation.SPARSE, SpaceReserver.SPARSE, durable, "first");
  }

  private StoreFile join(OpenMode mode) throws Exception {
    return store.open("r", mode, NameDurability.NOW, "second");
  }

  private static RegionMembers members(StoreFile of) {
    return of.members().orElseThrow();
  }

  private byte[] bytes(StoreFile of, long offset, int count) throws Exception {
    ByteBuffer read = ByteBuffer.allocate(count);
    of.disk().read(of.dataOffset() + offset, read);
    return read.array();
  }

  private long fileLength() throws Exception {
    return Files.size(store.path("r"));
  }

  @Test
  void openersOfOneJvmAreOneMemberAndListedTogether() throws Exception {
    try (StoreFile second = join(OpenMode.MEMBER_READER)) {
      assertEquals(members(file).self(), members(second).self());
      StoredRegion listed = store.list().getFirst();
      assertEquals("open process-shared in this JVM by first, second", listed.detail());
      assertEquals(SIZE, listed.byteSize());
      file.close();
      try (StoreFile third = join(OpenMode.MEMBER)) {
        assertEquals(members(second).self(), members(third).self());
      }
    }
  }

  @Test
  void growthCutsNothingAndIsTakenOver() throws Exception {
    try (StoreFile second = join(OpenMode.MEMBER)) {
      second.resize(9 * PAGE, SpaceReserver.SPARSE);
      assertEquals(SIZE, file.byteSize());
      long grown = fileLength();
      file.resize(5 * PAGE, SpaceReserver.SPARSE);
      assertEquals(5 * PAGE, file.byteSize());
      assertEquals(grown, fileLength());
      file.resize(10 * PAGE, SpaceReserver.SPARSE);
      assertEquals(9 * PAGE, second.byteSize());
      second.checkLength("test");
      second.undoGrowth(3 * PAGE);
      assertEquals(grown + PAGE, fileLength());
    }
    file.close();
    assertEquals(10 * PAGE, store.list().getFirst().byteSize());
  }

  @Test
  void whatAMemberHasAddedIsNotTrimmedBesideOthers() throws Exception {
    long length = fileLength();
    try (StoreFile second = join(OpenMode.MEMBER)) {
      file.disk().setLength(length + 16 * PAGE); // as one does that is killed before the header
      second.trim();
      assertEquals(length + 16 * PAGE, fileLength());
      second.resize(SIZE + PAGE, SpaceReserver.SPARSE);
      assertEquals(length + 16 * PAGE, fileLength());
      assertArrayEquals(new byte[(int) PAGE], bytes(second, SIZE, (int) PAGE));
    }
    file.resize(SIZE + PAGE, SpaceReserver.SPARSE);
    file.trim();
    assertEquals(length + PAGE, fileLength());
  }

  @Test
  void whatAShrinkLeftBehindTheLastByteIsZeroAfterGrowth() throws Exception {
    file.data()
        .write(
            SIZE - 1000,
            MemorySegment.ofArray("left".repeat(250).getBytes(StandardCharsets.US_ASCII)));
    RegionMembers.Hold alone = members(file).tryExclude().orElseThrow();
    file.resize(SIZE - 1000 + 4, SpaceReserver.SPARSE);
    alone.close();
    try (StoreFile second = join(OpenMode.MEMBER)) {
      second.resize(SIZE, SpaceReserver.SPARSE);
      assertArrayEquals("left".getBytes(StandardCharsets.US_ASCII), bytes(second, SIZE - 1000, 4));
      assertArrayEquals(new byte[996], bytes(second, SIZE - 996, 996));
    }
  }

  @Test
  void shrinkingNeedsOthersToBeKeptOut() throws Exception {
    assertThrows(IllegalStateException.class, () -> file.resize(PAGE, SpaceReserver.SPARSE));
    assertEquals(SIZE, file.byteSize());
    try (StoreFile second = join(OpenMode.MEMBER)) {
      assertTrue(members(file).tryExclude().isEmpty());
      assertEquals(SIZE, second.byteSize());
    }
    RegionMembers.Hold one = members(file).tryExclude().orElseThrow();
    try (RegionMembers.Hold two = members(file).tryExclude().orElseThrow()) {
      one.close();
      one.close();
      MemoryException e = assertThrows(MemoryException.class, () -> join(OpenMode.MEMBER));
      assertTrue(
          String.valueOf(e.getMessage()).endsWith("try again when that is done"), "by " + two);
      file.resize(PAGE, SpaceReserver.SPARSE);
    }
    join(OpenMode.MEMBER).close();
  }

  @Test
  void theLengthOfTheLastWhoSetOneHolds() throws Exception {
    try (StoreFile second = join(OpenMode.MEMBER)) {
      second.keepLength(10);
      assertEquals(RegionHeader.NO_LENGTH, file.ownLength());
      file.forceHeader();
      second.forceHeader();
      file.resize(SIZE + 1, SpaceReserver.SPARSE);
      assertEquals(10, file.ownLength());
      file.keepLength(20);
    }
    file.close();
    assertEquals(20, store.list().getFirst().length());
  }

  @Test
  void holesThatOneNotesAreKnownToTheNext() throws Exception {
    try (StoreFile second = join(OpenMode.MEMBER)) {
      second.noteHoles(true);
      assertFalse(file.hasHoles());
      file.keepLength(1);
      file.forceHeader();
      assertTrue(file.hasHoles());
      second.noteHoles(false);
    }
    file.noteHoles(false);
    assertFalse(file.hasHoles());
  }

  @Test
  void aCopyOfLessThanOthersHaveIsRefused() throws Exception {
    file.requireWhole("snapshot");
    try (StoreFile second = join(OpenMode.MEMBER)) {
      second.resize(9 * PAGE, SpaceReserver.SPARSE);
    }
    MemoryException e = assertThrows(MemoryException.class, () -> file.requireWhole("snapshot"));
    assertTrue(
        String.valueOf(e.getMessage())
            .endsWith("another process has made it 36864 bytes; resize it to that first"),
        e.getMessage());
    file.resize(9 * PAGE, SpaceReserver.SPARSE);
    file.requireWhole("snapshot");
  }

  @Test
  void whoSharesWithNobodyIsToldWhatToAskFor() throws Exception {
    for (OpenMode mode : new OpenMode[] {OpenMode.WRITER, OpenMode.READER, OpenMode.PRIVATE_COPY}) {
      MemoryException e = assertThrows(MemoryException.class, () -> join(mode));
      String message = Objects.requireNonNull(e.getMessage());
      assertTrue(message.contains("process-shared in this JVM by first"), message);
      assertTrue(message.contains("open --process-shared"), message);
    }
    file.close();
    try (StoreFile reader = join(OpenMode.READER)) {
      MemoryException e = assertThrows(MemoryException.class, () -> join(OpenMode.MEMBER));
      assertTrue(
          String.valueOf(e.getMessage()).contains("and not process-shared"), "by " + reader.path());
    }
  }

  @Test
  void aNewRegionIsClosedToOthersUntilItHasItsContent() throws Exception {
    file.close();
    store.delete("r");
    try (StoreFile made =
        store.createUnpublished(
            "r",
            OpenMode.MEMBER,
            SIZE,
            Reservation.SPARSE,
            null,
            SpaceReserver.SPARSE,
            NameDurability.NOW,
            "maker")) {
      RegionStore.open(directory); // which removes what nobody holds
      assertTrue(Files.exists(made.path()));
      made.publish();
      try (StoreFile second = join(OpenMode.MEMBER)) {
        assertEquals(members(made).self(), members(second).self());
      }
      try (RegionMembers.Hold alone = members(made).tryExclude().orElseThrow()) {
        made.rename("s", NameDurability.NOW, (name, path) -> {});
        assertThrows(
            MemoryException.class,
            () -> store.open("s", OpenMode.MEMBER, NameDurability.NOW, "beside " + alone));
      }
    }
    store.open("s", OpenMode.WRITER, "test").close();
  }

  @Test
  void whatOneHasPutOffIsWaitedForByTheForceOfAnother() throws Exception {
    file.close();
    store.delete("r");
    file = create(NameDurability.ON_FORCE);
    try (StoreFile second = store.open("r", OpenMode.MEMBER, NameDurability.ON_FORCE, "second")) {
      file.resize(9 * PAGE, SpaceReserver.SPARSE);
      second.forceHeader();
      assertFalse(copiesDiffer(), "the header is on the device, and both copies tell it");
      second.resize(12 * PAGE, SpaceReserver.SPARSE);
      assertTrue(copiesDiffer());
      file.forceName();
      assertFalse(copiesDiffer());
    }
  }

  private boolean copiesDiffer() throws Exception {
    byte[] one = new byte[RegionHeader.BYTES];
    byte[] two = new byte[RegionHeader.BYTES];
    file.disk().read(RegionHeader.COPY_POSITIONS[0], one);
    file.disk().read(RegionHeader.COPY_POSITIONS[1], two);
    return !java.util.Arrays.equals(one, two);
  }

  @Test
  void aHeaderThatIsBeingChangedIsWaitedFor() throws Exception {
    RegionMembers.Hold turn = members(file).tryHold("dmalloc.header").orElseThrow();
    Thread opener =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    join(OpenMode.MEMBER).close();
                  } catch (Exception e) {
                    throw new IllegalStateException(e);
                  }
                });
    while (opener.isAlive() && opener.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    turn.close();
    assertTrue(opener.join(java.time.Duration.ofSeconds(30)));
  }
}
