/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.spi.checkpoint.Journal;
import org.dmalloc.spi.checkpoint.Journal.State;
import org.dmalloc.spi.checkpoint.JournalRef;
import org.dmalloc.spi.checkpoint.Journals;
import org.dmalloc.spi.checkpoint.MemberFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Regions with a journal in a store: file and journal stay together, whatever is cut off. */
final class CheckpointedRegionsTest {
  private static final int PAGE = 4096;
  private static final int SIZE = 4 * PAGE;

  @TempDir private Path directory;
  private RegionStore store;

  @BeforeEach
  void openStore() throws Exception {
    store = RegionStore.open(directory);
  }

  private StoreFile create(String name, Journal journal) throws MemoryException {
    return store.create(name, SIZE, Reservation.SPARSE, SpaceReserver.SPARSE, journal, "a test");
  }

  private Journal journal(String group) throws MemoryException {
    return Journal.create(directory, group, "a test");
  }

  private static MemorySegment page(int value) {
    byte[] bytes = new byte[PAGE];
    Arrays.fill(bytes, (byte) value);
    return MemorySegment.ofArray(bytes);
  }

  private static int member(StoreFile file) {
    return Objects.requireNonNull(file.journal()).member();
  }

  private static void seal(Journal journal, int member, int value, State... more)
      throws MemoryException {
    try (Journal.Writer writer = journal.begin(journal.sealed() + 1)) {
      writer.write(member, PAGE, page(value));
      List<State> states =
          Stream.concat(Stream.of(new State(member, SIZE, 5)), Stream.of(more)).toList();
      writer.seal(states);
    }
  }

  private int valueOf(String name, OpenMode mode) throws IOException {
    try (StoreFile file = store.open(name, mode, "a test")) {
      ByteBuffer bytes = ByteBuffer.allocate(PAGE);
      while (bytes.hasRemaining()) {
        file.data().read(bytes, PAGE + bytes.position());
      }
      assertEquals(bytes.get(0), bytes.get(PAGE - 1));
      return bytes.get(0);
    }
  }

