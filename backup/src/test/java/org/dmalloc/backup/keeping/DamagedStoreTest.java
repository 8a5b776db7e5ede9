/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupDamagedException;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.VerifyReport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DamagedStoreTest {
  private final SplittableRandom random = Seed.of(DamagedStoreTest.class);
  private final BackupRig rig = new BackupRig();
  private final MemoryStore store = new MemoryStore(true);

  @BeforeEach
  void makeBackup() throws Exception {
    rig.group.add("a", 200_000);
    rig.group.add("b", 30_000);
    rig.storeSome(random, "a");
    rig.checkpoint();
    rig.storeSome(random, "b");
    rig.checkpoint();
    try (Backup backup =
        rig.service.keep(
            rig.group, store, KeepOptions.DEFAULT.withRetention(RetentionPolicy.EVERYTHING))) {
      BackupRig.awaitUntil("a base", () -> backup.status().kept() > 0);
      for (int i = 0; i < 6; i++) {
        rig.storeSome(random, "a");
        rig.storeSome(random, "b");
        BackupRig.await(backup, rig.checkpoint());
      }
    }
  }

  @AfterEach
  void end() {
    rig.service.closeAll();
  }

  private VerifyReport verify(MemoryStore damaged) throws MemoryException {
    return rig.service.verify(damaged, rig.group.id(), ProgressListener.NONE);
  }

  @Test
  void isSoundAsItWasWritten() throws Exception {
    VerifyReport report = verify(store);
    assertTrue(report.sound(), report.toString());
    assertEquals(rig.points(store).size(), report.points());
    assertEquals(
        store.objects.keySet().stream().filter(key -> key.startsWith("objects/")).count(),
        report.objects());
  }

  /** A restored region is right, or there is none. */
  private int assertNoWrongByte(MemoryStore damaged) throws MemoryException {
    int refused = 0;
    for (long number : rig.points(store)) {
      try {
        rig.assertPoint(damaged, number);
      } catch (MemoryException e) {
        refused++;
      }
    }
    return refused;
  }

  @Test
  void aFlippedBitAnywhereIsFound() throws Exception {
    List<String> keys = new ArrayList<>(store.objects.keySet());
    for (int round = 0; round < 150; round++) {
      String key = keys.get(random.nextInt(keys.size()));
      MemoryStore damaged = store.copy();
      byte[] bytes = damaged.objects.get(key);
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      String what = key + " of " + bytes.length + " bytes";
      if (key.startsWith("heads/")) {
        assertThrows(BackupDamagedException.class, () -> verify(damaged), what);
        BackupInfo info = rig.service.list(damaged).getFirst();
        assertNotNull(info.damage());
        assertEquals(rig.points(store).size(), assertNoWrongByte(damaged), what);
      } else {
        VerifyReport report = verify(damaged);
        assertEquals(1, report.findings().size(), what);
        assertFalse(report.damagedPoints().isEmpty(), what);
        assertEquals(report.damagedPoints().size(), assertNoWrongByte(damaged), what);
      }
    }
  }

  @Test
  void objectsThatAreShorterMissingOrMixedUpAreFound() throws Exception {
    List<String> keys =
        store.objects.keySet().stream().filter(key -> key.startsWith("objects/")).toList();
    for (String key : keys) {
      MemoryStore missing = store.copy();
      missing.objects.remove(key);
      assertFalse(verify(missing).sound(), key);
      assertTrue(assertNoWrongByte(missing) > 0, key);
      MemoryStore shorter = store.copy();
      byte[] bytes = store.objects.get(key);
      shorter.objects.put(key, Arrays.copyOf(bytes, random.nextInt(bytes.length)));
      assertFalse(verify(shorter).sound(), key);
      assertTrue(assertNoWrongByte(shorter) > 0, key);
      MemoryStore mixed = store.copy();
      mixed.objects.put(key, store.objects.get(keys.get(keys.indexOf(key) == 0 ? 1 : 0)));
      assertFalse(verify(mixed).sound(), key);
      assertTrue(assertNoWrongByte(mixed) > 0, key);
    }
  }

  @Test
  void whatNobodyNeedsIsCountedAndDeletedByTheNextMerge() throws Exception {
    String prefix = store.objects.lastEntry().getKey();
    String left = prefix.substring(0, prefix.length() - 17) + "00000001-000000ff";
    store.objects.put(left, new byte[1000]);
    assertEquals(1000, verify(store).unusedBytes());
    assertTrue(verify(store).sound());
    rig.service.merge(store, rig.group.id(), RetentionPolicy.EVERYTHING, ProgressListener.NONE);
    assertFalse(store.objects.containsKey(left));
    assertEquals(0, verify(store).unusedBytes());
    rig.assertEveryPoint(store);
  }
}
