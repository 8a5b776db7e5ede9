/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.spi.checkpoint.Journal;
import org.dmalloc.spi.checkpoint.Journals;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody who may write to the store's directory plants what leads elsewhere, or what blocks who
 * opens it. Nothing outside is read, written or deleted.
 */
@Timeout(60)
class HostileNeighbourTest {
  private static final String PRECIOUS = "precious";

  @TempDir private Path root;
  private Path directory;
  private Path outside;

  @BeforeEach
  void plant() throws Exception {
    directory = Files.createDirectory(root.resolve("store"));
    outside = Files.createDirectory(root.resolve("outside"));
    for (String name : List.of("file", "group", "0", "1", "lock")) {
      Files.writeString(outside.resolve(name), PRECIOUS);
    }
  }

  private void assertUntouched() throws Exception {
    for (String name : List.of("file", "group", "0", "1", "lock")) {
      assertEquals(PRECIOUS, Files.readString(outside.resolve(name)), name);
    }
  }

  private static void mkfifo(Path path) throws Exception {
    assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
  }

  private static StoreFile create(RegionStore store, String name) throws Exception {
    return store.create(name, 1, Reservation.SPARSE, SpaceReserver.SPARSE, "a test");
  }

  private static List<String> warnings(RegionStore store) throws Exception {
    return store.verify().stream()
        .filter(finding -> finding.severity() != StoreFinding.Severity.OK)
        .map(finding -> finding.subject() + ": " + finding.message())
        .toList();
  }

  private static void assertTold(RegionStore store, String what) throws Exception {
    List<String> told = warnings(store);
    assertTrue(told.stream().anyMatch(line -> line.contains(what)), told.toString());
  }

  @Test
  void aLinkInPlaceOfARegionIsNotFollowed() throws Exception {
    RegionStore store = RegionStore.open(directory);
    Files.createSymbolicLink(store.path("r"), outside.resolve("file"));
    Files.createSymbolicLink(store.path("absent"), outside.resolve("made"));
    for (String name : List.of("r", "absent")) {
      for (OpenMode mode : OpenMode.values()) {
        assertThrows(MemoryException.class, () -> store.open(name, mode, "a test"));
      }
      assertThrows(MemoryException.class, () -> create(store, name));
      assertThrows(MemoryException.class, () -> store.delete(name));
      assertThrows(MemoryException.class, () -> store.wipe(name, NameDurability.NOW));
      assertThrows(MemoryException.class, () -> store.rename(name, "other", NameDurability.NOW));
    }
    assertUntouched();
    assertTrue(Files.notExists(outside.resolve("made")));
    assertTold(store, "symbolic link");
  }

  @Test
  void aPipeOrADirectoryInPlaceOfARegionBlocksNobody() throws Exception {
    RegionStore store = RegionStore.open(directory);
    mkfifo(store.path("pipe"));
    Files.createDirectory(store.path("directory"));
    for (String name : List.of("pipe", "directory")) {
      for (OpenMode mode : OpenMode.values()) {
        assertThrows(MemoryException.class, () -> store.open(name, mode, "a test"));
      }
      assertThrows(MemoryException.class, () -> create(store, name));
      assertThrows(MemoryException.class, () -> store.wipe(name, NameDurability.NOW));
      assertTrue(Files.exists(store.path(name)));
    }
    assertEquals(2, store.list().size());
  }

  /** Deleting it leaves the other name what it was; wiping cannot, which verify says before. */
  @Test
  void aSecondNameOfARegionIsTold() throws Exception {
    RegionStore store = RegionStore.open(directory);
    create(store, "r").close();
    Files.createLink(outside.resolve("linked"), store.path("r"));
    assertTold(store, "hard links");
    long length = Files.size(outside.resolve("linked"));
    store.delete("r");
    assertEquals(length, Files.size(outside.resolve("linked")));
  }

