/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.SplittableRandom;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.FollowOptions;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.Standby;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FollowTest {
  @TempDir private Path directory;

  private final SplittableRandom random = Seed.of(FollowTest.class);
  private final BackupRig rig = new BackupRig();
  private final MemoryStore store = new MemoryStore(true);
  private final InMemoryProvider provider =
      InMemoryProvider.files("standby", new InMemoryStore("/standby"));
  private Backup backup;
  private FollowOptions options = FollowOptions.DEFAULT;

  @BeforeEach
  void begin() throws Exception {
    options =
        FollowOptions.DEFAULT
            .withEvery(Duration.ofMillis(5))
            .withRecord(directory.resolve("record"));
    rig.group.add("a", 100_000);
    rig.group.add("b", 30_000);
    backup =
        rig.service.keep(
            rig.group,
            store,
            KeepOptions.DEFAULT.withRetention(RetentionPolicy.parse("all:30s,30s:5m")));
    step();
  }

  @AfterEach
  void end() {
    rig.service.closeAll();
  }

  private void step() throws MemoryException {
    for (MemoryRegion region : rig.group.regions()) {
      String name = region.info().name();
      if (random.nextInt(4) == 0) {
        region.resize(random.nextInt(100_000));
      }
      rig.storeSome(random, name);
      if (random.nextInt(4) == 0) {
        region.resize(random.nextInt(100_000));
      }
      if (random.nextInt(4) == 0) {
        region.setLength(random.nextLong(region.byteSize() + 1));
      }
    }
    rig.clock.advance(Duration.ofSeconds(random.nextInt(40)));
    BackupRig.await(backup, rig.checkpoint());
    if (random.nextInt(4) == 0) {
      backup.merge();
    }
  }

  private Standby follow(Map<String, String> names) throws MemoryException {
    return rig.service.follow(
        store, RestoreRequest.of(rig.group.id()).withNames(names), provider, options);
  }

  private void assertUpToDate(Standby standby) throws MemoryException {
    long last = rig.expected.lastKey();
    BackupRig.awaitUntil("applied", () -> standby.status().applied() == last);
    assertNull(standby.status().failure());
    Map<String, byte[]> contents = rig.expected.get(last);
    assertEquals(contents.size(), standby.regions().size());
    for (MemoryRegion region : standby.regions()) {
      String name = region.info().name().replace("copy of ", "");
      assertArrayEquals(contents.get(name), FakeGroup.bytes(region), name + " at " + last);
      MemoryRegion original =
          rig.group.regions().stream()
              .filter(each -> name.equals(each.info().name()))
              .findFirst()
              .orElseThrow();
      assertEquals(original.length(), region.length());
    }
  }

  @Test
  void copiesAreKeptUpToDateOverRestartsAndMerges() throws Exception {
    Map<String, String> names = Map.of("a", "copy of a", "b", "copy of b");
    for (int session = 0; session < 4; session++) {
      try (Standby standby = follow(names)) {
        for (int i = 0; i < 8; i++) {
          step();
          if (random.nextBoolean()) {
            assertUpToDate(standby);
          }
        }
        assertUpToDate(standby);
      }
      assertEquals(0, provider.openRegions());
      for (int i = random.nextInt(6); i > 0; i--) {
        step();
      }
    }
  }

  @Test
  void membersComeAndGo() throws Exception {
    try (Standby standby = follow(Map.of())) {
      rig.group.add("c", 20_000);
      step();
      assertUpToDate(standby);
      rig.group.remove("b");
      step();
      assertUpToDate(standby);
    }
    try (Standby standby = follow(Map.of())) {
      step();
      assertUpToDate(standby);
    }
  }

  @Test
  void goesOnAfterTheStoreWasAway() throws Exception {
    try (Standby standby = follow(Map.of())) {
      store.away(true);
      BackupRig.awaitUntil("told", () -> standby.status().failure() != null);
      assertNotNull(standby.status().lookedAt());
      store.away(false);
      step();
      assertUpToDate(standby);
    }
  }

  @Test
  void copiesOfAnotherBackupAreLeftAlone() throws Exception {
    follow(Map.of()).close();
    BackupRig other = new BackupRig();
    other.group.add("a", 1000);
    try (Backup kept = other.service.keep(other.group, store, KeepOptions.DEFAULT)) {
      BackupRig.await(kept, other.checkpoint());
      MemoryException refused =
          assertThrows(
              MemoryException.class,
              () ->
                  other.service.follow(
                      store, RestoreRequest.of(other.group.id()), provider, options));
      assertTrue(refused.getMessage().contains("the record of copies of"), refused.getMessage());
    }
  }
}
