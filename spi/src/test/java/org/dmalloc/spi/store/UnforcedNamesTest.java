/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoredRegion;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is put off is noted until it is forced, and survives its process. */
final class UnforcedNamesTest {
  @TempDir Path directory;
  private RegionStore store;

  @BeforeEach
  void openStore() throws Exception {
    store = RegionStore.open(directory);
  }

  private StoreFile putOff(String name) throws MemoryException {
    return create(name, NameDurability.ON_FORCE);
  }

  private StoreFile create(String name, NameDurability durable) throws MemoryException {
    return store.create(name, 100, Reservation.SPARSE, SpaceReserver.SPARSE, durable, "test");
  }

  private List<String> names() throws MemoryException {
    return store.list().stream().map(StoredRegion::name).toList();
  }

  @Test
  void whatIsDurableAtOnceIsNotNoted() throws Exception {
    try (StoreFile file = create("r", NameDurability.NOW)) {
      file.resize(5000, SpaceReserver.SPARSE);
      file.keepLength(17);
      file.forceName();
      file.rename("s", NameDurability.NOW, (name, path) -> {});
    }
    store.rename("s", "t", NameDurability.NOW);
    store.delete("t");
    assertEquals(0, store.unforced().count());
  }

  @Test
  void anOpenFileIsNotedUntilItIsForced() throws Exception {
    try (StoreFile file = putOff("r")) {
      assertEquals(2, store.unforced().count()); // itself and the directory
      file.forceName();
      assertEquals(1, store.unforced().count());
      file.resize(5000, SpaceReserver.SPARSE);
      assertEquals(2, store.unforced().count());
      file.forceHeader();
      assertEquals(1, store.unforced().count());
      store.unforced().force();
      assertEquals(0, store.unforced().count());
    }
    assertEquals(0, store.unforced().count());
  }

  @Test
  void aClosedFileIsForcedByItsPathAndItsHoldersKeepTheirLock() throws Exception {
    putOff("r").close();
    putOff("gone").close();
    putOff("moved").close();
    store.delete("gone", false, NameDurability.ON_FORCE);
    store.rename("moved", "elsewhere", NameDurability.ON_FORCE);
    assertEquals(3, store.unforced().count());
    try (StoreFile file = store.open("r", OpenMode.WRITER, "test")) {
      store.unforced().force();
      assertEquals(0, store.unforced().count());
      assertEquals(100, file.byteSize());
      Process other = holder("r", "WRITER");
      assertTrue(line(other).contains("open elsewhere"));
    }
    assertEquals("open", line(holder("r", "WRITER")));
  }

  @Test
  void whatIsDeletedIsNotNotedForEver() throws Exception {
    putOff("closed").close();
    store.delete("closed", false, NameDurability.ON_FORCE);
    putOff("unlinked").close();
    store.delete("unlinked", true, NameDurability.ON_FORCE);
    StoreFile open = putOff("open");
    store.delete("open", true, NameDurability.ON_FORCE);
    open.close();
    assertEquals(1, store.unforced().count()); // the directory
  }

  @Test
  void aClosedFileIsForcedByTheNameThatItGotSince() throws Exception {
    putOff("pending").close();
    store.rename("pending", "published", NameDurability.ON_FORCE);
    assertEquals(Set.of(directory, store.path("published")), store.unforced().paths());
    store.unforced().force();
    assertEquals(Set.of(), store.unforced().paths());
  }

  /** Who opens a file cannot know whether the process that made it has forced it. */
  @Test
  void theFirstForceAfterAnOpeningForcesTheNameThatAnotherProcessGave() throws Exception {
    putOff("r").close();
    RegionStore other = RegionStore.open(directory); // of a process that has noted nothing
    AtomicInteger forced = new AtomicInteger();
    other
        .entries()
        .callBy(
            new DirectoryEntries.Calls() {
              @Override
              public void force(Path path) throws IOException {
                forced.incrementAndGet();
                DirectoryEntries.force(path);
              }
            });
    for (OpenMode mode : OpenMode.values()) {
      forced.set(0);
      try (StoreFile file = other.open("r", mode, NameDurability.NOW, "test")) {
        file.forceName();
        assertEquals(1, forced.get(), "of " + mode);
        file.forceName();
        assertEquals(1, forced.get(), "of " + mode);
      }
      other.open("r", mode, NameDurability.NOW, "test").close();
      assertEquals(1, forced.get(), "to close is not to force");
    }
    assertEquals(0, other.unforced().count());
  }

