/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupPoint;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.FollowOptions;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.KnownBackup;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.Standby;
import org.dmalloc.backup.archive.Piece;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups of checkpointed regions in files. */
class PanamaBackupTest {
  private static final KeepOptions ALL =
      KeepOptions.DEFAULT.withRetention(RetentionPolicy.EVERYTHING);

  @TempDir private Path directory;

  private final SplittableRandom random = Seed.of(PanamaBackupTest.class);
  private final BackupService service = BackupService.load();
  private final TreeMap<Long, Map<String, byte[]>> expected = new TreeMap<>();
  private Dmalloc dmalloc;
  private MemoryProvider provider;
  private BackupStore store;

  @BeforeEach
  void open() throws Exception {
    dmalloc = Dmalloc.open(Map.of("directory", directory.resolve("regions").toString()));
    Files.createDirectories(directory.resolve("regions"));
    provider = dmalloc.provider("panama");
    assumeTrue(
        provider.capabilities().contains(Capability.CHECKPOINT),
        "the kernel grants no userfaultfd, which checkpoints need");
    store = service.directory(directory.resolve("backups"));
  }

  @AfterEach
  void close() {
    service.backups().forEach(Backup::close);
    store.close();
    dmalloc.close();
  }

  private MemoryRegion allocate(String name, long byteSize, String group) throws MemoryException {
    return provider.allocate(
        RegionRequest.ofSize(byteSize)
            .withName(name)
            .withDurability(Durability.CHECKPOINT)
            .withCheckpoints(CheckpointOptions.DEFAULT.withGroup(group)));
  }

  private void storeSome(MemoryRegion region) {
    try (Access access = region.acquire()) {
      MemorySegment segment = access.segment();
      for (int i = random.nextInt(1, 8); i > 0; i--) {
        byte[] bytes = new byte[random.nextInt(1, 20_000)];
        if (random.nextBoolean()) {
          random.nextBytes(bytes);
        }
        long offset = random.nextLong(segment.byteSize() - bytes.length);
        MemorySegment.copy(bytes, 0, segment, JAVA_BYTE, offset, bytes.length);
      }
    }
  }

  private long checkpoint(CheckpointGroup group) throws MemoryException {
    long number = group.checkpoint();
    Map<String, byte[]> contents = new HashMap<>();
    group.regions().forEach(each -> contents.put(each.info().name(), FakeGroup.bytes(each)));
    expected.put(number, contents);
    return number;
  }

  private static void await(Backup backup, long number) throws MemoryException {
    assertTrue(backup.await(number, BackupRig.DEADLINE), () -> backup.status().toString());
  }

  private void assertEveryPoint(CheckpointGroup group, Backup backup) throws MemoryException {
    List<BackupPoint> points = service.info(store, backup.id()).points();
    for (BackupPoint point : points) {
      Map<String, String> names = new HashMap<>();
      group.regions().forEach(each -> names.put(each.info().name(), "r-" + each.info().name()));
      List<MemoryRegion> regions =
          service.restore(
              store,
              RestoreRequest.of(backup.id())
                  .withPoint(RestorePoint.number(point.number()))
                  .withNames(names),
              provider,
              ProgressListener.NONE);
      for (MemoryRegion region : regions) {
        String name = region.info().name();
        assertEquals(Durability.CHECKPOINT, region.info().options().durability());
        assertArrayEquals(
            expected.get(point.number()).get(name.substring(2)),
            FakeGroup.bytes(region),
            name + " at " + point.number());
        region.close();
        provider.delete(name);
      }
    }
  }

  @Test
  void keepsRestoresAndGoesOnAfterAReopening() throws Exception {
    MemoryRegion region = allocate("orders", 3_000_000, null);
    for (int i = 0; i < 3; i++) {
      storeSome(region);
      checkpoint(region.checkpoints());
    }
    try (Backup backup = service.keep(region.checkpoints(), store, ALL)) {
      for (int i = 0; i < 6; i++) {
        storeSome(region);
        await(backup, checkpoint(region.checkpoints()));
      }
      assertEveryPoint(region.checkpoints(), backup);
    }
    region.close();
    region = provider.open("orders");
    try (Backup backup = service.keep(region.checkpoints(), store, ALL)) {
      storeSome(region);
      await(backup, checkpoint(region.checkpoints()));
      assertEveryPoint(region.checkpoints(), backup);
      assertTrue(service.verify(store, backup.id(), ProgressListener.NONE).sound());
      long second = service.info(store, backup.id()).points().get(1).number();
      storeSome(region);
      service.restoreInto(
          region.checkpoints(),
          store,
          backup.id(),
          RestorePoint.number(second),
          ProgressListener.NONE);
      assertArrayEquals(expected.get(second).get("orders"), FakeGroup.bytes(region));
      assertEquals(
          1,
          HeadFile.read(store, backup.id()).orElseThrow().pieces().stream()
              .filter(piece -> piece.kind() == Piece.Kind.BASE)
              .count(),
          "the journal still had the last checkpoint");
    }
    region.close();
  }

  @Test
  void aBaseIsCopiedWhileAGroupIsUsed() throws Exception {
    MemoryRegion a = allocate("a", 40_000_000, "both");
    MemoryRegion b = allocate("b", 5_000_001, "both");
    CheckpointGroup group = a.checkpoints();
    for (int i = 0; i < 3; i++) {
      storeSome(a);
      storeSome(b);
      checkpoint(group);
    }
    try (Backup backup = service.keep(group, store, ALL)) {
      while (backup.status().kept() == 0) {
        storeSome(a);
        storeSome(b);
        checkpoint(group);
      }
      b.resize(6_000_000);
      storeSome(b);
      await(backup, checkpoint(group));
      assertEveryPoint(group, backup);
    }
    a.close();
    b.close();
  }

