/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupStatus;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.Piece;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One backup goes on where another ended, in the same process, after a crash, elsewhere. */
class SuccessionTest {
  private static final KeepOptions ALL =
      KeepOptions.DEFAULT.withRetention(RetentionPolicy.EVERYTHING);

  private final SplittableRandom random = Seed.of(SuccessionTest.class);
  private final BackupRig rig = new BackupRig();
  private final MemoryStore store = new MemoryStore(true);

  @BeforeEach
  void add() throws Exception {
    rig.group.add("a", 100_000);
  }

  @AfterEach
  void end() {
    rig.service.closeAll();
  }

  private void keepSome(KeepOptions options, int count) throws MemoryException {
    try (Backup backup = rig.service.keep(rig.group, store, options)) {
      makeSome(backup, count);
    }
  }

  private void makeSome(Backup backup, int count) throws MemoryException {
    for (int i = 0; i < count; i++) {
      rig.storeSome(random, "a");
      BackupRig.await(backup, rig.checkpoint());
    }
  }

  private long bases() throws MemoryException {
    Head head = HeadFile.read(store, rig.group.id()).orElseThrow();
    return head.pieces().stream().filter(piece -> piece.kind() == Piece.Kind.BASE).count();
  }

  @Test
  void goesOnWithoutANewBase() throws Exception {
    for (int i = 0; i < 4; i++) {
      keepSome(ALL, 3);
    }
    assertEquals(12, rig.assertEveryPoint(store).size());
    assertEquals(1, bases());
    rig.storeSome(random, "a");
    rig.checkpoint(); // one that the journal still has
    keepSome(ALL, 1);
    assertEquals(14, rig.assertEveryPoint(store).size());
    assertEquals(1, bases());
  }

  @Test
  void aGapStartsANewBaseAndSaysSo() throws Exception {
    keepSome(ALL, 3);
    for (int i = 0; i < 4; i++) {
      rig.storeSome(random, "a");
      rig.checkpoint();
    }
    try (Backup backup = rig.service.keep(rig.group, store, ALL)) {
      BackupRig.await(backup, 7);
      makeSome(backup, 1);
      assertNull(backup.status().message());
    }
    assertEquals(List.of(1L, 2L, 3L, 7L, 8L), rig.assertEveryPoint(store));
    assertEquals(2, bases());
    MemoryException missing = assertThrows(MemoryException.class, () -> rig.assertPoint(store, 5));
    assertTrue(missing.getMessage().contains("checkpoint 5 is not in it"), missing.getMessage());
    assertTrue(
        missing.getMessage().matches(".*the nearest is 3 \\([^)]+\\) or 7 \\([^)]+\\); see.*"),
        missing.getMessage());
  }

  @Test
  void anotherOwnerIsRefusedUntilTheFirstEndsOrIsTakenOver() throws Exception {
    Backups elsewhere = new Backups(List::of, rig.clock);
    Backup first = rig.service.keep(rig.group, store, ALL.withOwner("here"));
    makeSome(first, 2);
    MemoryException refused =
        assertThrows(
            MemoryException.class, () -> elsewhere.keep(rig.group, store, ALL.withOwner("there")));
    assertTrue(refused.getMessage().contains("'here' has it"), refused.getMessage());
    assertTrue(refused.getMessage().contains("take it over"), refused.getMessage());
    makeSome(first, 1);
    Backup second = elsewhere.keep(rig.group, store, ALL.withOwner("there").takingOver());
    makeSome(second, 3);
    BackupRig.awaitUntil("told", () -> first.status().state() == BackupStatus.State.LOST);
    String told = first.status().message();
    assertNotNull(told);
    assertTrue(told.contains("'there' has taken the backup over"), told);
    assertThrows(MemoryException.class, first::merge);
    first.close();
    makeSome(second, 1);
    second.close();
    assertEquals(7, rig.assertEveryPoint(store).size());
    keepSome(ALL.withOwner("a third"), 1); // as the second has ended
    assertEquals(8, rig.assertEveryPoint(store).size());
    elsewhere.closeAll();
  }