  @Test
  void aLengthIsWrittenBeforeAWholeFileSystemIsForced() throws Exception {
    try (StoreFile file = putOff("r")) {
      file.forceName();
      store.unforced().force();
      assertEquals(0, store.unforced().count());
      file.keepLength(17);
      assertEquals(1, store.unforced().count());
      Path copy = directory.resolve("copy");
      assertTrue(store.unforced().forceAtOnce(path -> Files.exists(Files.copy(file.path(), copy))));
      try (FileChannel channel = FileChannel.open(copy)) {
        assertEquals(
            17,
            RegionImage.load(new ChannelDisk(channel, FileIdentity.of(copy)), copy)
                .header()
                .length());
      }
      assertEquals(0, store.unforced().count());
    }
  }

  @Test
  void aWholeFileSystemIsForcedAtOnce() throws Exception {
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    RegionStore other = store.beside(elsewhere);
    other
        .create("s", 100, Reservation.SPARSE, SpaceReserver.SPARSE, NameDurability.ON_FORCE, "test")
        .close();
    try (StoreFile file = putOff("r")) {
      List<Path> synced = new ArrayList<>();
      assertTrue(store.unforced().forceAtOnce(synced::add));
      assertEquals(2, synced.size());
      assertEquals(0, store.unforced().count());
      assertEquals(null, file.unforced());
    }
    assertEquals(0, store.unforced().count());
  }

  @Test
  void whatFailsOrIsNotPossibleStaysNoted() throws Exception {
    try (StoreFile file = putOff("r")) {
      putOff("closed").close();
      int noted = store.unforced().count();
      assertFalse(store.unforced().forceAtOnce(path -> false));
      assertEquals(noted, store.unforced().count());
      assertThrows(
          IOException.class,
          () ->
              store
                  .unforced()
                  .forceAtOnce(
                      path -> {
                        throw new IOException("no device");
                      }));
      assertEquals(noted, store.unforced().count());
      assertEquals(100, file.byteSize());
    }
  }

  /** Linux takes what it could not write for written, and may drop it. */
  @Test
  void afterAFailedForceOfAFileSystemTheHeadersOfOpenFilesAreWrittenAgain() throws Exception {
    try (StoreFile file = putOff("r")) {
      assertThrows(
          IOException.class,
          () ->
              store
                  .unforced()
                  .forceAtOnce(
                      path -> {
                        throw new IOException("no device");
                      }));
      try (FileChannel dropped = FileChannel.open(file.path(), StandardOpenOption.WRITE)) {
        for (long position : RegionHeader.COPY_POSITIONS) {
          dropped.write(ByteBuffer.allocate(RegionHeader.BYTES), position);
        }
      }
      assertTrue(store.unforced().forceAtOnce(path -> true));
      Path copy = Files.copy(file.path(), directory.resolve("copy"));
      try (FileChannel channel = FileChannel.open(copy)) {
        assertEquals(
            100,
            RegionImage.load(new ChannelDisk(channel, FileIdentity.of(copy)), copy)
                .header()
                .byteSize());
      }
    }
  }

  private void failToForce() {
    assertThrows(
        IOException.class,
        () ->
            store
                .unforced()
                .forceAtOnce(
                    path -> {
                      throw new IOException("no device");
                    }));
  }

  private static void dropHeaders(Path file) throws IOException {
    try (FileChannel dropped = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (long position : RegionHeader.COPY_POSITIONS) {
        dropped.write(ByteBuffer.allocate(RegionHeader.BYTES), position);
      }
    }
  }