  private static String message(Throwable e) {
    return Objects.requireNonNull(e.getMessage());
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  private List<StoreFinding> findings(StoreFinding.Severity severity) throws MemoryException {
    return store.verify().stream()
        .filter(finding -> finding.severity() == severity)
        .filter(finding -> !finding.subject().startsWith("file system"))
        .filter(finding -> !finding.message().startsWith("other users"))
        .toList();
  }

  @Test
  void theHeaderTellsTheJournal() throws Exception {
    try (Journal journal = journal("g")) {
      try (StoreFile file = create("r", journal)) {
        JournalRef ref = new JournalRef(journal.id(), 1);
        assertEquals(ref, file.journal());
        assertEquals(Map.of(1, "r"), journal.members());
        assertEquals(Optional.of(ref), store.journalOf("r"));
      }
    }
    store.create("plain", SIZE, Reservation.SPARSE, SpaceReserver.SPARSE, "a test").close();
    assertEquals(Optional.empty(), store.journalOf("plain"));
    assertThrows(MemoryException.class, () -> store.journalOf("none"));
    try (StoreFile plain = store.open("plain", OpenMode.WRITER, "a test")) {
      assertThrows(IllegalStateException.class, plain::memberFile);
      assertThrows(
          IllegalStateException.class, () -> plain.growFile(2 * SIZE, SpaceReserver.SPARSE));
    }
  }

  @Test
  void aCreationThatFailsLeavesNoMember() throws Exception {
    store.create("r", SIZE, Reservation.SPARSE, SpaceReserver.SPARSE, "a test").close();
    try (Journal journal = journal("g")) {
      assertThrows(MemoryException.class, () -> create("r", journal));
      assertEquals(Map.of(), journal.members());
    }
  }

  @Test
  void whatIsSealedIsThereForWritersAndReaders() throws Exception {
    for (OpenMode mode : new OpenMode[] {OpenMode.READER, OpenMode.PRIVATE_COPY}) {
      String name = "r" + mode;
      UUID id;
      try (Journal journal = journal("");
          StoreFile file = create(name, journal)) {
        id = journal.id();
        seal(journal, member(file), 7);
      }
      assertFalse(Journals.isSettled(directory, id));
      assertEquals(7, valueOf(name, mode));
      assertTrue(Journals.isSettled(directory, id));
      StoredRegion region = store.find(name).orElseThrow();
      assertEquals(5, region.length());
      try (Journal journal = Journal.open(directory, id, "a test")) {
        store.replay(journal);
        assertEquals(1, journal.applied());
        try (StoreFile file = store.open(name, OpenMode.WRITER, "a test")) {
          seal(journal, member(file), 8);
        }
      }
      try (Journal journal = Journal.open(directory, id, "a test")) {
        store.replay(journal);
        assertEquals(8, valueOf(name, OpenMode.WRITER));
      }
    }
  }

  @Test
  void aReaderIsRefusedWhileTheJournalIsOpenWithWhatItNeeds() throws Exception {
    try (Journal journal = journal("")) {
      StoreFile file = create("r", journal);
      seal(journal, member(file), 7);
      file.close();
      MemoryException refused =
          assertThrows(MemoryException.class, () -> valueOf("r", OpenMode.READER));
      assertTrue(message(refused).contains("in this JVM by a test"), message(refused));
    }
    assertEquals(7, valueOf("r", OpenMode.READER));
  }

  @Test
  void theLastRegionTakesTheJournalAlong() throws Exception {
    try (Journal journal = journal("g")) {
      StoreFile a = create("a", journal);
      StoreFile b = create("b", journal);
      seal(journal, member(a), 7, new State(member(b), SIZE, -1));
      a.close();
      b.close();
      MemoryException refused = assertThrows(MemoryException.class, () -> store.delete("a"));
      assertTrue(message(refused).contains("in this JVM by a test"), message(refused));
    }
    store.delete("b");
    assertEquals(7, valueOf("a", OpenMode.READER));
    store.delete("a");
    assertEquals(List.of(), files());
  }

  @Test
  void aRegionOfAnOpenJournalIsDeletedThroughIt() throws Exception {
    try (Journal journal = journal("g")) {
      StoreFile a = create("a", journal);
      StoreFile b = create("b", journal);
      assertThrows(MemoryException.class, () -> store.delete("a", false, journal));
      assertEquals(Map.of(1, "a", 2, "b"), journal.members());
      assertTrue(store.delete("a", true, journal));
      assertEquals(Map.of(2, "b"), journal.members());
      a.close();
      b.close();
      assertFalse(store.delete("b", false, journal));
      assertEquals(Map.of(), journal.members());
      journal.delete();
    }
    assertEquals(List.of(), files());
  }

  @Test
  void aRenamedRegionIsStillTheMember() throws Exception {
    try (Journal journal = journal("g")) {
      StoreFile a = create("a", journal);
      seal(journal, member(a), 7);
      a.close();
    }
    store.rename("a", "b", NameDurability.NOW);
    try (Journal journal =
        Journal.open(directory, Journal.find(directory, "g").orElseThrow(), "a test")) {
      assertEquals(Map.of(1, "b"), journal.members());
      // Cut off between the steps, both ways.
      Files.move(store.path("b"), store.path("c"));
      store.replay(journal);
      assertEquals(Map.of(1, "c"), journal.members());
    }
    assertEquals(7, valueOf("c", OpenMode.READER));
    store.create("d", SIZE, Reservation.SPARSE, SpaceReserver.SPARSE, "a test").close();
    assertThrows(MemoryException.class, () -> store.rename("c", "d", NameDurability.NOW));
    assertEquals(7, valueOf("c", OpenMode.READER));
    store.delete("c");
    assertEquals(List.of("d.region"), files());
  }

  @Test
  void theNameOfAMemberIsNoMemberYet() throws Exception {
    UUID id;
    try (Journal journal = journal("g")) {
      id = journal.id();
      StoreFile a = create("a", journal);
      seal(journal, member(a), 7);
      a.close();
    }
    Files.delete(store.path("a"));
    try (Journal other = journal("other")) {
      create("a", other).close();
    }
    try (Journal journal = Journal.open(directory, id, "a test")) {
      store.replay(journal); // not into the other one's file
      assertEquals(1, journal.applied());
    }
    assertEquals(0, valueOf("a", OpenMode.READER));
    assertEquals(1, findings(StoreFinding.Severity.WARNING).size(), store.verify().toString());
  }

  @Test
  void deletionsAndCreationsThatWereCutOffAreEndedByTheNextOpening() throws Exception {
    try (Journal journal = journal("g")) {
      create("a", journal).close();
      create("b", journal).close();
      journal.rename(1, ""); // the first step of a deletion; or the last but one of a creation
    }
    try (Journal journal = journal("")) {
      journal.add(""); // the first step of a creation
    }
    assertEquals(2, findings(StoreFinding.Severity.WARNING).size(), store.verify().toString());
    RegionStore.open(directory);
    assertEquals(List.of("b"), store.list().stream().map(StoredRegion::name).toList());
    assertEquals(1, Journals.list(directory).size());
    assertEquals(List.of(), findings(StoreFinding.Severity.WARNING));
  }

  @Test
  void aJournalWithoutMembersAndHalfAJournalGo() throws Exception {
    journal("g").close();
    Path half = directory.resolve(".dmalloc-00000000000000000000000000000001.unfinished");
    Files.createDirectory(half);
    Files.createFile(half.resolve("lock"));
    Files.createFile(half.resolve("0"));
    assertEquals(2, findings(StoreFinding.Severity.WARNING).size(), store.verify().toString());
    RegionStore.open(directory);
    assertEquals(List.of(), files());
  }

  @Test
  void aRegionWithoutItsJournalIsRefusedAndSaidToBeDamaged() throws Exception {
    Path path;
    try (Journal journal = journal("g")) {
      create("a", journal).close();
      path = journal.path();
    }
    Path away = directory.resolveSibling("away-" + path.getFileName());
    Files.move(path, away);
    for (OpenMode mode : OpenMode.values()) {
      MemoryException refused = assertThrows(MemoryException.class, () -> valueOf("a", mode));
      assertTrue(message(refused).contains("is missing; put the journal back"), message(refused));
    }
    StoredRegion region = store.find("a").orElseThrow();
    assertEquals(StoredRegion.State.UNUSABLE, region.state());
    assertEquals(1, findings(StoreFinding.Severity.ERROR).size());
    Files.move(away, path);
    assertEquals(0, valueOf("a", OpenMode.READER));
    Files.move(path, away);
    store.delete("a");
    assertEquals(List.of(), files());
    for (String file : List.of("group", "0", "1", "lock")) {
      Files.delete(away.resolve(file));
    }
    Files.delete(away);
  }

  @Test
  void verifyTellsOfPendingCheckpointsAndOfDamage() throws Exception {
    Path slot;
    try (Journal journal = journal("g")) {
      StoreFile a = create("a", journal);
      seal(journal, member(a), 7);
      a.close();
      slot = journal.path().resolve("1");
      assertTrue(findings(StoreFinding.Severity.OK).toString().contains("1 regions, checkpoint 1"));
    }
    assertTrue(
        findings(StoreFinding.Severity.OK).toString().contains("checkpoint 1, which the next"),
        store.verify().toString());
    assertEquals(List.of(), findings(StoreFinding.Severity.WARNING));
    byte[] bytes = Files.readAllBytes(slot);
    bytes[2 * PAGE + 17] ^= 1;
    Files.write(slot, bytes);
    List<StoreFinding> errors = findings(StoreFinding.Severity.ERROR);
    assertEquals(1, errors.size(), store.verify().toString());
    assertTrue(errors.toString().contains("checkpoint 1, which was acknowledged"));
    MemoryException refused =
        assertThrows(MemoryException.class, () -> valueOf("a", OpenMode.READER));
    assertTrue(message(refused).contains("restore its regions from a backup"), message(refused));
    store.delete("a");
    assertEquals(List.of(), files());
  }

  @Test
  void aFileGrowsBeforeItsHeaderDoes() throws Exception {
    UUID id;
    try (Journal journal = journal("")) {
      id = journal.id();
      StoreFile a = create("a", journal);
      a.growFile(10 * SIZE, SpaceReserver.SPARSE);
      assertEquals(10 * SIZE, a.byteSize());
      assertThrows(IllegalStateException.class, () -> a.resize(SIZE, SpaceReserver.SPARSE));
      a.keepLength(3);
      a.forceHeader();
      a.close();
    }
    assertEquals(SIZE, store.find("a").orElseThrow().byteSize());
    assertEquals(SIZE, store.find("a").orElseThrow().length());
    assertEquals(List.of(), findings(StoreFinding.Severity.WARNING));
    try (Journal journal = Journal.open(directory, id, "a test")) {
      store.replay(journal);
      try (StoreFile a = store.open("a", OpenMode.WRITER, "a test")) {
        MemberFile file = a.memberFile();
        file.write(SIZE + 10, ByteBuffer.wrap(new byte[] {1, 2, 3})); // behind the size
        a.trim();
        assertEquals(FileLengths.of(a.dataOffset(), SIZE), Files.size(a.path()));
        file.settle(3 * SIZE - 1, 8);
        file.sync();
        ByteBuffer read = ByteBuffer.allocate(2 * SIZE);
        file.read(SIZE, read);
        assertArrayEquals(new byte[2 * SIZE], read.array());
        Arrays.fill(read.array(), (byte) 5);
        file.write(0, read.flip());
        file.zero(PAGE, 2 * PAGE);
        file.read(0, read.clear());
        byte[] expected = new byte[2 * SIZE];
        Arrays.fill(expected, (byte) 5);
        Arrays.fill(expected, PAGE, 3 * PAGE, (byte) 0);
        assertArrayEquals(expected, read.array());
      }
    }
    assertEquals(3 * SIZE - 1, store.find("a").orElseThrow().byteSize());
    assertEquals(8, store.find("a").orElseThrow().length());
  }
}
