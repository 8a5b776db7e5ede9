/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoreFinding.Severity;
import org.dmalloc.api.StoredRegion.State;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Names that stop leading to the file that they led to. */
final class NamedFileTest {
  private static final long SIZE = 5000;

  @TempDir Path directory;
  private Path storeDirectory;
  private RegionStore store;

  @BeforeEach
  void openStore() throws Exception {
    storeDirectory = directory.resolve("store");
    store = RegionStore.openDefault(storeDirectory, null);
  }

  /** One process creates and deletes a name over and over, another opens and lists it. */
  @Test
  void aDeletedNameNeverComesBack() throws Exception {
    Files.createDirectory(storeDirectory);
    Process churner =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                storeDirectory.toString(),
                "r",
                "CHURN")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var said = churner.inputReader()) {
      assertEquals("churning", said.readLine());
      while (churner.isAlive()) {
        store.list().forEach(region -> assertFalse(region.byteSize() == 0, region.toString()));
        for (OpenMode mode : OpenMode.values()) {
          try (StoreFile opened = store.open("r", mode, "test")) {
            assertEquals(100, opened.byteSize());
          } catch (MemoryException e) {
            // Just deleted, or not yet there, or held by the other.
          }
        }
        store.verify();
      }
      assertEquals(0, churner.waitFor());
    } finally {
      churner.destroyForcibly();
    }
    assertEquals(List.of(), files());
  }

  @Test
  void aDeletedFileIsToldByResizeAndListing() throws Exception {
    try (StoreFile file = create("r");
        Arena arena = Arena.ofShared()) {
      var mapped = file.data().map(MapMode.READ_WRITE, arena);
      file.data().force(mapped, 0, SIZE);
      file.checkName("force");
      assertEquals(Optional.empty(), file.fate());
      Files.delete(store.path("r"));
      assertEquals(Optional.of("its file was deleted"), file.fate());
      MemoryException e = assertThrows(MemoryException.class, () -> file.checkName("force"));
      assertTrue(message(e).contains("its file was deleted; copy its content"), message(e));
      e = assertThrows(MemoryException.class, () -> file.resize(2 * SIZE, SpaceReserver.SPARSE));
      assertTrue(message(e).startsWith("resize"), message(e));
      assertEquals(SIZE, file.byteSize());
      assertEquals(List.of(), store.list());
    }
  }

  /** A growth that ends between two looks at the file is no cut. */
  @Test
  void aFileThatGrowsIsNotCutShort() throws Exception {
    try (StoreFile file = create("r")) {
      FutureTask<Boolean> growth =
          new FutureTask<>(
              () -> {
                for (long size = 2 * SIZE; size < 300 * SIZE; size += SIZE) {
                  file.resize(size, SpaceReserver.SPARSE);
                }
                return true;
              });
      Thread.ofPlatform().daemon().start(growth);
      while (!growth.isDone()) {
        file.checkLength("force");
      }
      assertTrue(growth.get());
    }
  }

  @Test
  void aReplacedFileIsToldAndTheOtherIsNotDeleted() throws Exception {
    create("z").close();
    StoreFile file = create("x");
    Files.move(store.path("x"), store.path("y"));
    Files.copy(store.path("z"), store.path("x"));
    assertEquals(
        Optional.of("its file was renamed to " + store.path("y") + " and replaced by another file"),
        file.fate());
    file.discard();
    assertEquals(List.of("x.region", "y.region", "z.region"), files());
    store.open("x", OpenMode.WRITER, "test").close();
    store.open("y", OpenMode.WRITER, "test").close();
  }

  @Test
  void aRenamedDirectoryIsToldAndNotMadeAnew() throws Exception {
    Path renamed = directory.resolve("renamed");
    try (StoreFile file = create("r")) {
      Files.move(storeDirectory, renamed);
      assertEquals(
          Optional.of("its directory was renamed: its file is " + renamed.resolve("r.region")),
          file.fate());
      MemoryException e = assertThrows(MemoryException.class, () -> create("s"));
      assertTrue(message(e).contains("was renamed or deleted since"), message(e));
      // Whoever has another copy of the classes, or another store object, sees it too.
      e =
          assertThrows(
              MemoryException.class,
              () ->
                  RegionStore.openDefault(storeDirectory, null)
                      .createUnnamed(SIZE, SpaceReserver.SPARSE));
      assertTrue(message(e).contains("was renamed or deleted since"), message(e));
      assertFalse(Files.exists(storeDirectory));
      assertEquals(Severity.ERROR, store.verify().getFirst().severity());
    }
    Files.move(renamed, storeDirectory);
    create("s").close();
    assertEquals(List.of("r.region", "s.region"), files());
  }

  @Test
  void aLinkOutOfTheStoreIsNotFollowed() throws Exception {
    create("r").close();
    Path outside = directory.resolve("outside");
    Files.move(store.path("r"), outside);
    Files.createSymbolicLink(store.path("r"), outside);
    for (OpenMode mode : OpenMode.values()) {
      MemoryException e = assertThrows(MemoryException.class, () -> store.open("r", mode, "test"));
      assertTrue(message(e).contains("not a region"), message(e));
    }
    assertThrows(MemoryException.class, () -> store.delete("r"));
    assertTrue(Files.exists(outside));
    assertEquals(State.UNUSABLE, store.list().getFirst().state());
  }

  @Test
  void verifyNamesWhatItStumblesOverAndGoesOn() throws Exception {
    create("r").close();
    Files.createDirectory(storeDirectory.resolve(".dmalloc-d.new"));
    Files.createSymbolicLink(storeDirectory.resolve(".dmalloc-l.new"), Path.of("/dev/zero"));
    Files.createLink(directory.resolve("second name"), store.path("r"));
    boolean fifo = Files.isExecutable(Path.of("/usr/bin/mkfifo"));
    if (fifo) {
      Path pipe = storeDirectory.resolve(".dmalloc-f.new");
      assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    }
    List<StoreFinding> findings = store.verify();
    for (String odd : fifo ? List.of("d", "l", "f") : List.of("d", "l")) {
      StoreFinding finding = of(findings, ".dmalloc-" + odd + ".new");
      assertEquals(Severity.WARNING, finding.severity());
      assertTrue(finding.message().contains("not a region"), finding.message());
    }
    StoreFinding region = of(findings, "region r");
    assertEquals(Severity.WARNING, region.severity());
    assertTrue(region.message().contains("has 2 names (hard links)"), region.message());
    // The next opening neither waits for the pipe nor removes what is not dmalloc's.
    RegionStore.open(storeDirectory);
    assertEquals(fifo ? 4 : 3, files().size());
  }

  @Test
  void whatIsNoRegularFileIsNamedWithTheOneStepThatHelps() throws Exception {
    create("other").close();
    Map<String, String> kinds = new TreeMap<>();
    Files.createSymbolicLink(store.path("link"), Path.of("/dev/zero"));
    kinds.put("link", "a symbolic link");
    Files.createDirectories(store.path("directory").resolve("within"));
    kinds.put("directory", "a directory");
    if (Files.isExecutable(Path.of("/usr/bin/mkfifo"))) {
      Path pipe = store.path("pipe");
      assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
      kinds.put("pipe", "a pipe (FIFO)");
    }
    for (var each : kinds.entrySet()) {
      String name = each.getKey();
      String expected =
          String.format(
              Locale.ROOT,
              " %s: %s, not a region; move it out of the store, or choose another name",
              store.path(name),
              each.getValue());
      assertEquals(
          "allocate" + expected,
          assertThrows(MemoryException.class, () -> create(name)).getMessage());
      for (OpenMode mode : OpenMode.values()) {
        assertEquals(
            "open" + expected,
            assertThrows(MemoryException.class, () -> store.open(name, mode, "test")).getMessage());
      }
      assertEquals(
          "delete" + expected,
          assertThrows(MemoryException.class, () -> store.delete(name)).getMessage());
      // No advice to change the mode, which would change what a link leads to, nor about links.
      assertEquals(
          List.of(new StoreFinding(Severity.ERROR, "region " + name, "open" + expected)),
          store.verify().stream().filter(f -> f.subject().equals("region " + name)).toList());
    }
    assertEquals(kinds.size() + 1, files().size());
  }

  @Test
  void theModeOfALinkToTheStoreIsNotTakenForTheStores() throws Exception {
    create("r").close();
    Path link = Files.createSymbolicLink(directory.resolve("link"), storeDirectory);
    for (StoreFinding finding : RegionStore.open(link).verify()) {
      assertFalse(finding.message().contains("chmod"), finding.toString());
    }
  }

  @Test
  void aForeignFileIsNeitherDeletedNorTakenForARegion() throws Exception {
    create("other").close();
    Path notes = store.path("notes");
    Files.writeString(notes, "my notes");
    assertEquals(
        "delete "
            + notes
            + ": foreign: not a region file, it lacks the magic number; remove it yourself, or move"
            + " it out of the store",
        assertThrows(MemoryException.class, () -> store.delete("notes")).getMessage());
    assertEquals(
        "allocate "
            + notes
            + ": foreign: not a region file, it lacks the magic number; move it out of the store,"
            + " or choose another name",
        assertThrows(MemoryException.class, () -> create("notes")).getMessage());
    assertEquals("my notes", Files.readString(notes));
  }

  @Test
  void aVanishedDirectoryIsToldByEveryOperation() throws Exception {
    Files.createDirectory(storeDirectory);
    RegionStore configured = RegionStore.open(storeDirectory);
    for (RegionStore each : List.of(store, configured)) {
      StoreFile unnamed = each.createUnnamed(SIZE, SpaceReserver.SPARSE);
      Files.delete(storeDirectory);
      for (Executable operation :
          List.<Executable>of(
              each::list,
              each::fileSystem,
              () -> assertEquals(List.of(), configured.verify()),
              () -> each.open("r", OpenMode.READER, "test"),
              () -> each.delete("r"),
              () -> each.create("r", SIZE, Reservation.SPARSE, SpaceReserver.SPARSE, "test"),
              () -> RegionStore.open(storeDirectory),
              () -> unnamed.data().requireRoom("prefault", SIZE),
              () -> unnamed.resize(2 * SIZE, SpaceReserver.zeros(ProgressListener.NONE)))) {
        MemoryException e = assertThrows(MemoryException.class, operation);
        assertTrue(
            message(e)
                .contains(
                    storeDirectory
                        + ": the store's directory was renamed or deleted since this JVM used it;"
                        + " put it back"),
            message(e));
      }
      unnamed.close();
      Files.createDirectory(storeDirectory);
    }
  }

  @Test
  void verifyTellsOfAForeignOwner() throws Exception {
    Assumptions.assumeTrue(
        "root".equals(System.getProperty("user.name")), "giving a file away needs root");
    create("r").close();
    Files.setAttribute(store.path("r"), "unix:uid", 65534);
    StoreFinding finding = of(store.verify(), "region r");
    assertEquals(Severity.WARNING, finding.severity());
    assertTrue(finding.message().contains("is owned by"), finding.message());
  }

  private StoreFile create(String name) throws MemoryException {
    return store.create(name, SIZE, Reservation.SPARSE, SpaceReserver.SPARSE, "test");
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(storeDirectory)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  private static StoreFinding of(List<StoreFinding> findings, String subject) {
    return findings.stream()
        .filter(finding -> finding.subject().equals(subject))
        .findFirst()
        .orElseThrow(() -> new AssertionError("nothing about " + subject + " in " + findings));
  }

  private static String message(Throwable e) {
    return Objects.requireNonNull(e.getMessage());
  }
}
