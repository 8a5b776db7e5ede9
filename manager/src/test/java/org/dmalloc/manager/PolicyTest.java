/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.move.LeakedRegion;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Policies, quotas, leaks and the configuration. */
final class PolicyTest {
  private final Rig rig = new Rig();
  private final AtomicLong now = new AtomicLong(1);
  private final PolicyClock clock = new PolicyClock(rig.regions, now::get);

  @Test
  void followGoesToTheHighestRanking() throws Exception {
    rig.add(InMemoryProvider.memory("low"), 1);
    rig.regions.settings(Settings.of(Map.of("policy", "FOLLOW")));
    ManagedRegion region = rig.filled(1);
    rig.add(InMemoryProvider.memory("high"), 2);
    clock.tick();
    assertEquals("high", region.managedInfo().backend());
    Rig.check(region, 1);
  }

  @Test
  void idleRegionsAreSpilledAndComeBackWhenUsed() throws Exception {
    rig.add(InMemoryProvider.memory("memory"), 9);
    rig.add(InMemoryProvider.files("files", new InMemoryStore("/disk")), 1);
    rig.regions.settings(Settings.of(Map.of("policy", "SPILL", "spill.idle.millis", "1000")));
    ManagedRegion idle = rig.filled(1);
    ManagedRegion busy = rig.filled(2);
    clock.tick();
    assertEquals("memory", idle.managedInfo().backend());
    now.addAndGet(TimeUnit.SECONDS.toNanos(2));
    Rig.check(busy, 2);
    clock.tick();
    assertEquals("files", idle.managedInfo().backend());
    assertEquals("memory", busy.managedInfo().backend());
    clock.tick();
    assertEquals("files", idle.managedInfo().backend(), "stays while it is idle");
    Rig.check(idle, 1);
    clock.tick();
    assertEquals("memory", idle.managedInfo().backend());
    Rig.check(idle, 1);
  }

  @Test
  void overBudgetTheLeastRecentlyUsedAreSpilled() throws Exception {
    rig.add(InMemoryProvider.memory("memory"), 9);
    rig.add(InMemoryProvider.files("files", new InMemoryStore("/disk")), 1);
    rig.regions.settings(
        Settings.of(Map.of("policy", "SPILL", "spill.budget.bytes", "" + 2 * (Rig.SIZE + 4096))));
    ManagedRegion first = rig.filled(1);
    ManagedRegion second = rig.filled(2);
    clock.tick();
    ManagedRegion third = rig.filled(3);
    Rig.check(second, 2);
    now.addAndGet(TimeUnit.SECONDS.toNanos(1));
    clock.tick();
    assertEquals("files", first.managedInfo().backend());
    assertEquals("memory", second.managedInfo().backend());
    assertEquals("memory", third.managedInfo().backend());
  }

  @Test
  void quotasNameTheLimit() throws Exception {
    rig.add(InMemoryProvider.memory("memory"), 9);
    rig.regions.settings(
        Settings.of(
            Map.of(
                "limit.bytes", "30000",
                "bundle.limit.bytes", "20000",
                "bundle.limits", new String[] {"small.bundle=8k"})));
    MemoryRegion region = rig.provider.allocate(RegionRequest.ofSize(20_000));
    assertRefused("limit of bundle test.bundle reached: 20000 of 20000", rig.provider, 1);
    ManagedProvider small = new ManagedProvider(rig.regions, "small.bundle");
    assertRefused("limit of bundle small.bundle reached: 0 of 8192", small, 8193);
    MemoryRegion fits = small.allocate(RegionRequest.ofSize(8192));
    assertThrows(MemoryException.class, () -> fits.resize(8193));
    ManagedProvider other = new ManagedProvider(rig.regions, "other.bundle");
    assertRefused("limit of backend managed reached: 28192 of 30000", other, 2000);
    region.close();
    fits.close();
    assertEquals(0, rig.provider.statistics().openBytes());
    rig.provider.allocate(RegionRequest.ofSize(20_000)).close();
  }

