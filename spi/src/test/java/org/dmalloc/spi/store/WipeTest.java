/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;
import org.dmalloc.spi.checkpoint.Journal;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is deleted with wiping is read by a second name of its file, which stands for the blocks
 * that the file system gives back.
 */
class WipeTest {
  private static final byte[] SECRET = "SECRET".getBytes(StandardCharsets.US_ASCII);
  private static final int SIZE = 3 << 20;

  @TempDir private Path directory;
  private RegionStore store;
  private Path otherName;

  @BeforeEach
  void open() throws Exception {
    store = RegionStore.open(Files.createDirectory(directory.resolve("store")));
    otherName = directory.resolve("blocks");
  }

  /** A region with the secret at both ends, whose file has a second name. */
  private void create(String name) throws Exception {
    try (StoreFile file =
        store.create(name, SIZE, Reservation.SPARSE, SpaceReserver.SPARSE, "a test")) {
      file.disk().write(file.dataOffset() + 5, ByteBuffer.wrap(SECRET));
      file.disk().write(file.dataOffset() + SIZE - SECRET.length, ByteBuffer.wrap(SECRET));
    }
    Files.createLink(otherName, store.path(name));
  }

  private boolean hasAnything() throws Exception {
    for (byte b : Files.readAllBytes(otherName)) {
      if (b != 0) {
        return true;
      }
    }
    return false;
  }

  @Test
  void aWipedFileIsZeroBeforeItGoes() throws Exception {
    create("r");
    store.wipe("r", NameDurability.NOW);
    assertFalse(Files.exists(store.path("r")));
    assertFalse(hasAnything());
  }

  @Test
  void holesStayHoles() throws Exception {
    create("r");
    long before = blocks();
    store.wipe("r", NameDurability.NOW);
    assertTrue(blocks() <= before, before + " blocks, then " + blocks());
  }

  private long blocks() throws Exception {
    Process du =
        new ProcessBuilder("du", "-k", otherName.toString()).redirectErrorStream(true).start();
    String said = new String(du.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, du.waitFor(), said);
    return Long.parseLong(said.split("\\s", 2)[0]);
  }

  @Test
  void anOrdinaryDeletionLeavesTheBytesToTheDevice() throws Exception {
    create("r");
    store.delete("r");
    assertTrue(hasAnything());
  }

  @Test
  void whatIsOpenIsNotWiped() throws Exception {
    create("r");
    try (StoreFile file = store.open("r", OpenMode.WRITER, "a test")) {
      assertThrows(MemoryException.class, () -> store.wipe("r", NameDurability.NOW));
      byte[] kept = new byte[SECRET.length];
      file.disk().read(file.dataOffset() + 5, kept);
      assertEquals("SECRET", new String(kept, StandardCharsets.US_ASCII));
    }
  }

  @Test
  void whatIsNoRegionIsNotWiped() throws Exception {
    Files.write(store.path("r"), SECRET);
    assertThrows(MemoryException.class, () -> store.wipe("r", NameDurability.NOW));
    assertEquals("SECRET", Files.readString(store.path("r")));
  }

  @Test
  void theJournalOfTheLastRegionIsWipedToo() throws Exception {
    UUID id;
    try (Journal journal = Journal.create(store.directory(), "group", "a test")) {
      id = journal.id();
      store.create("a", SIZE, Reservation.SPARSE, SpaceReserver.SPARSE, journal, "a test").close();
    }
    Path group = journalFile(id);
    Files.createLink(otherName, group);
    assertTrue(hasAnything());
    store.wipe("a", NameDurability.NOW);
    assertFalse(hasAnything());
    try (Stream<Path> files = Files.list(store.directory())) {
      assertEquals(List.of(), files.toList());
    }
  }

  private Path journalFile(UUID id) {
    return store.directory().resolve(id.toString().replace("-", "") + ".journal").resolve("group");
  }

  @Test
  void theBytesOfAnOpenRegionAreWipedWhereTheyAre() throws Exception {
    create("r");
    try (StoreFile file = store.open("r", OpenMode.WRITER, "a test")) {
      file.wipe(0, SIZE);
    }
    try (StoreFile file = store.open("r", OpenMode.WRITER, "a test")) { // the header is whole
      byte[] gone = new byte[SIZE];
      file.disk().read(file.dataOffset(), gone);
      assertEquals(-1, ByteBuffer.wrap(gone).mismatch(ByteBuffer.allocate(SIZE)));
    }
  }
}
