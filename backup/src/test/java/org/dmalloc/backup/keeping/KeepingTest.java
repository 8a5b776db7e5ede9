/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.SplittableRandom;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupStatus;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RetentionPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KeepingTest {
  private static final KeepOptions ALL =
      KeepOptions.DEFAULT.withRetention(RetentionPolicy.EVERYTHING);

  private final SplittableRandom random = Seed.of(KeepingTest.class);
  private final BackupRig rig = new BackupRig();
  private final MemoryStore store = new MemoryStore(true);

  @AfterEach
  void end() {
    rig.service.closeAll();
  }

  @Test
  void keepsEveryCheckpointFromTheFirst() throws Exception {
    rig.group.add("orders", 100_000);
    try (Backup backup = rig.service.keep(rig.group, store, ALL)) {
      for (int i = 0; i < 20; i++) {
        rig.storeSome(random, "orders");
        BackupRig.await(backup, rig.checkpoint());
      }
      assertEquals(BackupStatus.State.KEEPING, backup.status().state());
      assertNull(backup.status().message());
      assertEquals(20, rig.assertEveryPoint(store).size());
    }
  }

  @Test
  void copiesABaseWhileCheckpointsGoOn() throws Exception {
    rig.group.add("orders", 3_000_000);
    rig.group.add("lines", 2_000_001);
    for (int i = 0; i < 5; i++) {
      rig.storeSome(random, "orders");
      rig.storeSome(random, "lines");
      rig.checkpoint();
    }
    rig.group.onRead =
        () -> {
          rig.group.applySome(random.nextDouble());
          if (random.nextBoolean()) {
            rig.storeSome(random, "orders");
            rig.storeSome(random, "lines");
            rig.checkpoint();
          }
          rig.group.applySome(random.nextDouble());
        };
    try (Backup backup = rig.service.keep(rig.group, store, ALL)) {
      BackupRig.awaitUntil("a base", () -> backup.status().kept() > 0);
      rig.group.onRead = () -> {};
      for (int i = 0; i < 5; i++) {
        rig.storeSome(random, "lines");
        BackupRig.await(backup, rig.checkpoint());
      }
      List<Long> points = rig.assertEveryPoint(store);
      assertEquals(rig.expected.lastKey(), points.getLast());
    }
  }
}