  @Test
  void numbersAndOwnersHaveQuotasToo() throws Exception {
    rig.add(InMemoryProvider.memory("memory"), 9);
    rig.regions.settings(
        Settings.of(
            Map.of(
                "limit.regions", "4",
                "bundle.limit.regions", 3,
                "owner.limit.bytes", "10000",
                "owner.limits", "big=20000")));
    MemoryRegion one = rig.provider.allocate(RegionRequest.ofSize(9000).withOwner("a"));
    MemoryRegion two = rig.provider.allocate(RegionRequest.ofSize(15_000).withOwner("big"));
    assertRefused("limit of owner a reached: 9000 of 10000 bytes", rig.provider, 1001, "a");
    MemoryException grown = assertThrows(MemoryException.class, () -> one.resize(10_001));
    assertTrue(String.valueOf(grown.getMessage()).contains("limit of owner a"), grown.getMessage());
    one.resize(10_000);
    MemoryRegion three = rig.provider.allocate(RegionRequest.ofSize(1));
    assertRefused("limit of bundle test.bundle reached: 3 of 3 regions", rig.provider, 1, null);
    ManagedProvider other = new ManagedProvider(rig.regions, "other.bundle");
    MemoryRegion four = other.allocate(RegionRequest.ofSize(1));
    assertRefused("limit of backend managed reached: 4 of 4 regions", other, 1, null);
    List<String> told =
        rig.provider.limits().stream()
            .map(use -> use.kind() + " " + use.owner() + " " + use.used() + "/" + use.limit())
            .toList();
    assertEquals(
        List.of(
            "PROVIDER_REGIONS null 4/4",
            "OWNER_REGIONS bundle other.bundle 1/3",
            "OWNER_REGIONS bundle test.bundle 3/3",
            "OWNER_BYTES  2/10000",
            "OWNER_BYTES a 10000/10000",
            "OWNER_BYTES big 15000/20000"),
        told);
    List.of(one, two, three, four).forEach(MemoryRegion::close);
    assertEquals(1, rig.provider.limits().size());
    assertEquals(0, rig.provider.limits().getFirst().used());
  }

  private static void assertRefused(
      String message, ManagedProvider provider, long byteSize, @Nullable String owner) {
    MemoryException refused =
        assertThrows(
            MemoryException.class,
            () -> provider.allocate(RegionRequest.ofSize(byteSize).withOwner(owner)));
    assertTrue(String.valueOf(refused.getMessage()).contains(message), refused.getMessage());
  }

  private static void assertRefused(String message, ManagedProvider provider, long byteSize) {
    MemoryException refused =
        assertThrows(
            MemoryException.class, () -> provider.allocate(RegionRequest.ofSize(byteSize)));
    assertTrue(String.valueOf(refused.getMessage()).contains(message), refused.getMessage());
  }

  @Test
  void leaksAreListedAndClosedByPolicy() throws Exception {
    rig.add(InMemoryProvider.memory("memory"), 9);
    ManagedRegion kept = rig.filled(1);
    ManagedProvider other = new ManagedProvider(rig.regions, "other.bundle");
    MemoryRegion innocent = other.allocate(RegionRequest.ofSize(1));
    rig.regions.moves().bundleStopped("test.bundle");
    LeakedRegion leak = rig.regions.moves().leaks().getFirst();
    assertEquals(kept.id(), leak.id());
    assertFalse(leak.closed());
    Rig.check(kept, 1);
    rig.regions.settings(Settings.of(Map.of("leaks", "close")));
    rig.regions.moves().bundleStopped("other.bundle");
    assertFalse(innocent.info().open());
    assertTrue(rig.regions.moves().leaks().getLast().closed());
  }

  @Test
  void badConfigurationNamesPidKeyAndValue() {
    for (Map.Entry<String, Object> bad :
        Map.<String, Object>of(
                "policy", "SOMETIMES",
                "spill.idle.millis", "-1",
                "limit.bytes", "lots",
                "bundle.limit.bytes", "1x",
                "bundle.limits", "no-equals",
                "evacuation.timeout.millis", "0",
                "leaks", "maybe")
            .entrySet()) {
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class,
              () -> Settings.of(Map.of(bad.getKey(), bad.getValue())));
      String message = String.valueOf(refused.getMessage());
      assertTrue(
          message.contains("org.dmalloc.manager: " + bad.getKey() + "=" + bad.getValue()), message);
    }
  }

  @Test
  void withoutABackendTheNextStepIsNamed() {
    MemoryException refused =
        assertThrows(MemoryException.class, () -> rig.provider.allocate(RegionRequest.ofSize(1)));
    assertEquals("allocate: no backend is present; start a backend's bundle", refused.getMessage());
  }
}