  @Test
  void aStandbyIsKeptUpToDate() throws Exception {
    MemoryRegion region = allocate("orders", 2_000_000, null);
    try (Backup backup = service.keep(region.checkpoints(), store, ALL)) {
      storeSome(region);
      await(backup, checkpoint(region.checkpoints()));
      FollowOptions often = FollowOptions.DEFAULT.withEvery(Duration.ofMillis(10));
      RestoreRequest copy =
          RestoreRequest.of(backup.id()).withNames(Map.of("orders", "orders copy"));
      for (int session = 0; session < 2; session++) {
        try (Standby standby = service.follow(store, copy, provider, often)) {
          for (int i = 0; i < 4; i++) {
            storeSome(region);
            long number = checkpoint(region.checkpoints());
            await(backup, number);
            BackupRig.awaitUntil("applied", () -> standby.status().applied() == number);
            assertArrayEquals(
                expected.get(number).get("orders"), FakeGroup.bytes(standby.regions().getFirst()));
          }
        }
      }
    }
    region.close();
  }

  @Test
  void aRecordBesideTheFilesSaysWhereTheBackupLies() throws Exception {
    Path regions = directory.resolve("regions");
    assertEquals(List.of(), service.known(regions));
    MemoryRegion a = allocate("a", 100_000, "both");
    MemoryRegion b = allocate("b", 100_000, "both");
    KeepOptions options =
        KeepOptions.DEFAULT
            .withRetention(RetentionPolicy.parse("all:2h,1h:ever"))
            .withOwner("me")
            .withSpool(directory)
            .withSpoolBytes(1 << 20)
            .withBytesPerSecond(1 << 30)
            .withBaseEvery(Duration.ofDays(7));
    service.keep(a.checkpoints(), store, KeepOptions.DEFAULT).close();
    Backup backup = service.keep(a.checkpoints(), store, options.takingOver());
    KnownBackup known = service.known(regions).getFirst();
    assertEquals(
        new KnownBackup(
            backup.id(), "both", List.of("a", "b"), store.location(), options, known.at()),
        known);
    backup.close();
    b.close();
    a.close();
    provider.delete("a");
    provider.delete("b");
    assertEquals(List.of(known), service.known(regions), "it is needed most now");
    Path file = regions.resolve(known.id() + ".backup");
    byte[] bytes = Files.readAllBytes(file);
    for (int at : new int[] {0, 10, bytes.length / 2, bytes.length - 1}) {
      byte[] damaged = bytes.clone();
      damaged[at] ^= 1;
      Files.write(file, damaged);
      assertEquals(List.of(), service.known(regions), "damaged at " + at);
    }
    Files.write(file, new byte[0]);
    assertEquals(List.of(), service.known(regions));
    assertEquals(List.of(), service.known(directory.resolve("nothing")));
  }

  @Test
  void theRecordOfCopiesLiesBesideTheFirstOneInAnEmptyStore() throws Exception {
    MemoryRegion region = allocate("orders", 100_000, null);
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    try (Backup backup = service.keep(region.checkpoints(), store, ALL);
        Dmalloc there = Dmalloc.open(Map.of("directory", elsewhere.toString()))) {
      for (int session = 0; session < 2; session++) {
        storeSome(region);
        long number = checkpoint(region.checkpoints());
        await(backup, number);
        try (Standby standby =
            service.follow(
                store,
                RestoreRequest.of(backup.id()),
                there.provider("panama"),
                FollowOptions.DEFAULT)) {
          assertArrayEquals(
              expected.get(number).get("orders"), FakeGroup.bytes(standby.regions().getFirst()));
        }
        assertTrue(Files.exists(elsewhere.resolve(backup.id() + ".follow")));
      }
    }
    region.close();
  }

  @Test
  void severalRegionsAreRestoredAsAGroupAgain() throws Exception {
    MemoryRegion a = allocate("a", 30_000_000, "both");
    MemoryRegion b = allocate("b", 30_000_000, "both");
    try (Backup backup = service.keep(a.checkpoints(), store, ALL)) {
      for (int i = 0; i < 3; i++) {
        storeSome(a);
        storeSome(b);
        await(backup, checkpoint(a.checkpoints()));
      }
      long number = expected.lastKey();
      CheckpointOptions group =
          CheckpointOptions.DEFAULT.withGroup("again").withPrivateBytes(2 << 20);
      List<MemoryRegion> regions =
          service.restore(
              store,
              RestoreRequest.of(backup.id())
                  .withNames(Map.of("a", "a2", "b", "b2"))
                  .withOptions(
                      RegionOptions.DEFAULT
                          .withDurability(Durability.CHECKPOINT)
                          .withCheckpoints(group)),
              provider,
              ProgressListener.NONE);
      assertEquals(regions.getFirst().checkpoints(), regions.getLast().checkpoints());
      assertArrayEquals(expected.get(number).get("a"), FakeGroup.bytes(regions.getFirst()));
      assertArrayEquals(expected.get(number).get("b"), FakeGroup.bytes(regions.getLast()));
      regions.forEach(MemoryRegion::close);
    }
    a.close();
    b.close();
  }
}