  @Test
  void whatAFailedForceLostOfClosedFilesIsWrittenAgain() throws Exception {
    for (String name : List.of("a", "b", "c")) {
      putOff(name).close();
    }
    failToForce();
    failToForce();
    for (String name : List.of("a", "b", "c")) {
      dropHeaders(store.path(name));
    }
    assertEquals(4, store.unforced().count());
    store.rename("b", "renamed", NameDurability.NOW); // forces it
    store.open("c", OpenMode.WRITER, NameDurability.ON_FORCE, "test").close();
    store.unforced().force();
    assertEquals(0, store.unforced().count());
    for (StoredRegion region : store.list()) {
      assertEquals(StoredRegion.State.CLOSED, region.state(), region.detail());
      assertEquals(100, region.byteSize());
    }
    assertFalse(LostWrites.of(FileIdentity.of(store.path("a"))));
  }

  @Test
  void aLossSticksWhileTheFileIsOpenElsewhere() throws Exception {
    putOff("r").close();
    failToForce();
    try (StoreFile other = RegionStore.open(directory).open("r", OpenMode.READER, "another")) {
      for (int i = 0; i < 2; i++) {
        MemoryException e = assertThrows(MemoryException.class, () -> store.unforced().force());
        assertTrue(e.getMessage().contains("open elsewhere: in this JVM by another"), e.toString());
      }
      assertThrows(MemoryException.class, other::forceHeader);
      assertEquals(2, store.unforced().count());
    }
    assertTrue(store.find("r").isPresent());
    assertTrue(store.verify().stream().anyMatch(f -> f.message().contains("a write failed")));
    store.unforced().force();
    assertEquals(0, store.unforced().count());
    assertTrue(store.verify().stream().noneMatch(f -> f.message().contains("a write failed")));
  }

  @Test
  void aDeletedFileLeavesNoMarkOfALoss() throws Exception {
    putOff("r").close();
    FileIdentity identity = FileIdentity.of(store.path("r"));
    failToForce();
    assertTrue(LostWrites.of(identity));
    store.delete("r", false, NameDurability.ON_FORCE);
    assertFalse(LostWrites.of(identity));
  }

  @Test
  void aDirectoryThatHasGoneNeedsNoForce() throws Exception {
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    RegionStore other = store.beside(elsewhere);
    other
        .create("s", 1, Reservation.SPARSE, SpaceReserver.SPARSE, NameDurability.ON_FORCE, "test")
        .close();
    Files.delete(other.path("s"));
    Files.delete(elsewhere);
    store.unforced().force();
    assertEquals(0, store.unforced().count());
  }

  /** kill -9, not the power: nothing is lost but a length that was not forced. */
  @Test
  void namesThatArePutOffSurviveTheirProcess() throws Exception {
    Process child = holder("r", "PUT_OFF");
    assertEquals("put off", line(child));
    child.destroyForcibly().waitFor();
    assertEquals(List.of("grown", "r", "renamed"), names());
    for (StoredRegion region : store.list()) {
      assertEquals(StoredRegion.State.CLOSED, region.state(), region.detail());
      assertEquals(region.name().equals("grown") ? 20_000 : 5000, region.byteSize());
      store.open(region.name(), OpenMode.WRITER, "test").close();
    }
    for (NameDurability durable : NameDurability.values()) {
      try (StoreFile grown = store.open("grown", OpenMode.WRITER, durable, "test")) {
        grown.resize(grown.byteSize() + 5000, SpaceReserver.SPARSE);
        grown.forceName();
      }
    }
    assertEquals(30_000, store.list().getFirst().byteSize());
  }