  @Test
  void aLinkInPlaceOfAJournalIsNotFollowed() throws Exception {
    UUID id;
    RegionStore store = RegionStore.open(directory);
    try (Journal journal = Journal.create(directory, "group", "a test")) {
      id = journal.id();
      store.create("r", 1, Reservation.SPARSE, SpaceReserver.SPARSE, journal, "a test").close();
    }
    Path path = Journals.path(directory, id);
    Files.move(path, root.resolve("taken"));
    Files.createSymbolicLink(path, outside);
    assertThrows(MemoryException.class, () -> Journal.open(directory, id, "a test"));
    assertThrows(MemoryException.class, () -> store.open("r", OpenMode.READER, "a test"));
    RegionStore.open(directory);
    assertUntouched();
    assertTold(store, "symbolic link");
  }

  /** Opening a store removes what creations have left, by the names of a journal's files. */
  @Test
  void aLinkInPlaceOfAnUnfinishedJournalIsNotFollowed() throws Exception {
    Path planted = directory.resolve(".dmalloc-" + "ab".repeat(16) + ".unfinished");
    Files.createSymbolicLink(planted, outside);
    RegionStore store = RegionStore.open(directory);
    assertUntouched();
    assertTrue(Files.exists(planted, LinkOption.NOFOLLOW_LINKS));
    assertTold(store, "symbolic link");
  }

  @Test
  void linksAndPipesInPlaceOfTemporariesAreNotFollowed() throws Exception {
    Files.createSymbolicLink(
        directory.resolve(".dmalloc-" + UUID.randomUUID() + ".new"), outside.resolve("file"));
    mkfifo(directory.resolve(".dmalloc-" + UUID.randomUUID() + ".new"));
    RegionStore store = RegionStore.open(directory);
    create(store, "r").close();
    assertUntouched();
    assertTold(store, "dmalloc makes no such file");
  }

  /** No name leads out of the directory, whatever it contains. */
  @Test
  void namesStayInTheDirectory() throws Exception {
    RegionStore store = RegionStore.open(directory);
    for (String name :
        List.of("..", "../outside/file", "/etc/passwd", ".", "a/b", "a\\b", "%2e%2e")) {
      assertEquals(directory, store.path(name).normalize().getParent(), name);
      create(store, name).close();
    }
    assertUntouched();
    try (Stream<Path> files = Files.list(root)) {
      assertEquals(2, files.count());
    }
  }

  /** The mode of what is made does not depend on the umask; here it is 000, in another process. */
  @Test
  void filesAreTheirOwnersAloneWhateverTheUmask() throws Exception {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Process child =
        new ProcessBuilder(
                "sh",
                "-c",
                "umask 000 && exec \"$@\"",
                "sh",
                java.toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Maker.class.getName(),
                directory.resolve("made").toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, child.waitFor(), said);
    try (Stream<Path> all = Files.walk(directory.resolve("made"))) {
      List<Path> made = all.toList();
      assertTrue(made.size() >= 7, made.toString());
      for (Path path : made) {
        assertEquals(
            Files.isDirectory(path) ? "rwx------" : "rw-------",
            PosixFilePermissions.toString(Files.getPosixFilePermissions(path)),
            path.toString());
      }
    }
  }

  /** Runs in the other process. */
  static final class Maker {
    private Maker() {}

    public static void main(String[] args) throws Exception {
      RegionStore store = RegionStore.openDefault(Path.of(args[0]), null);
      create(store, "plain").close();
      try (Journal journal = Journal.create(store.directory(), "group", "a test")) {
        store
            .create("member", 1, Reservation.SPARSE, SpaceReserver.SPARSE, journal, "a test")
            .close();
      }
      StoreFile cut =
          store.createUnpublished(
              "unfinished",
              OpenMode.WRITER,
              1,
              Reservation.SPARSE,
              null,
              SpaceReserver.SPARSE,
              NameDurability.NOW,
              "a test");
      Runtime.getRuntime().halt(cut.byteSize() == 1 ? 0 : 1); // the temporary file stays
    }
  }

  @Test
  void aStoreThatOthersMayWriteIsTold() throws Exception {
    RegionStore store = RegionStore.open(directory);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwx---"));
    assertTold(store, "other users have access, mode rwxrwx---; chmod 700");
  }
}
