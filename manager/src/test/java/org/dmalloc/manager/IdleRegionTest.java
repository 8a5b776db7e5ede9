/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.backend.panama.PanamaProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;

/** An idle managed region wakes nobody: its gate tells the backend below of the next use. */
@Timeout(120)
final class IdleRegionTest {
  private static final long SIZE = 16 << 20;
  private static final long DEADLINE_NANOS = 60_000_000_000L;

  @TempDir private Path directory;
  private final Rig rig = new Rig();
  private MemoryProvider here;
  private MemoryProvider there;

  @BeforeEach
  void start() throws Exception {
    here = panama("here");
    there = panama("there");
    rig.add(here, 2);
    rig.add(there, 1);
  }

  private MemoryProvider panama(String name) throws Exception {
    BundleContext nothingConfigured =
        (BundleContext)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {BundleContext.class},
                (proxy, method, arguments) -> null);
    Path disk = Files.createDirectory(directory.resolve(name));
    return new PanamaProvider(
        nothingConfigured, Map.of(MemoryProvider.BACKEND, name, "directory", disk.toString()));
  }

  private static PagingStatistics paging(MemoryProvider provider) {
    return provider.paging().orElseThrow();
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + DEADLINE_NANOS;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        fail("waited in vain for " + what);
      }
      Thread.onSpinWait();
    }
  }

  private static void awaitRest(MemoryProvider provider) {
    await("rest at " + provider.name(), () -> paging(provider).restingRegions() == 1);
    // Its observer's thread waits without a time-out then, once it is through with its pass.
    await("a thread that waits", () -> isParked("dmalloc-paging-" + provider.name()));
  }

  private static boolean isParked(String thread) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(each -> each.getName().equals(thread))
        .allMatch(each -> each.getState() == Thread.State.WAITING);
  }

  private static void use(ManagedRegion region) {
    try (Access access = region.acquire()) {
      access.segment().set(JAVA_LONG, 0, access.segment().get(JAVA_LONG, 0) + 1);
    }
  }

  @Test
  void restsUntilItsNextSection() throws Exception {
    try (ManagedRegion region = rig.allocate(RegionRequest.ofSize(SIZE))) {
      assertEquals(AccessPattern.AUTO, region.info().pattern());
      for (int round = 0; round < 3; round++) {
        use(region);
        awaitRest(here);
        long passes = paging(here).passes();
        region.info();
        assertEquals(passes, paging(here).passes());
        use(region);
        await("a pass after use", () -> paging(here).passes() > passes);
      }
    }
  }

  @Test
  void restsWhereverItIsMoved() throws Exception {
    try (ManagedRegion region = rig.allocate(RegionRequest.ofSize(SIZE))) {
      use(region);
      awaitRest(here);
      rig.move(region, "there");
      awaitRest(there);
      assertEquals(0, paging(here).watchedRegions());
      long passes = paging(there).passes();
      use(region);
      await("a pass after use", () -> paging(there).passes() > passes);
      awaitRest(there);
      rig.move(region, "here");
      awaitRest(here);
    }
  }

  @Test
  void isLookedAfterWhereItsRawSegmentWasHandedOut() throws Exception {
    try (ManagedRegion region = rig.allocate(RegionRequest.ofSize(SIZE))) {
      awaitRest(here);
      region.segment().set(JAVA_LONG, 0, 1);
      long passes = paging(here).passes();
      await("passes", () -> paging(here).passes() > passes + 3);
      // After each pass it counts as resting for a moment, until the gate has refused that.
      await("no rest", () -> paging(here).restingRegions() == 0);
    }
  }
}