  @Test
  void theSameOwnerGoesOnAfterACrash() throws Exception {
    Backup killed = rig.service.keep(rig.group, store, ALL);
    makeSome(killed, 2);
    MemoryStore left = store.copy(); // as a killed process leaves it
    killed.close();
    try (Backup next = new Backups(List::of, rig.clock).keep(rig.group, left, ALL)) {
      makeSome(next, 2);
    }
    assertEquals(List.of(1L, 2L, 3L, 4L), rig.assertEveryPoint(left));
  }

  @Test
  void aGroupIsKeptOnceInAProcess() throws Exception {
    try (Backup backup = rig.service.keep(rig.group, store, ALL)) {
      assertThrows(
          IllegalStateException.class,
          () -> rig.service.keep(rig.group, new MemoryStore(true), ALL));
      assertEquals(List.of(backup), rig.service.backups());
    }
    assertEquals(List.of(), rig.service.backups());
  }

  @Test
  void anOlderCopyOfTheGroupIsRefused() throws Exception {
    keepSome(ALL, 3);
    FakeGroup older = new FakeGroup("orders", rig.clock, rig.group.id());
    older.add("a", 100_000);
    older.checkpoint();
    MemoryException refused =
        assertThrows(MemoryException.class, () -> rig.service.keep(older, store, ALL));
    assertTrue(
        refused.getMessage().contains("has checkpoint 3, the group's last is 1"),
        refused.getMessage());
  }

  @Test
  void aCopyThatWentItsOwnWayGetsABaseOfItsOwn() throws Exception {
    keepSome(ALL, 3);
    rig.group.pretendOtherPast();
    try (Backup backup = rig.service.keep(rig.group, store, ALL)) {
      BackupRig.awaitUntil(
          "seen", () -> String.valueOf(backup.status().message()).contains("went its own way"));
      for (int i = 0; i < 3; i++) {
        rig.storeSome(random, "a");
        rig.checkpoint();
        long last = rig.expected.lastKey();
        BackupRig.awaitUntil("followed", () -> last < 5 || backup.status().kept() >= last);
      }
    }
    List<Long> points = rig.assertEveryPoint(store);
    assertTrue(points.containsAll(List.of(1L, 2L, 3L)), points.toString());
    assertFalse(points.contains(4L), "nothing may build on the other's third: " + points);
    assertEquals(2, bases());
  }

  @Test
  void endsWithTheGroup() throws Exception {
    Backup backup = rig.service.keep(rig.group, store, ALL);
    rig.storeSome(random, "a");
    rig.checkpoint();
    rig.group.close();
    BackupRig.awaitUntil("ended", () -> backup.status().state() == BackupStatus.State.ENDED);
    BackupRig.awaitUntil("written", () -> !rig.service.list(store).getFirst().open());
    assertEquals(List.of(1L), rig.assertEveryPoint(store));
    rig.group.reopen();
    keepSome(ALL, 1);
    assertEquals(List.of(1L, 2L), rig.assertEveryPoint(store));
    backup.close();
  }

  @Test
  void mergeOfOthersIsRefusedWhileItIsKept() throws Exception {
    Backup backup = rig.service.keep(rig.group, store, ALL);
    makeSome(backup, 1);
    assertThrows(
        MemoryException.class,
        () ->
            rig.service.merge(
                store, rig.group.id(), RetentionPolicy.DEFAULT, ProgressListener.NONE));
    Backups elsewhere = new Backups(List::of, rig.clock);
    assertThrows(
        MemoryException.class,
        () ->
            elsewhere.merge(store, rig.group.id(), RetentionPolicy.DEFAULT, ProgressListener.NONE));
    makeSome(backup, 1);
    backup.close();
    elsewhere.merge(store, rig.group.id(), RetentionPolicy.DEFAULT, ProgressListener.NONE);
    keepSome(ALL, 1);
    assertEquals(3, rig.assertEveryPoint(store).size());
  }

  @Test
  void newBasesComeByPolicy() throws Exception {
    try (Backup backup =
        rig.service.keep(rig.group, store, ALL.withBaseEvery(Duration.ofHours(1)))) {
      makeSome(backup, 3);
      rig.clock.advance(Duration.ofHours(2));
      makeSome(backup, 1);
      BackupRig.awaitUntil("a base", () -> bases() == 2);
      makeSome(backup, 2);
    }
    assertEquals(6, rig.assertEveryPoint(store).size());
  }
}