  private Process holder(String name, String mode) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Holder.class.getName(),
            directory.toString(),
            name,
            mode)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static String line(Process process) throws IOException {
    return new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))
        .readLine();
  }

  @Test
  void aCrashInARenamingLeavesANameThatCanBeTaken() throws Exception {
    create("r", NameDurability.NOW).close();
    Files.createFile(store.path("s")); // rename(2) was not reached
    assertEquals(StoredRegion.State.UNUSABLE, store.find("s").orElseThrow().state());
    store.rename("r", "s", NameDurability.NOW);
    assertEquals(List.of("s"), names());
    Files.createFile(store.path("t"));
    create("t", NameDurability.NOW).close();
    assertEquals(List.of("s", "t"), names());
  }

  @Test
  void aFileThatIsNoneIsNeitherReplacedNorRenamed() throws Exception {
    create("r", NameDurability.NOW).close();
    Files.writeString(store.path("foreign"), "no region");
    assertThrows(MemoryException.class, () -> store.rename("r", "foreign", NameDurability.NOW));
    assertThrows(MemoryException.class, () -> store.rename("foreign", "s", NameDurability.NOW));
    assertThrows(MemoryException.class, () -> store.delete("foreign", true, NameDurability.NOW));
    assertEquals("no region", Files.readString(store.path("foreign")));
    assertEquals(List.of("foreign", "r"), names());
  }

  @Test
  void aNameThatIsBeingGivenIsNotListed() throws Exception {
    Files.createFile(store.path("s"));
    Process other = holder("s", "LOCKED");
    assertEquals("locked", line(other));
    assertEquals(List.of(), names());
    assertThrows(MemoryException.class, () -> store.delete("s", true, NameDurability.NOW));
    assertThrows(MemoryException.class, () -> create("s", NameDurability.NOW));
    other.destroyForcibly().waitFor();
    assertEquals(List.of("s"), names());
    create("s", NameDurability.NOW).close();
  }

  @Test
  void aFileOfAnotherProcessLosesItsNameToo() throws Exception {
    create("r", NameDurability.NOW).close();
    Process other = holder("r", "WRITER");
    assertEquals("open", line(other));
    assertThrows(MemoryException.class, () -> store.delete("r"));
    assertThrows(MemoryException.class, () -> store.rename("r", "s", NameDurability.NOW));
    assertFalse(store.delete("r", true, NameDurability.NOW)); // not open here
    assertEquals(List.of(), names());
    create("r", NameDurability.NOW).close();
    other.getOutputStream().close();
    other.waitFor();
    assertEquals(List.of("r"), names());
  }

  @Test
  void deletingAnOpenFileKeepsTheLocksOfItsHolder() throws Exception {
    try (StoreFile file = create("r", NameDurability.NOW)) {
      Path second = directory.resolve("second.region");
      Files.createLink(second, store.path("r"));
      assertTrue(store.delete("r", true, NameDurability.NOW));
      assertTrue(file.fate().isPresent());
      assertTrue(line(holder("second", "WRITER")).contains("open elsewhere"));
    }
  }

  /** The header of a growth that the file is too short for; or one that is torn. */
  @Test
  void aCopyThatDoesNotHoldIsWrittenOverBeforeAnythingIsPutOff() throws Exception {
    for (boolean torn : new boolean[] {true, false}) {
      String name = torn ? "torn" : "short";
      create(name, NameDurability.NOW).close();
      Path path = store.path(name);
      try (FileChannel file =
          FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        ChannelDisk disk = new ChannelDisk(file, FileIdentity.of(path));
        if (torn) {
          disk.write(RegionHeader.COPY_POSITIONS[1] + 300, new byte[] {1});
        } else {
          long length = disk.length();
          RegionImage.load(disk, path).resize(20_000, (at, l) -> {}, NameDurability.ON_FORCE);
          disk.setLength(length);
        }
        store.open(name, OpenMode.WRITER, NameDurability.ON_FORCE, "test").close();
        byte[] first = new byte[RegionHeader.BYTES];
        byte[] second = new byte[RegionHeader.BYTES];
        disk.read(RegionHeader.COPY_POSITIONS[0], first);
        disk.read(RegionHeader.COPY_POSITIONS[1], second);
        assertArrayEquals(first, second, name);
        assertEquals(100, RegionHeader.decode(second).byteSize(), name);
      }
    }
  }

  /** The force had taken its old path, by which it finds nothing to wait for. */
  @Test
  void aClosedFileThatIsRenamedDuringAForceIsForcedByTheNext() throws Exception {
    for (String name : List.of("a", "b")) {
      try (StoreFile file = putOff(name)) {
        file.resize(5000, SpaceReserver.SPARSE);
      }
    }
    store
        .entries()
        .callBy(
            new DirectoryEntries.Calls() {
              @Override
              public void force(Path forced) throws IOException {
                store.entries().callBy(new DirectoryEntries.Calls() {});
                DirectoryEntries.force(forced);
                store.rename("a", "c", NameDurability.ON_FORCE);
              }
            });
    store.unforced().force();
    assertEquals(Set.of(directory, store.path("c")), store.unforced().paths());
    store.unforced().force();
    assertEquals(0, store.unforced().count());
  }
}
