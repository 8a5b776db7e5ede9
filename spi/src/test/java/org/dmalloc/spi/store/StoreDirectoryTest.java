/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoreFinding.Severity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StoreDirectoryTest {
  @TempDir Path directory;

  @Test
  void theDefaultFollowsThePropertyThenXdgThenHome() {
    Map<String, String> none = Map.of();
    assertEquals(Path.of("/h/.local/state/dmalloc"), StoreDirectory.defaultPath(null, none, "/h"));
    assertEquals(
        Path.of("/x/dmalloc"),
        StoreDirectory.defaultPath(null, Map.of("XDG_STATE_HOME", "/x"), "/h"));
    assertEquals(
        Path.of("/h/.local/state/dmalloc"),
        StoreDirectory.defaultPath(" ", Map.of("XDG_STATE_HOME", "relative"), "/h"));
    assertEquals(
        Path.of("/v/.local/state/dmalloc"),
        StoreDirectory.defaultPath(null, Map.of("HOME", "/v"), "/h"));
    assertEquals(
        Path.of("/h/.local/state/dmalloc"),
        StoreDirectory.defaultPath(null, Map.of("HOME", "relative"), "/h"));
    assertEquals(
        Path.of("/p"), StoreDirectory.defaultPath("/p", Map.of("XDG_STATE_HOME", "/x"), "/h"));
  }

  @Test
  void aConfiguredDirectoryThatIsMissingIsRefusedAndNotCreated() {
    Path missing = directory.resolve("missing");
    MemoryException e =
        assertThrows(
            MemoryException.class, () -> StoreDirectory.open(missing.toString(), "/ignored"));
    assertEquals(
        "open store " + missing + ": ENOENT (2); create it: mkdir -m 700 -p " + missing,
        e.getMessage());
    assertFalse(Files.exists(missing));
  }

  @Test
  void aFileIsNoStore() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));
    MemoryException e =
        assertThrows(MemoryException.class, () -> StoreDirectory.open(file.toString(), null));
    assertTrue(Objects.requireNonNull(e.getMessage()).contains("not a directory"), e.getMessage());
  }

  @Test
  void aDefaultThatCannotBeLookedAtIsNotOneThatIsMissing() throws Exception {
    Path parent = directory.resolve("parent");
    Path made = parent.resolve("store");
    RegionStore store = StoreDirectory.open("", made.toString());
    assertEquals(List.of(), store.list());
    Files.createFile(parent); // ENOTDIR, which root meets too
    MemoryException e =
        assertThrows(MemoryException.class, () -> StoreDirectory.open("", made.toString()));
    assertEquals("open store " + parent + ": not a directory; name a directory", e.getMessage());
    assertThrows(MemoryException.class, store::list);
    assertThrows(MemoryException.class, store::verify);
    assertThrows(MemoryException.class, () -> StoreDirectory.open("", parent.toString()));
  }

  @Test
  void theDefaultDirectoryIsMadeForItsOwnerWhenTheFirstRegionNeedsIt() throws Exception {
    Path made = directory.resolve("a/b");
    RegionStore store = StoreDirectory.open("", made.toString());
    assertEquals(List.of(), store.list());
    assertEquals(Severity.OK, store.verify().getFirst().severity());
    assertThrows(MemoryException.class, () -> store.open("r", OpenMode.READER, "test"));
    assertThrows(MemoryException.class, () -> store.delete("r"));
    assertFalse(Files.exists(made));

    store.create("r", 1, Reservation.SPARSE, SpaceReserver.SPARSE, "test").close();
    assertEquals("rwx------", mode(made));
    assertEquals("rw-------", mode(store.path("r")));
  }

  @Test
  void theDefaultDirectoryIsNotMadeWhereTheHomeIsMissing() throws Exception {
    Path missing = directory.resolve("nobody");
    RegionStore store =
        StoreDirectory.openDefault(null, Map.of("HOME", missing.toString()), "/ignored");
    assertEquals(List.of(), store.list());
    MemoryException e = assertThrows(MemoryException.class, store::prepareDirectory);
    assertEquals(
        "create directory "
            + missing.resolve(".local/state/dmalloc")
            + ": the home directory "
            + missing
            + " does not exist; set HOME or DMALLOC_DIRECTORY to a directory that exists, or"
            + " dmalloc.directory in Java",
        e.getMessage());
    assertFalse(Files.exists(missing));
    Files.createDirectory(missing);
    store.prepareDirectory();
    assertTrue(Files.isDirectory(missing.resolve(".local/state/dmalloc")));
  }

  @Test
  void aConfiguredDirectoryThatGoesAwayIsAnError() throws Exception {
    Path gone = Files.createDirectory(directory.resolve("gone"));
    RegionStore store = RegionStore.open(gone);
    Files.delete(gone);
    assertThrows(
        MemoryException.class,
        () -> store.create("r", 1, Reservation.SPARSE, SpaceReserver.SPARSE, "test"));
    assertThrows(MemoryException.class, store::list);
    assertThrows(MemoryException.class, store::verify);
    assertFalse(Files.exists(gone));
  }

  private static String mode(Path path) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
