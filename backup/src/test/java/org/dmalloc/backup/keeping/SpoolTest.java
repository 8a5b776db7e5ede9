/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupStatus;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RetentionPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store that is far: the checkpoints go on while it is slow or away. */
class SpoolTest {
  @TempDir private Path directory;

  private final SplittableRandom random = Seed.of(SpoolTest.class);
  private final BackupRig rig = new BackupRig();
  private final MemoryStore store = new MemoryStore(false);
  private KeepOptions options = KeepOptions.DEFAULT;

  @BeforeEach
  void add() throws Exception {
    options = KeepOptions.DEFAULT.withRetention(RetentionPolicy.EVERYTHING).withSpool(directory);
    rig.group.add("a", 100_000);
  }

  @AfterEach
  void end() {
    store.away(false);
    rig.service.closeAll();
  }

  private void makeSome(int count) {
    for (int i = 0; i < count; i++) {
      rig.storeSome(random, "a");
      rig.checkpoint();
    }
  }

  private static void awaitTaken(Backup backup, int pending) throws MemoryException {
    BackupRig.awaitUntil(
        pending + " in the spool", () -> backup.status().pendingCheckpoints() == pending);
  }

  private List<Path> spooled() throws Exception {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  @Test
  void keepsEveryCheckpointOfAStoreThatIsThere() throws Exception {
    try (Backup backup = rig.service.keep(rig.group, store, options)) {
      makeSome(10);
      BackupRig.await(backup, 10);
      awaitTaken(backup, 0);
    }
    assertEquals(10, rig.assertEveryPoint(store).size());
    assertEquals(List.of(), spooled());
  }

  @Test
  void nothingIsLostWhileTheStoreIsAway() throws Exception {
    try (Backup backup = rig.service.keep(rig.group, store, options)) {
      makeSome(2);
      BackupRig.await(backup, 2);
      store.away(true);
      makeSome(20);
      awaitTaken(backup, 20);
      BackupRig.awaitUntil("told", () -> backup.status().state() == BackupStatus.State.WAITING);
      BackupStatus status = backup.status();
      assertEquals(20, status.lag());
      assertTrue(status.pendingBytes() > 0);
      assertTrue(String.valueOf(status.message()).contains("it is away"), status.toString());
      store.away(false);
      BackupRig.await(backup, 22);
      BackupRig.awaitUntil("well", () -> backup.status().state() == BackupStatus.State.KEEPING);
    }
    assertEquals(22, rig.assertEveryPoint(store).size());
  }

  @Test
  void aBaseWaitsForAStoreThatIsAway() throws Exception {
    makeSome(3);
    int[] reads = {0};
    rig.group.onRead =
        () -> {
          if (reads[0]++ == 0) {
            store.away(true);
          }
        };
    try (Backup backup = rig.service.keep(rig.group, store, options)) {
      BackupRig.awaitUntil("read", () -> reads[0] > 0);
      makeSome(5);
      BackupRig.awaitUntil("spooled", () -> backup.status().pendingCheckpoints() >= 5);
      assertEquals(0, backup.status().kept());
      store.away(false);
      BackupRig.await(backup, 8);
    }
    assertEquals(List.of(8L), rig.assertEveryPoint(store).reversed().subList(0, 1));
  }

  @Test
  void aFullSpoolBreaksTheChainAndANewBaseFollows() throws Exception {
    try (Backup backup = rig.service.keep(rig.group, store, options.withSpoolBytes(40_000))) {
      makeSome(2);
      BackupRig.await(backup, 2);
      store.away(true);
      byte[] content = new byte[10_000];
      for (int i = 0; i < 12; i++) {
        random.nextBytes(content);
        rig.group.store("a", 0, content);
        rig.checkpoint(); // waits for nothing
      }
      BackupRig.awaitUntil(
          "told", () -> String.valueOf(backup.status().message()).contains("away"));
      assertTrue(backup.status().pendingBytes() <= 40_000, backup.status().toString());
      int pending = backup.status().pendingCheckpoints();
      assertTrue(pending > 0 && pending < 12, pending + " pending");
      store.away(false);
      BackupRig.await(backup, 14);
      makeSome(2);
      BackupRig.await(backup, 16);
      List<Long> points = rig.assertEveryPoint(store);
      assertTrue(points.contains(2L + pending), "what had waited arrived: " + points);
      assertFalse(points.contains(12L), "what found no place is not there: " + points);
    }
  }

  @Test
  void theNextProcessBringsWhatWaited() throws Exception {
    Backup backup = rig.service.keep(rig.group, store, options);
    makeSome(2);
    BackupRig.await(backup, 2);
    MemoryStore there = store.copy();
    store.away(true);
    makeSome(5);
    awaitTaken(backup, 5);
    Path copy = directory.resolveSibling(directory.getFileName() + "-copy");
    copy(directory, copy); // as a killed process leaves it
    Files.write(spooledRecord(copy, 7), new byte[3]); // torn by a power loss
    try (Backup next =
        new Backups(List::of, rig.clock).keep(rig.group, there, options.withSpool(copy))) {
      BackupRig.await(next, 6);
      makeSome(1);
      BackupRig.await(next, 8);
    }
    List<Long> points = rig.assertEveryPoint(there);
    assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L), points.subList(0, 6));
    store.away(false);
    backup.close();
  }

  private Path spooledRecord(Path in, long to) {
    return in.resolve(rig.group.id() + ".spool")
        .resolve(String.format(Locale.ROOT, "%016x", to))
        .resolve("piece");
  }

  private static void copy(Path from, Path to) throws Exception {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path each : files.toList()) {
        Files.copy(each, to.resolve(from.relativize(each).toString()));
      }
    }
  }

  @Test
  void aDamagedSpoolIsGivenUpAndANewBaseFollows() throws Exception {
    try (Backup backup = rig.service.keep(rig.group, store, options)) {
      makeSome(2);
      BackupRig.await(backup, 2);
      store.away(true);
      makeSome(4);
      awaitTaken(backup, 4);
      Path object =
          spooled().stream()
              .filter(file -> file.toString().contains("0000000000000004"))
              .filter(file -> !file.endsWith("piece"))
              .findFirst()
              .orElseThrow();
      byte[] bytes = Files.readAllBytes(object);
      bytes[bytes.length / 2] ^= 1;
      Files.write(object, bytes);
      store.away(false);
      BackupRig.awaitUntil("a new base", () -> backup.status().kept() >= 6);
      makeSome(1);
      BackupRig.await(backup, 7);
      assertNotNull(rig.assertEveryPoint(store));
      assertFalse(rig.points(store).contains(4L));
    }
  }

  @Test
  void keepsToItsRate() throws Exception {
    byte[] content = new byte[90_000];
    random.nextBytes(content);
    long start = System.nanoTime();
    try (Backup backup = rig.service.keep(rig.group, store, options.withBytesPerSecond(200_000))) {
      for (int i = 0; i < 4; i++) {
        random.nextBytes(content);
        rig.group.store("a", 0, content);
        rig.checkpoint();
      }
      BackupRig.await(backup, 4);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    assertTrue(seconds > 1.2, "360 kB at 200 kB/s in " + seconds + " s");
  }
}
