/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.checkpoint.Journal.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a journal does as long as nothing goes wrong. */
final class JournalTest {
  private static final int PAGE = 4096;

  @TempDir private Path store;

  private final Map<String, FileInMemory> files = new HashMap<>();

  private Optional<MemberFile> file(int member, String region) {
    return Optional.ofNullable(files.get(region));
  }

  private static MemorySegment pages(int value, int count) {
    byte[] bytes = new byte[count * PAGE];
    Arrays.fill(bytes, (byte) value);
    return MemorySegment.ofArray(bytes);
  }

  private static void checkpoint(Journal journal, int member, long offset, MemorySegment pages)
      throws MemoryException {
    try (Journal.Writer writer = journal.begin(journal.sealed() + 1)) {
      writer.reserve(pages.byteSize());
      writer.write(member, offset, pages);
      writer.seal(List.of(new State(member, 1 << 20, -1)));
    }
  }

  @Test
  void bringsWhatWasSealedIntoTheFilesWhenItIsOpened() throws Exception {
    UUID id;
    try (Journal journal = Journal.create(store, "g", "a test")) {
      id = journal.id();
      int a = journal.add("a");
      int b = journal.add("b");
      assertEquals(Map.of(a, "a", b, "b"), journal.members());
      try (Journal.Writer writer = journal.begin(1)) {
        writer.write(a, 0, pages(1, 3));
        writer.write(b, PAGE, pages(2, 1));
        writer.write(a, PAGE, pages(3, 1));
        writer.write(b, 4 * PAGE, pages(0, 2));
        writer.seal(List.of(new State(a, 3 * PAGE - 5, 77), new State(b, 6 * PAGE, -1)));
      }
      assertEquals(1, journal.sealed());
      assertEquals(0, journal.applied());
      assertTrue(journal.sealedAt().isAfter(Instant.EPOCH));
    }
    files.put("a", new FileInMemory());
    files.put("b", new FileInMemory());
    try (Journal journal = Journal.open(store, id, "a test")) {
      assertEquals("g", journal.group());
      assertEquals(1, journal.sealed());
      assertEquals(0, journal.applied());
      journal.replay(this::file);
      assertEquals(1, journal.applied());
    }
    byte[] a = new byte[3 * PAGE - 5];
    Arrays.fill(a, (byte) 1);
    Arrays.fill(a, PAGE, 2 * PAGE, (byte) 3);
    assertArrayEquals(a, files.get("a").content());
    assertEquals(77, files.get("a").length());
    byte[] b = new byte[6 * PAGE];
    Arrays.fill(b, PAGE, 2 * PAGE, (byte) 2);
    assertArrayEquals(b, files.get("b").content());
    for (FileInMemory file : files.values()) {
      assertTrue(file.syncs() > 0);
      assertEquals(1, file.closed());
    }
    files.clear(); // nothing is left to be replayed
    try (Journal journal = Journal.open(store, id, "a test")) {
      journal.replay(
          (member, region) -> {
            throw new AssertionError(region);
          });
      assertEquals(1, journal.sealed());
      assertTrue(journal.sealedAt().isAfter(Instant.EPOCH));
    }
  }

