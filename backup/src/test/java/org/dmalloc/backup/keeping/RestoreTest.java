/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.BackupPoint;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RestoreTest {
  private final SplittableRandom random = Seed.of(RestoreTest.class);
  private final BackupRig rig = new BackupRig();
  private final MemoryStore store = new MemoryStore(true);
  private final InMemoryProvider provider =
      InMemoryProvider.files("restored", new InMemoryStore("/restored"));
  private Backup backup;

  @BeforeEach
  void makeBackup() throws Exception {
    rig.group.add("a", 100_000);
    rig.group.add("b", 30_001);
    backup =
        rig.service.keep(
            rig.group, store, KeepOptions.DEFAULT.withRetention(RetentionPolicy.EVERYTHING));
    for (int i = 0; i < 5; i++) {
      rig.storeSome(random, "a");
      rig.storeSome(random, "b");
      rig.clock.advance(Duration.ofMinutes(1));
      BackupRig.await(backup, rig.checkpoint());
    }
  }

  @AfterEach
  void end() {
    rig.service.closeAll();
  }

  private RestoreRequest request() {
    return RestoreRequest.of(rig.group.id());
  }

  private List<MemoryRegion> restore(RestoreRequest request) throws MemoryException {
    return rig.service.restore(store, request, provider, ProgressListener.NONE);
  }

  @Test
  void listsWhatThereIs() throws Exception {
    BackupInfo info = rig.service.list(store).getFirst();
    assertEquals(rig.group.id(), info.id());
    assertEquals("orders", info.group());
    assertEquals(List.of("a", "b"), info.regions().stream().sorted().toList());
    assertTrue(info.open());
    assertEquals(5, info.points().size());
    BackupPoint last = info.points().getLast();
    assertEquals(5, last.number());
    assertTrue(last.pages() > 0);
    assertTrue(last.byteSize() > 0);
    assertEquals(
        store.objects.entrySet().stream()
            .filter(each -> each.getKey().startsWith("objects/"))
            .mapToLong(each -> each.getValue().length)
            .sum(),
        info.byteSize());
  }

  @Test
  void restoresByTimeTheLastOneUntilThen() throws Exception {
    List<BackupPoint> points = rig.service.info(store, rig.group.id()).points();
    Instant third = points.get(2).at();
    for (Instant time : List.of(third, third.plusSeconds(30), points.get(3).at().minusNanos(1))) {
      List<MemoryRegion> regions =
          restore(
              request()
                  .withPoint(RestorePoint.at(time))
                  .withNames(Map.of("a", "at" + time.getNano() + time.getEpochSecond())));
      assertArrayEquals(rig.expected.get(3L).get("a"), FakeGroup.bytes(regions.getFirst()));
      regions.getFirst().close();
    }
    MemoryException tooEarly =
        assertThrows(
            MemoryException.class,
            () ->
                restore(
                    request().withPoint(RestorePoint.at(points.getFirst().at().minusNanos(1)))));
    assertTrue(tooEarly.getMessage().contains("its first is 1 ("), tooEarly.getMessage());
  }

  @Test
  void restoresUnderOtherNamesWithTheLength() throws Exception {
    rig.group.regions().getFirst().setLength(77);
    rig.storeSome(random, "b");
    BackupRig.await(backup, rig.checkpoint());
    List<MemoryRegion> regions = restore(request().withNames(Map.of("a", "other")));
    assertEquals(1, regions.size());
    assertEquals("other", regions.getFirst().info().name());
    assertEquals(77, regions.getFirst().length());
    regions.getFirst().close();
    assertEquals(
        List.of("other"), provider.stored().stream().map(region -> region.name()).toList());
    assertArrayEquals(rig.expected.get(6L).get("a"), FakeGroup.bytes(provider.open("other")));
  }

  @Test
  void aNameThatIsTakenOrUnknownLeavesNothing() throws Exception {
    restore(request()).forEach(MemoryRegion::close);
    MemoryException taken = assertThrows(MemoryException.class, () -> restore(request()));
    assertTrue(taken.getMessage().contains("there is a region of that name"), taken.getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> restore(request().withNames(Map.of("c", "d"))));
    assertEquals(2, provider.stored().size());
    assertEquals(0, provider.openRegions());
  }

  @Test
  void aCancelledOrFailedRestoreLeavesNothing() throws Exception {
    MemoryException cancelled =
        assertThrows(
            MemoryException.class,
            () ->
                rig.service.restore(
                    store,
                    request(),
                    provider,
                    (done, total) -> {
                      throw new IllegalStateException("enough");
                    }));
    assertTrue(cancelled.getMessage().contains("cancelled by its listener"));
    Thread.currentThread().interrupt();
    assertThrows(MemoryException.class, () -> restore(request()));
    assertTrue(Thread.interrupted());
    store.away(true);
    assertThrows(MemoryException.class, () -> restore(request()));
    store.away(false);
    assertEquals(List.of(), provider.stored());
    assertEquals(0, provider.openRegions());
  }

  @Test
  void aMergeInTheMiddleOfARestoreDoesNotHarm() throws Exception {
    KeepOptions one = KeepOptions.DEFAULT.withRetention(RetentionPolicy.parse("1h:1h"));
    backup.close();
    rig.clock.advance(Duration.ofHours(5));
    boolean[] merged = {false};
    List<MemoryRegion> regions =
        rig.service.restore(
            store,
            request(),
            provider,
            (done, total) -> {
              if (!merged[0]) {
                merged[0] = true;
                try {
                  rig.service.merge(store, rig.group.id(), one.retention(), ProgressListener.NONE);
                } catch (MemoryException e) {
                  throw new IllegalStateException(e);
                }
              }
            });
    assertEquals(1, rig.points(store).size());
    for (MemoryRegion region : regions) {
      assertArrayEquals(rig.expected.get(5L).get(region.info().name()), FakeGroup.bytes(region));
    }
  }

  @Test
  void bringsTheGroupItselfBack() throws Exception {
    for (boolean local : new boolean[] {true, false}) {
      MemoryStore from = local ? store : far();
      rig.storeSome(random, "a");
      rig.storeSome(random, "b");
      long number =
          rig.service.restoreInto(
              rig.group, from, rig.group.id(), RestorePoint.number(2), ProgressListener.NONE);
      assertArrayEquals(rig.expected.get(2L).get("a"), rig.group.bytes("a"));
      assertArrayEquals(rig.expected.get(2L).get("b"), rig.group.bytes("b"));
      rig.expected.put(number, rig.expected.get(2L));
      BackupRig.await(backup, number);
      rig.assertEveryPoint(store);
    }
  }

  private MemoryStore far() {
    MemoryStore far = new MemoryStore(false);
    far.objects.putAll(store.objects);
    return far;
  }

  @Test
  void aLargerRegionKeepsItsSizeAndASmallerOneIsRefused() throws Exception {
    MemoryRegion region = rig.group.regions().getFirst();
    region.resize(150_000);
    rig.group.store("a", 140_000, new byte[] {1, 2, 3});
    rig.checkpoint();
    rig.service.restoreInto(
        rig.group, store, rig.group.id(), RestorePoint.number(3), ProgressListener.NONE);
    byte[] expected = Arrays.copyOf(rig.expected.get(3L).get("a"), 150_000);
    assertArrayEquals(expected, rig.group.bytes("a"));
    region.resize(50_000);
    MemoryException refused =
        assertThrows(
            MemoryException.class,
            () ->
                rig.service.restoreInto(
                    rig.group,
                    store,
                    rig.group.id(),
                    RestorePoint.number(3),
                    ProgressListener.NONE));
    assertTrue(refused.getMessage().contains("which is smaller now"), refused.getMessage());
  }

  @Test
  void tellsWhichCheckpointIsMeant() throws Exception {
    List<BackupPoint> points = rig.service.info(store, rig.group.id()).points();
    assertEquals(points.getLast(), rig.service.find(store, rig.group.id(), RestorePoint.LATEST));
    assertEquals(points.get(1), rig.service.find(store, rig.group.id(), RestorePoint.number(2)));
    MemoryException missing =
        assertThrows(
            MemoryException.class,
            () -> rig.service.find(store, rig.group.id(), RestorePoint.number(9)));
    assertTrue(missing.getMessage().contains("the nearest is 5 ("), missing.getMessage());
  }

  @Test
  void anAddressWithAPasswordIsRefusedAndNotShown() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> rig.service.open("s3://key:secret@bucket/prefix"));
    assertTrue(refused.getMessage().contains("'s3://…@bucket/prefix'"), refused.getMessage());
    assertFalse(refused.getMessage().contains("secret"), refused.getMessage());
  }

  @Test
  void opensStoresByTheirAddress() throws Exception {
    IllegalArgumentException unknown =
        assertThrows(IllegalArgumentException.class, () -> rig.service.open("s3://bucket/prefix"));
    assertTrue(unknown.getMessage().contains("dmalloc-backup-s3"), unknown.getMessage());
  }
}
