/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.VerifyReport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a store has after each of its writes is a sound backup that can be gone on with. */
class KilledKeeperTest {
  private final SplittableRandom random = Seed.of(KilledKeeperTest.class);
  private final BackupRig rig = new BackupRig();
  private final MemoryStore store = new MemoryStore(true);
  private final List<MemoryStore> states = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void end() {
    rig.service.closeAll();
  }

  @Test
  void everyPrefixOfTheWritesIsSound() throws Exception {
    RetentionPolicy policy = RetentionPolicy.parse("all:10s,10s:100s");
    rig.group.add("a", 60_000);
    rig.storeSome(random, "a");
    rig.checkpoint();
    rig.checkpoint();
    store.afterWrite = key -> states.add(store.copy());
    store.beforeWrite = key -> states.add(store.copy()); // before deletes too
    try (Backup backup =
        rig.service.keep(rig.group, store, KeepOptions.DEFAULT.withRetention(policy))) {
      for (int i = 0; i < 25; i++) {
        rig.storeSome(random, "a");
        rig.clock.advance(Duration.ofSeconds(random.nextInt(8)));
        BackupRig.await(backup, rig.checkpoint());
        if (i % 8 == 7) {
          backup.merge();
        }
      }
    }
    assertTrue(states.size() > 100, states.size() + " states");
    int points = 0;
    for (MemoryStore state : states) {
      if (rig.service.list(state).isEmpty()) {
        continue; // not begun
      }
      VerifyReport report = rig.service.verify(state, rig.group.id(), ProgressListener.NONE);
      assertEquals(List.of(), report.findings());
      points += rig.assertEveryPoint(state).size();
    }
    assertTrue(points > 100, points + " points");
    goOnFrom(states.get(random.nextInt(states.size())));
  }

  private void goOnFrom(MemoryStore state) throws Exception {
    try (Backup backup =
        rig.service.keep(
            rig.group, state, KeepOptions.DEFAULT.withRetention(RetentionPolicy.EVERYTHING))) {
      rig.storeSome(random, "a");
      BackupRig.await(backup, rig.checkpoint());
      backup.merge();
      rig.assertEveryPoint(state);
      VerifyReport report = rig.service.verify(state, rig.group.id(), ProgressListener.NONE);
      assertEquals(List.of(), report.findings());
      assertEquals(0, report.unusedBytes());
    }
  }

  @Test
  void answersThatAreLostChangeNothing() throws Exception {
    rig.group.add("a", 60_000);
    try (Backup backup =
        rig.service.keep(
            rig.group, store, KeepOptions.DEFAULT.withRetention(RetentionPolicy.EVERYTHING))) {
      store.afterWrite =
          key -> {
            if (random.nextInt(3) == 0) {
              throw store.refusal();
            }
          };
      for (int i = 0; i < 15; i++) {
        rig.storeSome(random, "a");
        BackupRig.await(backup, rig.checkpoint());
      }
      store.afterWrite = key -> {};
      assertEquals(15, rig.assertEveryPoint(store).size());
      backup.merge();
      assertEquals(15, rig.assertEveryPoint(store).size());
    }
    VerifyReport report = rig.service.verify(store, rig.group.id(), ProgressListener.NONE);
    assertEquals(List.of(), report.findings());
    assertEquals(0, report.unusedBytes());
  }
}
