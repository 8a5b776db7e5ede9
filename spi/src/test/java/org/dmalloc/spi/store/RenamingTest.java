/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoredRegion;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Renamings that others cut in on, and devices that fail during one. */
final class RenamingTest {
  private static final NameDurability NOW = NameDurability.NOW;

  @TempDir Path directory;
  private RegionStore store;

  @BeforeEach
  void openStore() throws Exception {
    store = RegionStore.open(directory);
  }

  private StoreFile create(String name, long byteSize) throws MemoryException {
    return store.create(name, byteSize, Reservation.SPARSE, SpaceReserver.SPARSE, NOW, "test");
  }

  private List<String> names() throws MemoryException {
    return store.list().stream().map(StoredRegion::name).toList();
  }

  /** Another process's step, after the empty file was made and before it is locked. */
  private static DirectoryEntries.Calls afterCreation(ChannelDisk.Step step) {
    return new DirectoryEntries.Calls() {
      @Override
      public void createFile(Path path) throws IOException {
        DirectoryEntries.Calls.super.createFile(path);
        step.run();
      }
    };
  }

  /** As another process does it; ext4 gives the new file the number of the empty one. */
  private void allocateInstead(Path other) throws IOException {
    Files.delete(store.path("s"));
    Files.copy(other, store.path("s"));
  }

  @Test
  void whatAnotherProcessAllocatesMeanwhileIsNotReplaced() throws Exception {
    Path other = another(300);
    create("r", 100).close();
    store.entries().callBy(afterCreation(() -> allocateInstead(other)));
    assertThrows(MemoryException.class, () -> store.rename("r", "s", NOW));
    assertEquals(300, store.find("s").orElseThrow().byteSize());
    assertEquals(100, store.find("r").orElseThrow().byteSize());
    try (StoreFile file = store.open("r", OpenMode.WRITER, "test")) {
      Files.delete(store.path("s"));
      assertThrows(MemoryException.class, () -> rename(file, "s", NOW));
      assertEquals("r", file.name());
    }
    assertEquals(List.of("r", "s"), names());
  }

  @Test
  void whatAnotherProcessHasOpenMeanwhileIsNotDeleted() throws Exception {
    Path other = another(300);
    create("r", 100).close();
    Process[] holder = new Process[1];
    store
        .entries()
        .callBy(
            afterCreation(
                () -> {
                  allocateInstead(other);
                  holder[0] = holder("s");
                }));
    MemoryException e = assertThrows(MemoryException.class, () -> store.rename("r", "s", NOW));
    assertTrue(e.getMessage().contains("open elsewhere"), e.getMessage());
    assertTrue(Files.exists(store.path("s")));
    holder[0].getOutputStream().close();
    holder[0].waitFor();
    assertEquals(List.of("r", "s"), names());
    assertEquals(300, store.find("s").orElseThrow().byteSize());
  }

  @Test
  void aNameThatAnotherProcessIsAboutToTakeIsTaken() throws Exception {
    create("r", 100).close();
    store.entries().callBy(afterCreation(() -> Files.delete(store.path("s"))));
    MemoryException e = assertThrows(MemoryException.class, () -> store.rename("r", "s", NOW));
    assertTrue(e.getMessage().contains("EEXIST"), e.getMessage());
    assertEquals(List.of("r"), names());
  }

  @Test
  void aMoveThatFailsLeavesNoEmptyFile() throws Exception {
    create("r", 100).close();
    store
        .entries()
        .callBy(
            new DirectoryEntries.Calls() {
              @Override
              public void move(Path from, Path to) throws IOException {
                throw new IOException("Input/output error");
              }
            });
    assertThrows(MemoryException.class, () -> store.rename("r", "s", NOW));
    assertEquals(List.of("r"), names());
    assertFalse(Files.exists(store.path("s")));
  }

  /** The region's file in another store, to be copied. */
  private Path another(long byteSize) throws Exception {
    RegionStore elsewhere = store.beside(Files.createDirectory(directory.resolve("elsewhere")));
    elsewhere.create("s", byteSize, Reservation.SPARSE, SpaceReserver.SPARSE, NOW, "test").close();
    return elsewhere.path("s");
  }

  private Process holder(String name) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                directory.toString(),
                name,
                "WRITER")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertEquals("open", process.inputReader().readLine());
    return process;
  }

  /** A device that fails the first so many times that a directory is forced. */
  private static final class FailingDevice implements DirectoryEntries.Calls {
    private final AtomicInteger failures;
    private int moves = Integer.MAX_VALUE;

    FailingDevice(int failures) {
      this.failures = new AtomicInteger(failures);
    }

    @Override
    public void force(Path directory) throws IOException {
      if (failures.getAndDecrement() > 0) {
        throw new IOException("Input/output error");
      }
      DirectoryEntries.Calls.super.force(directory);
    }

    @Override
    public void move(Path from, Path to) throws IOException {
      if (moves-- <= 0) {
        throw new IOException("Read-only file system");
      }
      DirectoryEntries.Calls.super.move(from, to);
    }
  }

  @Test
  void theOldNameHoldsIfTheDirectoryCannotBeForced() throws Exception {
    try (StoreFile file = create("r", 100)) {
      store.entries().callBy(new FailingDevice(1));
      MemoryException e = assertThrows(MemoryException.class, () -> rename(file, "s", NOW));
      assertTrue(e.getMessage().contains("EIO"), e.getMessage());
      assertHolds(file, "r");
      rename(file, "s", NOW);
      assertHolds(file, "s");
    }
    store.entries().callBy(new FailingDevice(1));
    assertThrows(MemoryException.class, () -> store.rename("s", "t", NOW));
    assertEquals(List.of("s"), names());
    store.rename("s", "t", NOW);
    assertEquals(List.of("t"), names());
  }

  @Test
  void theNextForceTellsOfADirectoryThatStillCannotBeForced() throws Exception {
    try (StoreFile file = create("r", 100)) {
      store.entries().callBy(new FailingDevice(3));
      assertThrows(MemoryException.class, () -> rename(file, "s", NOW)); // 2: there and back
      assertHolds(file, "r");
      assertEquals(1, store.unforced().count()); // the directory
      assertThrows(MemoryException.class, file::forceName);
      file.forceName();
      store.unforced().force();
      assertEquals(0, store.unforced().count());
    }
  }

  @Test
  void aNameThatCannotBeGivenBackIsToldAndCanBeMadeCertain() throws Exception {
    try (StoreFile file = create("r", 100)) {
      FailingDevice device = new FailingDevice(2);
      device.moves = 1;
      store.entries().callBy(device);
      MemoryException e = assertThrows(MemoryException.class, () -> rename(file, "s", NOW));
      assertTrue(e.getMessage().contains("its file is " + store.path("s")), e.getMessage());
      assertEquals("s", told);
      assertHolds(file, "s");
      assertThrows(MemoryException.class, () -> rename(file, "s", NOW));
      rename(file, "s", NOW);
      assertEquals("", told); // it has that name
      assertEquals(0, device.failures.get() + 1);
    }
  }

  /** What the last renaming told of its outcome; empty if nothing. */
  private String told = "";

  private void rename(StoreFile file, String name, NameDurability durable) throws MemoryException {
    told = "";
    file.rename(
        name,
        durable,
        (now, path) -> {
          assertEquals(store.path(now), path);
          told += now;
        });
  }

  private void assertHolds(StoreFile file, String name) throws MemoryException {
    assertEquals(name, file.name());
    assertEquals(store.path(name), file.path());
    assertTrue(file.fate().isEmpty());
    assertEquals(List.of(name), names());
  }
}
