/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.backend.anon.MemfdProvider;
import org.dmalloc.testkit.DoomedJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Managed regions that other processes attach. */
@Timeout(600)
class ManagedSharingTest {
  private static final RegionRequest SHARED =
      RegionRequest.ofSize(Rig.SIZE).withProcessShared(true);

  @TempDir private Path directory;
  private final Rig rig = new Rig();
  private final MemoryProvider first = memfd("first");
  private final MemoryProvider second = memfd("second");

  ManagedSharingTest() {
    rig.add(first, 2);
    rig.add(second, 1);
  }

  private static MemoryProvider memfd(String name) {
    return new MemfdProvider(Map.of(MemoryProvider.BACKEND, name));
  }

  /** Attaches what a token in a file leads to, says so, and keeps it. */
  static final class Child {
    private Child() {}

    /** Gets the file of the token, and the one to write to. */
    public static void main(String[] arguments) throws Exception {
      Rig rig = new Rig();
      rig.add(memfd("child"), 1);
      String token = Files.readString(Path.of(arguments[0]));
      MemoryRegion region = rig.provider.attach(token, RegionOptions.DEFAULT);
      Rig.check(region, 1);
      Path whole = Path.of(arguments[1] + ".tmp");
      Files.writeString(whole, Integer.toString(region.members().orElseThrow().self()));
      Files.move(whole, Path.of(arguments[1]));
      while (region.info().open()) {
        LockSupport.parkNanos(1_000_000_000);
      }
    }
  }

  @Test
  void aRegionMovesWhenNoOtherProcessHasItAndItsTokenIsVoidThen() throws Exception {
    ManagedRegion region = rig.allocate(SHARED);
    Rig.fill(region, 1);
    String token = region.token();
    Path from = Files.writeString(directory.resolve("token"), token);
    Path told = directory.resolve("told");
    int child;
    RegionMembers members = region.members().orElseThrow();
    try (DoomedJvm jvm =
        DoomedJvm.start(directory.resolve("log"), Child.class, from.toString(), told.toString())) {
      jvm.await("it attached the region", () -> Files.exists(told));
      child = Integer.parseInt(Files.readString(told));
      assertTrue(members.isAlive(child));
      assertEquals(1, members.processes().size());
      MemoryException refusal =
          assertThrows(MemoryException.class, () -> rig.move(region, "second"));
      assertTrue(
          refusal.getMessage().contains("open in process " + members.processes().getFirst()),
          refusal.getMessage());
      assertThrows(MemoryException.class, () -> region.snapshot(SnapshotRequest.of("moment")));
      assertEquals("first", region.placement().backend().name());
      rig.regions.leaving(first);
      String stranded = String.valueOf(region.stranded());
      assertTrue(stranded.contains("it is process-shared, and open in process"), stranded);
      rig.add(first, 2);
      Rig.check(region, 1);
    }
    assertEquals(MoveMethod.COPY, rig.move(region, "second").method());
    assertNull(region.stranded());
    assertFalse(members.isAlive(child));
    Rig.check(region, 1);
    MemoryException gone =
        assertThrows(
            MemoryException.class, () -> rig.provider.attach(token, RegionOptions.DEFAULT).close());
    assertTrue(gone.getMessage().contains("or has moved"), gone.getMessage());
    assertNotEquals(token, region.token());
    try (MemoryRegion attached = rig.provider.attach(region.token(), RegionOptions.DEFAULT)) {
      Rig.check(attached, 1);
      assertEquals(members.self(), attached.members().orElseThrow().self());
      assertThrows(MemoryException.class, () -> rig.move(region, "first"), "it is open twice");
    }
    rig.move(region, "first");
    region.close();
    assertEquals(0, rig.provider.statistics().openBytes());
    assertEquals(0, first.statistics().openRegions());
    assertEquals(0, second.statistics().openRegions());
  }

  @Test
  void anAttachedRegionIsBookedGrowsAndMovesAsOthers() throws Exception {
    MemoryRegion made = first.allocate(SHARED);
    Rig.fill(made, 4);
    try (MemoryRegion attached =
        rig.provider.attach(made.token(), RegionOptions.DEFAULT.withOwner("guest"))) {
      assertEquals(Rig.SIZE, rig.provider.statistics().openBytes());
      assertEquals("guest", attached.info().owner());
      assertTrue(attached.info().processShared());
      assertTrue(attached.info().backing().startsWith("first: memfd"));
      Rig.check(attached, 4);
      attached.resize(2 * Rig.SIZE);
      Rig.fill(attached, 5);
      made.ensure(2 * Rig.SIZE);
      Rig.check(made, 5);
      made.resize(2 * Rig.SIZE + 4096);
      assertThrows(MemoryException.class, () -> attached.resize(1));
      assertEquals(2 * Rig.SIZE, attached.byteSize());
      made.close();
      MemoryException larger =
          assertThrows(MemoryException.class, () -> rig.move(attached, "second"));
      assertTrue(larger.getMessage().contains("another process has made it"), larger.getMessage());
      assertThrows(MemoryException.class, () -> attached.snapshot(SnapshotRequest.of("moment")));
      attached.resize(2 * Rig.SIZE + 4096);
      Rig.fill(attached, 5);
      assertEquals(MoveMethod.COPY, rig.move(attached, "second").method());
      Rig.check(attached, 5);
    }
    assertEquals(0, rig.provider.statistics().openRegions());
  }

  @Test
  void otherRegionsHaveNoMembersAndNoToken() throws Exception {
    try (MemoryRegion region = rig.allocate(RegionRequest.ofSize(1))) {
      assertTrue(region.members().isEmpty());
      UnsupportedCapabilityException refusal =
          assertThrows(UnsupportedCapabilityException.class, region::token);
      assertTrue(refusal.getMessage().startsWith("token of region"), refusal.getMessage());
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> rig.provider.attach("dmalloc1.x", RegionOptions.DEFAULT).close());
    Rig plain = new Rig();
    plain.add(Rig.swapped("plain"), 1);
    UnsupportedCapabilityException refusal =
        assertThrows(
            UnsupportedCapabilityException.class,
            () -> plain.provider.attach("dmalloc1.x", RegionOptions.DEFAULT).close());
    assertEquals(Capability.PROCESS_SHARED, refusal.capability());
  }
}