  @Test
  void aPageIsShownOnceAndAsTheLastWriteHasIt() throws Exception {
    Random random = new Random(7);
    try (Journal journal = Journal.create(store, "", "a test")) {
      int a = journal.add("a");
      int b = journal.add("b");
      Map<Integer, Map<Long, byte[]>> expected = Map.of(a, new HashMap<>(), b, new HashMap<>());
      try (Journal.Writer writer = journal.begin(1)) {
        for (int write = 0; write < 3000; write++) {
          int member = random.nextInt(4) == 0 ? b : a;
          long page = random.nextInt(4000);
          int count = 1 + random.nextInt(random.nextInt(20) == 0 ? 600 : 4);
          byte[] content = new byte[count * PAGE];
          if (random.nextInt(3) > 0) {
            random.nextBytes(content);
          }
          writer.write(member, page * PAGE, MemorySegment.ofArray(content));
          for (int i = 0; i < count; i++) {
            expected
                .get(member)
                .put(page + i, Arrays.copyOfRange(content, i * PAGE, (i + 1) * PAGE));
          }
        }
        writer.seal(List.of(new State(a, 5000L * PAGE, -1), new State(b, 5000L * PAGE, 3)));
      }
      Journal.Sealed sealed = journal.read(1).orElseThrow();
      assertEquals(1, sealed.number());
      assertEquals(
          List.of(new State(a, 5000L * PAGE, -1), new State(b, 5000L * PAGE, 3)), sealed.members());
      assertEquals(expected.get(a).size(), sealed.pages(a));
      assertEquals(expected.get(b).size(), sealed.pages(b));
      long[] last = {-1, -1};
      sealed.read(
          (member, offset, content) -> {
            assertTrue(
                member > last[0] || (member == last[0] && offset > last[1]), "not ascending");
            assertEquals(0, content.remaining() % PAGE);
            for (long page = offset / PAGE; content.hasRemaining(); page++) {
              byte[] shown = new byte[PAGE];
              content.get(shown);
              byte[] held = expected.get(member).remove(page);
              assertArrayEquals(held, shown, member + " page " + page);
              last[1] = page * PAGE;
            }
            last[0] = member;
          });
      assertEquals(Map.of(a, Map.of(), b, Map.of()), expected);
    }
  }

  @Test
  void theSlotsTakeTurnsAndWaitForTheFiles() throws Exception {
    try (Journal journal = Journal.create(store, "", "a test")) {
      int a = journal.add("a");
      checkpoint(journal, a, 0, pages(1, 1));
      checkpoint(journal, a, 0, pages(2, 1));
      assertThrows(IllegalArgumentException.class, () -> journal.begin(3));
      assertThrows(IllegalArgumentException.class, () -> journal.begin(2));
      assertThrows(IllegalArgumentException.class, () -> journal.applied(3));
      journal.applied(1);
      checkpoint(journal, a, 0, pages(3, 1));
      assertTrue(journal.read(1).isEmpty());
      assertEquals(2, journal.read(2).orElseThrow().number());
      assertEquals(3, journal.read(3).orElseThrow().number());
      assertTrue(journal.read(4).isEmpty());
      assertEquals(3, journal.sealed());
      journal.applied(3);
      try (Journal.Writer abandoned = journal.begin(4)) {
        abandoned.write(a, 0, pages(9, 5));
        assertThrows(IllegalStateException.class, () -> journal.begin(4));
      }
      assertEquals(3, journal.sealed());
      assertTrue(journal.read(2).isEmpty());
      checkpoint(journal, a, 0, pages(4, 1));
      assertEquals(4, journal.sealed());
    }
  }

  @Test
  void anAbandonedCheckpointIsNotThere() throws Exception {
    UUID id;
    try (Journal journal = Journal.create(store, "", "a test")) {
      id = journal.id();
      int a = journal.add("a");
      checkpoint(journal, a, 0, pages(1, 1));
      Journal.Writer writer = journal.begin(2);
      writer.write(a, 0, pages(2, 1000));
      writer.close();
      assertThrows(IllegalStateException.class, () -> writer.write(a, 0, pages(2, 1)));
    }
    files.put("a", new FileInMemory());
    try (Journal journal = Journal.open(store, id, "a test")) {
      assertEquals(1, journal.sealed());
      journal.replay(this::file);
      assertEquals(1, files.get("a").content()[0]);
      assertEquals(1, journal.applied());
    }
  }

  @Test
  void membersAreKept() throws Exception {
    UUID id;
    Map<Integer, String> expected = new HashMap<>();
    try (Journal journal = Journal.create(store, "many", "a test")) {
      id = journal.id();
      for (int i = 0; i < 500; i++) {
        String region = "a region with a long name, number " + i;
        expected.put(journal.add(region), region);
      }
      List<Integer> numbers = new ArrayList<>(expected.keySet());
      for (int i = 0; i < 100; i++) {
        journal.remove(numbers.get(i));
        expected.remove(numbers.get(i));
      }
      journal.rename(numbers.get(200), "another name");
      expected.put(numbers.get(200), "another name");
      assertThrows(IllegalArgumentException.class, () -> journal.remove(numbers.get(0)));
      try (Journal.Writer writer = journal.begin(1)) {
        assertThrows(
            IllegalArgumentException.class, () -> writer.write(numbers.get(0), 0, pages(1, 1)));
        List<State> states = new ArrayList<>();
        for (int member : expected.keySet()) {
          states.add(new State(member, member, -1));
        }
        writer.seal(states);
        assertEquals(states, journal.read(1).orElseThrow().members());
      }
    }
    try (Journal journal = Journal.open(store, id, "a test")) {
      assertEquals(expected, journal.members());
      int next = journal.add("one more");
      assertFalse(expected.containsKey(next));
      assertEquals(501, next);
    }
  }

