/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.VerifyReport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Random histories, merged by age: each checkpoint that is kept is what it was. */
class MergeModelTest {
  private static final RetentionPolicy POLICY = RetentionPolicy.parse("all:60s,60s:10m,10m:1h");

  private final SplittableRandom random = Seed.of(MergeModelTest.class);
  private final BackupRig rig = new BackupRig();
  private final MemoryStore store = new MemoryStore(true);
  private int made;

  @AfterEach
  void end() {
    rig.service.closeAll();
  }

  @Test
  void everyPointThatIsKeptIsWhatItWas() throws Exception {
    rig.group.add("a", 50_000);
    if (random.nextBoolean()) {
      rig.storeSome(random, "a");
      rig.checkpoint();
      rig.checkpoint();
    }
    TreeSet<Long> before = new TreeSet<>();
    for (int session = 0; session < 3; session++) {
      try (Backup backup =
          rig.service.keep(rig.group, store, KeepOptions.DEFAULT.withRetention(POLICY))) {
        for (int i = 0; i < 40; i++) {
          change();
          rig.clock.advance(Duration.ofSeconds(random.nextInt(120)));
          BackupRig.await(backup, rig.checkpoint());
          if (random.nextInt(8) == 0) {
            backup.merge();
            TreeSet<Long> now = new TreeSet<>(rig.assertEveryPoint(store));
            assertTrue(now.contains(rig.expected.lastKey()), "the newest stays");
            now.tailSet(last(before), false).clear();
            assertTrue(before.containsAll(now), "what is gone does not come back");
            before = new TreeSet<>(rig.points(store));
          }
        }
        backup.merge();
      }
      rig.assertEveryPoint(store);
      assertSound();
      for (int missed = random.nextInt(4); missed > 0; missed--) {
        change();
        rig.checkpoint();
      }
    }
    rig.clock.advance(Duration.ofDays(1));
    rig.service.merge(store, rig.group.id(), POLICY, ProgressListener.NONE);
    assertEquals(1, rig.assertEveryPoint(store).size());
    assertSound();
  }

  private static long last(NavigableSet<Long> numbers) {
    return numbers.isEmpty() ? 0 : numbers.last();
  }

  private void assertSound() throws MemoryException {
    VerifyReport report = rig.service.verify(store, rig.group.id(), ProgressListener.NONE);
    assertEquals(List.of(), report.findings());
    assertEquals(0, report.unusedBytes());
  }

  private void change() throws MemoryException {
    List<MemoryRegion> regions = new ArrayList<>(rig.group.regions());
    MemoryRegion region = regions.get(random.nextInt(regions.size()));
    String name = region.info().name();
    switch (random.nextInt(12)) {
      case 0 -> region.resize(random.nextInt(100_000));
      case 1 -> {
        if (regions.size() < 4) {
          String added = "r" + ++made;
          rig.group.add(added, random.nextInt(1, 60_000));
          rig.storeSome(random, added);
        }
      }
      case 2 -> {
        if (regions.size() > 1) {
          rig.group.remove(name);
          if (random.nextBoolean()) { // another one of that name
            rig.group.add(name, random.nextInt(1, 60_000));
          }
        }
      }
      case 3 -> rig.group.rename(name, "n" + ++made);
      case 4 -> {
        region.resize(random.nextInt(50_000)); // and back, with zeros
        region.resize(random.nextInt(50_000, 100_000));
      }
      default -> rig.storeSome(random, name);
    }
  }
}
