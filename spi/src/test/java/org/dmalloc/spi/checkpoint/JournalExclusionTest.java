/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.checkpoint.Journal.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal has one user, is what it is named, and outlives the death of its user. */
final class JournalExclusionTest {
  private static final int PAGE = 4096;

  @TempDir private Path store;

  private Process start(UUID id, String what) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            JournalHolder.class.getName(),
            store.toString(),
            id.toString(),
            what)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private UUID journal() throws MemoryException {
    try (Journal journal = Journal.create(store, "g", "a test")) {
      journal.add("r");
      return journal.id();
    }
  }

  private static String message(Throwable e) {
    return String.valueOf(e.getMessage());
  }

  @Test
  void anotherProcessIsKeptOff() throws Exception {
    UUID id = journal();
    Process other = start(id, "HOLD");
    try (BufferedReader said = other.inputReader()) {
      assertEquals("open", said.readLine());
      MemoryException refused =
          assertThrows(MemoryException.class, () -> Journal.open(store, id, "a test"));
      assertTrue(message(refused).contains("open in"), message(refused));
      assertTrue(Journals.isInUse(store, id));
      assertTrue(Journals.inspect(store, id).open());
      assertEquals(Optional.of(id), Journal.find(store, "g"));
      other.outputWriter().close();
      assertEquals(0, other.waitFor());
    } finally {
      other.destroyForcibly();
    }
    assertFalse(Journals.isInUse(store, id));
    Journal.open(store, id, "a test").close();
  }

  /** To look at a journal must not drop the lock of its user in this process. */
  @Test
  void whoLooksAtItDoesNotUnlockIt() throws Exception {
    UUID id = journal();
    try (Journal journal = Journal.open(store, id, "a test")) {
      assertTrue(Journals.inspect(store, id).open());
      assertTrue(Journals.isSettled(store, id));
      assertEquals(Optional.of(id), Journal.find(store, "g"));
      assertThrows(MemoryException.class, () -> Journal.open(store, id, "another"));
      Process other = start(id, "HOLD");
      try {
        assertTrue(other.waitFor() != 0, "it has opened " + journal.path());
      } finally {
        other.destroyForcibly();
      }
    }
  }

  @Test
  void whatWasSaidToBeDurableIsThereAfterAKill() throws Exception {
    UUID id = journal();
    for (int round = 0; round < 4; round++) {
      long said = 0;
      Process writer = start(id, "WRITE");
      try (BufferedReader lines = writer.inputReader()) {
        for (int line = 0; line < 4 + round; line++) {
          said = Long.parseLong(lines.readLine());
        }
        writer.toHandle().destroyForcibly(); // which leaves its output to be read
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          said = Long.parseLong(line);
        }
      }
      writer.waitFor();
      FileInMemory file = new FileInMemory();
      try (Journal journal = Journal.open(store, id, "a test")) {
        long sealed = journal.sealed();
        assertTrue(sealed == said || sealed == said + 1, sealed + " after " + said);
        journal.replay((member, region) -> Optional.of(file));
        assertEquals(sealed, journal.applied());
        if (file.byteSize() > 0) { // killed between the seal and the note that it is applied
          assertTrue(allAre(file.content(), (byte) sealed));
        }
        int[] pages = new int[1];
        journal
            .read(sealed)
            .orElseThrow()
            .read(
                (member, offset, content) -> {
                  byte[] bytes = new byte[content.remaining()];
                  content.get(bytes);
                  assertTrue(allAre(bytes, (byte) sealed));
                  pages[0] += bytes.length / PAGE;
                });
        assertEquals(JournalHolder.PAGES, pages[0]);
      }
    }
  }

  private static boolean allAre(byte[] bytes, byte value) {
    for (byte b : bytes) {
      if (b != value) {
        return false;
      }
    }
    return true;
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(String.valueOf(file.getFileName())));
      }
    }
  }

  @Test
  void aCopyUnderAnotherNameIsRefusedAndOneInAnotherStoreHasNothingToApply() throws Exception {
    UUID id = journal();
    Path path = Journals.path(store, id);
    try (Journal journal = Journal.open(store, id, "a test")) {
      try (Journal.Writer writer = journal.begin(1)) {
        writer.write(1, 0, MemorySegment.ofArray(new byte[PAGE]));
        writer.seal(List.of(new State(1, PAGE, -1)));
      }
    }
    UUID other = new UUID(1, 2);
    copy(path, Journals.path(store, other));
    MemoryException refused =
        assertThrows(MemoryException.class, () -> Journal.open(store, other, "a test"));
    assertTrue(message(refused).contains("it is a copy of the journal"), message(refused));
    assertTrue(Journals.inspect(store, other).damage().contains("it is a copy"));

    Path elsewhere = Files.createDirectory(store.resolve("elsewhere"));
    copy(path, Journals.path(elsewhere, id));
    try (Journal journal = Journal.open(elsewhere, id, "a test")) {
      journal.replay((member, region) -> Optional.empty());
      assertEquals(1, journal.applied());
    }
    try (Journal journal = Journal.open(store, id, "a test")) {
      assertEquals(0, journal.applied());
    }
  }

  /** Slots of one journal mean nothing in another one. */
  @Test
  void aSlotOfAnotherJournalIsNotTakenForItsOwn() throws Exception {
    UUID id = journal();
    UUID other;
    try (Journal journal = Journal.create(store, "other", "a test")) {
      other = journal.id();
      int member = journal.add("r");
      try (Journal.Writer writer = journal.begin(1)) {
        writer.write(member, 0, MemorySegment.ofArray(new byte[PAGE]));
        writer.seal(List.of(new State(member, PAGE, -1)));
      }
    }
    Files.copy(
        Journals.path(store, other).resolve("1"),
        Journals.path(store, id).resolve("1"),
        StandardCopyOption.REPLACE_EXISTING);
    try (Journal journal = Journal.open(store, id, "a test")) {
      assertEquals(0, journal.sealed());
    }
    Files.delete(Journals.path(store, other).resolve("1")); // acknowledged, and not applied
    try (Journal journal = Journal.open(store, other, "a test")) {
      MemoryException refused =
          assertThrows(
              MemoryException.class, () -> journal.replay((member, region) -> Optional.empty()));
      assertTrue(message(refused).contains("it is empty"), message(refused));
    }
  }

  @Test
  void anotherVersionIsToldFromDamage() throws Exception {
    UUID id = journal();
    Path group = Journals.path(store, id).resolve("group");
    byte[] bytes = Files.readAllBytes(group);
    ByteBuffer page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (long position : SuperblockFile.COPY_POSITIONS) {
      ByteBuffer copy = PageFormat.slice(page, (int) position, PAGE);
      copy.putInt(8, 2);
      PageFormat.seal(copy);
    }
    Files.write(group, bytes);
    MemoryException refused =
        assertThrows(MemoryException.class, () -> Journal.open(store, id, "a test"));
    assertTrue(message(refused).contains("too new: format version 2"), message(refused));
    bytes[PAGE + 9] ^= 1;
    bytes[9] ^= 1;
    Files.write(group, bytes);
    refused = assertThrows(MemoryException.class, () -> Journal.open(store, id, "a test"));
    assertTrue(message(refused).contains("damaged: both copies"), message(refused));
  }
}
