/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoreFinding.Severity;
import org.dmalloc.api.StoredRegion.State;
import org.dmalloc.api.backing.StoreMove;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a move between stores leaves when it ends at some point: which of the two files it is. */
final class HandOverTest {
  private static final long SIZE = 5000;

  @TempDir Path directory;
  private RegionStore from;
  private RegionStore to;

  @BeforeEach
  void openStores() throws Exception {
    from = RegionStore.open(Files.createDirectory(directory.resolve("from")));
    to = RegionStore.open(Files.createDirectory(directory.resolve("to")));
  }

  private StoreFile create(RegionStore store) throws MemoryException {
    return store.create("r", SIZE, Reservation.SPARSE, SpaceReserver.SPARSE, "test");
  }

  /** Closes both files, as the end of a process does, before or after the new one has its name. */
  private void moveUntil(boolean published) throws Exception {
    StoreMove move = new StoreMove(UUID.randomUUID(), from.path("r"), to.path("r"));
    try (StoreFile old = create(from);
        StoreFile next =
            to.createUnpublished(
                "r",
                OpenMode.WRITER,
                SIZE,
                Reservation.SPARSE,
                move,
                SpaceReserver.SPARSE,
                NameDurability.NOW,
                "test")) {
      assertEquals(List.of(), to.list(), "not listed");
      assertThrows(MemoryException.class, () -> to.open("r", OpenMode.READER, "test"));
      old.leaving(move);
      if (published) {
        next.publish();
      }
    }
  }

  @Test
  void beforeThePublicationTheOldFileIsTheRegion() throws Exception {
    moveUntil(false);
    RegionStore.open(to.directory()); // removes what the process left
    assertEquals(List.of(), files(to));
    assertEquals(State.CLOSED, from.list().getFirst().state());
    from.open("r", OpenMode.READER, "test").close();
    try (StoreFile file = from.open("r", OpenMode.WRITER, "test")) {
      assertEquals(null, file.handOver(), "a writer ends the move");
    }
    create(to).close(); // another region of that name now says nothing about this one
    from.open("r", OpenMode.WRITER, "test").close();
  }

  @Test
  void anotherRegionOfTheNameDoesNotSupersede() throws Exception {
    moveUntil(false);
    create(to).close();
    from.open("r", OpenMode.WRITER, "test").close();
    assertEquals(List.of("r.region"), files(from));
  }

  @Test
  void fromThePublicationOnTheNewFileIsIt() throws Exception {
    moveUntil(true);
    assertEquals(List.of(), from.list());
    assertTrue(
        from.verify().stream()
            .anyMatch(
                f -> f.severity() == Severity.WARNING && f.message().contains("left by a move")));
    assertEquals(List.of("r.region"), files(from), "looking changes nothing");
    MemoryException e =
        assertThrows(MemoryException.class, () -> from.open("r", OpenMode.READER, "test"));
    assertTrue(message(e).contains("it moved to " + to.path("r")), message(e));
    to.open("r", OpenMode.READER, "test").close();
    try (StoreFile file = to.open("r", OpenMode.WRITER, "test")) {
      assertEquals(null, file.handOver());
    }
    assertEquals(List.of(), files(from));
  }

  @Test
  void theNameInTheOldStoreIsFreeAtOnce() throws Exception {
    moveUntil(true);
    create(from).close();
    to.open("r", OpenMode.WRITER, "test").close();
    assertEquals(List.of("r.region"), files(from), "the new region of the old name stays");
  }

  @Test
  void whoeverWantsToWriteToTheOldFileRemovesIt() throws Exception {
    moveUntil(true);
    assertThrows(MemoryException.class, () -> from.open("r", OpenMode.WRITER, "test"));
    assertEquals(List.of(), files(from));
    to.open("r", OpenMode.WRITER, "test").close();
  }

  @Test
  void deletingTheRegionDoesNotBringTheOldFileBack() throws Exception {
    moveUntil(true);
    to.delete("r");
    assertEquals(List.of(), files(from));
    assertEquals(List.of(), from.list());
  }

  /** Else a power cut could bring the old file back, which nothing would supersede then. */
  @Test
  void theMoveHasEndedOnlyOnceTheDeviceHasTheDeletionOfTheOldFile() throws Exception {
    moveUntil(true);
    List<Path> forced = new ArrayList<>();
    AtomicInteger failures = new AtomicInteger(1);
    to.entries()
        .callBy(
            new DirectoryEntries.Calls() {
              @Override
              public void force(Path path) throws IOException {
                if (failures.getAndDecrement() > 0) {
                  throw new IOException("Input/output error");
                }
                forced.add(path);
              }
            });
    try (StoreFile file = to.open("r", OpenMode.WRITER, "test")) {
      assertEquals(List.of(), files(from));
      assertNotNull(file.handOver(), "nobody knows whether the device has deleted it");
    }
    try (StoreFile file = to.open("r", OpenMode.WRITER, "test")) {
      assertEquals(null, file.handOver());
      assertEquals(List.of(from.directory()), forced);
    }
  }

  @Test
  void aStoreThatIsNotThereLeavesTheOldFileRefused() throws Exception {
    moveUntil(true);
    Path away = directory.resolve("away");
    Files.move(to.directory(), away);
    MemoryException e =
        assertThrows(MemoryException.class, () -> from.open("r", OpenMode.WRITER, "test"));
    assertTrue(message(e).contains("was cut off"), message(e));
    assertEquals(State.UNUSABLE, from.list().getFirst().state());
    assertEquals(List.of("r.region"), files(from));
    Files.move(away, to.directory());
    to.open("r", OpenMode.WRITER, "test").close();
    assertEquals(List.of(), files(from));
  }

  @Test
  void aPathThatNoHeaderHoldsIsRefusedBeforeAnythingHappens() throws Exception {
    Path far = Path.of("/" + "x".repeat(200), "y".repeat(200), "z".repeat(200));
    StoreMove move = new StoreMove(UUID.randomUUID(), far, to.path("r"));
    MemoryException e =
        assertThrows(
            MemoryException.class,
            () ->
                to.createUnpublished(
                    "r",
                    OpenMode.WRITER,
                    SIZE,
                    Reservation.SPARSE,
                    move,
                    SpaceReserver.SPARSE,
                    NameDurability.NOW,
                    "test"));
    assertTrue(message(e).contains("406"), message(e));
    assertEquals(List.of(), files(to));
  }

  private static List<String> files(RegionStore store) throws IOException {
    try (Stream<Path> files = Files.list(store.directory())) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  private static String message(Throwable e) {
    return Objects.requireNonNull(e.getMessage());
  }
}
