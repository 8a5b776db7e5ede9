/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.backing.StoreProvider;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;

/** Copies of a region at one moment, made while it is used. */
public abstract class SnapshotContract extends ContractTheme {
  private static final long SIZE = (1 << 20) + 3 * PAGE + 8;
  private static final String NAME = "orders-copy";

  private final InMemoryStore store = new InMemoryStore("/snapshots");
  private final InMemoryProvider target = InMemoryProvider.files("snapshots", store);

  private SnapshotRequest toMemory() {
    return SnapshotRequest.of(NAME).withTarget(target);
  }

  private void assertNothingLeft() {
    assertEquals(List.of(), store.names());
    assertEquals(0, target.openRegions());
  }

  @Test
  void aSnapshotHasWhatTheRegionHad() throws Exception {
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 3);
      region.setLength(SIZE - 17);
      long before = System.currentTimeMillis();
      SnapshotResult result = region.snapshot(toMemory());
      Pattern.write(region, 4);
      assertEquals(NAME, result.name());
      assertEquals(SIZE, result.byteSize());
      assertTrue(result.copiedBytes() >= SIZE, result.toString());
      assertTrue(result.takenAt().toEpochMilli() >= before, result.toString());
      assertTrue(result.pauseNanos() <= result.elapsedNanos(), result.toString());
      StoredRegion stored = target.stored(NAME, null).orElseThrow();
      assertEquals(SIZE - 17, stored.length());
      assertEquals(result.takenAt(), Objects.requireNonNull(stored.snapshot()).takenAt());
      assertEquals(0, target.openRegions());
      Pattern.check(Objects.requireNonNull(store.bytes(NAME)), 3);
      Pattern.check(region, 4);
    }
  }

  @Test
  void ofACheckpointedRegionItHasWhatNoCheckpointHas() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    RegionRequest request =
        RegionRequest.ofSize(SIZE)
            .withName("orders")
            .checkpointed(CheckpointOptions.DEFAULT.withOnClose(false));
    try (MemoryRegion region = provider().allocate(request)) {
      Pattern.write(region, 3);
      long number = region.checkpoint();
      Pattern.write(region, 4);
      assertEquals(SIZE, region.snapshot(toMemory()).byteSize());
      Pattern.check(Objects.requireNonNull(store.bytes(NAME)), 4);
      assertEquals(number, region.checkpoints().status().number());
      region.discard();
      Pattern.check(region, 3);
    }
  }

  @Test
  void emptyAndSmallRegionsHaveSnapshotsToo() throws Exception {
    for (long size : new long[] {0, 1, PAGE, PAGE + 8}) {
      try (MemoryRegion region = allocate(size)) {
        Pattern.write(region, size);
        SnapshotRequest request = SnapshotRequest.of("size-" + size).withTarget(target);
        assertEquals(size, region.snapshot(request).byteSize());
        Pattern.check(Objects.requireNonNull(store.bytes(request.name())), size);
      }
    }
  }

  /** Each writer stores one count to many places in a section. */
  @Test
  void whatASectionStoresIsInASnapshotAsAWholeOrNotAtAll() throws Exception {
    try (MemoryRegion region = allocate(SIZE)) {
      AtomicBoolean stop = new AtomicBoolean();
      AtomicLong stored = new AtomicLong();
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!stop.get()) {
                      long count = stored.get() + 1;
                      try (Access access = region.acquire()) {
                        for (long at = 0; at < SIZE; at += 16 * PAGE) {
                          access.segment().set(JAVA_LONG, at, count);
                        }
                      }
                      stored.set(count);
                    }
                  });
      try {
        for (int i = 0; i < 5; i++) {
          long least = stored.get();
          region.snapshot(SnapshotRequest.of("cut-" + i).withTarget(target));
          long most = stored.get() + 1;
          long count = Objects.requireNonNull(store.bytes("cut-" + i)).get(JAVA_LONG, 0);
          assertTrue(count >= least && count <= most, count + " of " + least + " to " + most);
          for (long at = 0; at < SIZE; at += 16 * PAGE) {
            long there = Objects.requireNonNull(store.bytes("cut-" + i)).get(JAVA_LONG, at);
            assertEquals(count, there, "at " + at);
          }
        }
      } finally {
        stop.set(true);
        Await.end(writer);
      }
    }
  }

  @Test
  void aCancelledSnapshotLeavesNothing() throws Exception {
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 5);
      SnapshotRequest request =
          toMemory()
              .withProgress(
                  (done, total) -> {
                    throw new IllegalStateException("enough");
                  });
      MemoryException cancelled =
          assertThrowsOneLine(MemoryException.class, () -> region.snapshot(request));
      assertSays(cancelled, "enough");
      assertNothingLeft();
      Thread.currentThread().interrupt();
      assertThrowsOneLine(MemoryException.class, () -> region.snapshot(toMemory()));
      assertTrue(Thread.interrupted());
      assertNothingLeft();
      region.snapshot(toMemory());
      Pattern.check(Objects.requireNonNull(store.bytes(NAME)), 5);
    }
  }

  @Test
  void whatCannotBeHeldIsRefused() throws Exception {
    try (MemoryRegion region = allocate(SIZE)) {
      try (Access access = region.acquire()) {
        assertThrowsOneLine(IllegalStateException.class, () -> region.snapshot(toMemory()));
        access.segment().set(JAVA_LONG, 0, 1);
      }
      region.segment();
      assertThrowsOneLine(IllegalStateException.class, () -> region.snapshot(toMemory()));
      assertNothingLeft();
    }
  }

  @Test
  void aClosedRegionHasNoSnapshot() throws Exception {
    MemoryRegion region = allocate(SIZE);
    region.close();
    assertThrowsOneLine(IllegalStateException.class, () -> region.snapshot(toMemory()));
    assertNothingLeft();
  }

  @Test
  void aNameThatIsTakenStays() throws Exception {
    store.put(NAME, PAGE);
    try (MemoryRegion region = allocate(SIZE)) {
      assertThrowsOneLine(MemoryException.class, () -> region.snapshot(toMemory()));
      assertEquals(0, target.openRegions());
      assertEquals(PAGE, Objects.requireNonNull(store.bytes(NAME)).byteSize());
    }
  }

  /** In the store of the provider itself, where it has one that takes them. */
  @Test
  void aSnapshotIsOpenedForReadingOnly() throws Exception {
    assumeDeclared(Capability.NAMED, Capability.READ_ONLY);
    if (!(provider() instanceof StoreProvider)) {
      Skip.because(provider().name() + " is no backend: its regions lie on others");
    }
    try (MemoryRegion region = allocate("orders", SIZE)) {
      Pattern.write(region, 6);
      SnapshotResult result = region.snapshot(SnapshotRequest.of(NAME));
      Pattern.write(region, 7);
      StoredRegion stored = provider().stored(NAME, null).orElseThrow();
      assertEquals(stored.path(), result.path());
      assertEquals(StoredRegion.State.CLOSED, stored.state());
      assertEquals("orders", Objects.requireNonNull(stored.snapshot()).region());
      assertEquals(1, provider().regions().size());
    }
    MemoryException refused = assertRefused(() -> provider().open(NAME));
    assertSays(refused, "snapshot");
    assertStored(OpenRequest.of(NAME).readOnly(), 6);
    if (declares(Capability.PRIVATE_MAPPING)) {
      assertStored(OpenRequest.of(NAME).withSharing(Sharing.PRIVATE), 6);
    }
    try (MemoryRegion open = provider().open(OpenRequest.of(NAME).readOnly())) {
      assertNotNull(provider().stored(NAME, null).orElseThrow().snapshot());
      open.snapshot(SnapshotRequest.of("again"));
    }
    assertStored(OpenRequest.of("again").readOnly(), 6);
    provider().rename(NAME, "renamed", NameDurability.NOW, null);
    provider().delete("renamed");
    provider().delete("again");
    assertThrows(MemoryException.class, () -> provider().open("renamed"));
    assertStored("orders", 7);
  }
}