  @Test
  void isFoundByItsGroupAndGoesWithItsDeletion() throws Exception {
    try (Journal one = Journal.create(store, "one", "a test");
        Journal two = Journal.create(store, "two", "a test")) {
      assertEquals(Optional.of(one.id()), Journal.find(store, "one"));
      assertEquals(Optional.of(two.id()), Journal.find(store, "two"));
      assertEquals(Optional.empty(), Journal.find(store, "three"));
      String name = one.path().getFileName().toString();
      assertEquals(one.id().toString().replace("-", "") + ".journal", name);
      assertEquals(
          PosixFilePermissions.fromString("rwx------"), Files.getPosixFilePermissions(one.path()));
      try (Stream<Path> all = Files.list(one.path())) {
        for (Path file : all.toList()) {
          assertEquals(
              PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(file));
        }
      }
      one.delete();
      assertEquals(Optional.empty(), Journal.find(store, "one"));
      assertFalse(Files.exists(one.path()));
      assertThrows(MemoryException.class, () -> Journal.open(store, one.id(), "a test"));
    }
    try (Stream<Path> all = Files.list(store)) {
      assertEquals(1, all.count());
    }
  }

  @Test
  void hasOneOpener() throws Exception {
    try (Journal journal = Journal.create(store, "", "the first")) {
      MemoryException refused =
          assertThrows(
              MemoryException.class, () -> Journal.open(store, journal.id(), "the second"));
      assertTrue(refused.getMessage().contains("in this JVM by the first"), refused.getMessage());
    }
  }

  @Test
  void anInterruptChangesNothing() throws Exception {
    try (Journal journal = Journal.create(store, "", "a test")) {
      int a = journal.add("a");
      Thread.currentThread().interrupt();
      checkpoint(journal, a, 0, pages(1, 700));
      journal.applied(1);
      checkpoint(journal, a, 0, pages(2, 700));
      assertTrue(Thread.interrupted());
      assertEquals(2, journal.read(2).orElseThrow().number());
    }
  }

  @Test
  void spaceIsTakenBeforeItIsWritten() throws Exception {
    try (Journal journal = Journal.create(store, "", "a test")) {
      int a = journal.add("a");
      try (Journal.Writer writer = journal.begin(1)) {
        writer.reserve(5_000_000);
        long reserved = journal.byteSize();
        assertTrue(reserved > 5_000_000);
        for (int page = 0; page < 5_000_000 / PAGE; page++) {
          writer.write(a, 2L * page * PAGE, pages(page, 1)); // no two are neighbours
        }
        writer.seal(List.of(new State(a, 1L << 30, -1)));
        assertEquals(reserved, journal.byteSize());
        assertTrue(writer.writtenBytes() > 4_990_000);
      }
    }
  }

  @Test
  void zerosTakeNoSpace() throws Exception {
    try (Journal journal = Journal.create(store, "", "a test")) {
      int a = journal.add("a");
      try (Journal.Writer writer = journal.begin(1)) {
        writer.write(a, 0, pages(0, 5000));
        writer.seal(List.of(new State(a, 1L << 30, -1)));
      }
      assertTrue(journal.byteSize() < 100_000, "bytes: " + journal.byteSize());
      assertEquals(5000, journal.read(1).orElseThrow().pages(a));
      ByteBuffer seen = ByteBuffer.allocate(5000 * PAGE);
      journal.read(1).orElseThrow().read((member, offset, content) -> seen.put(content));
      assertFalse(seen.hasRemaining());
    }
  }
}
