/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Residency;
import org.dmalloc.api.SwapPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the kernel makes of each policy, as residency and /proc/self/smaps tell it. */
@Timeout(120)
class SwapPolicyEffectTest {
  private static final long MIB = 1L << 20;
  private static final long PAGE = 4096;

  private static MemoryRegion allocate(MemorySource source, RegionRequest request)
      throws MemoryException {
    return SourceFixture.start(source).allocate(request);
  }

  private static void fill(MemoryRegion region, long from, long length, long seed) {
    try (Access access = region.acquire()) {
      for (long at = from; at < from + length; at += PAGE) {
        access.segment().set(JAVA_LONG, at, seed + at);
      }
    }
  }

  private static void check(MemoryRegion region, long from, long length, long seed) {
    try (Access access = region.acquire()) {
      MemorySegment segment = access.segment();
      for (long at = from; at < from + length; at += PAGE) {
        assertEquals(seed + at, segment.get(JAVA_LONG, at));
      }
    }
  }

  private static void assertFlag(boolean expected, String flag, MemoryRegion region)
      throws IOException {
    for (String flags : KernelFlags.of(region)) {
      assertEquals(expected, flags.contains(flag + " "), flag + " in " + flags);
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void neverLocksWhatIsTouchedAndKernelLetsGo(MemorySource source) throws Exception {
    try (MemoryRegion region = allocate(source, RegionRequest.ofSize(8 * MIB))) {
      fill(region, 0, MIB, 1);
      region.apply(SwapPolicy.NEVER);
      Residency locked = region.residency();
      assertTrue(locked.lockedBytes() >= MIB, locked.toString());
      assertTrue(locked.lockedBytes() < 8 * MIB, "brought pages in: " + locked);
      fill(region, 4 * MIB, MIB, 2);
      assertTrue(region.residency().lockedBytes() >= 2 * MIB);
      assertFlag(true, "lo", region);
      assertTrue(region.info().locked());
      region.apply(SwapPolicy.KERNEL);
      assertEquals(0, region.residency().lockedBytes());
      assertFlag(false, "lo", region);
      assertFalse(region.info().locked());
      check(region, 0, MIB, 1);
      check(region, 4 * MIB, MIB, 2);
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void aLockedRegionIsWhollyInRamFromTheStart(MemorySource source) throws Exception {
    RegionRequest request = RegionRequest.ofSize(3 * MIB + 5).lockedInRam();
    try (MemoryRegion region = allocate(source, request)) {
      Residency residency = region.residency();
      assertEquals(residency.byteSize(), residency.lockedBytes());
      assertEquals(residency.byteSize(), residency.residentBytes());
      region.apply(SwapPolicy.KERNEL);
      assertEquals(residency.byteSize(), region.residency().lockedBytes(), "its request says so");
    }
  }

  @Test
  void aLockedRegionStaysSoWhenItGrows() throws Exception {
    RegionRequest request = RegionRequest.ofSize(MIB).lockedInRam();
    try (MemoryRegion region = allocate(MemorySource.PRIVATE, request)) {
      fill(region, 0, MIB, 3);
      region.resize(5 * MIB);
      assertEquals(5 * MIB, region.residency().lockedBytes());
      check(region, 0, MIB, 3);
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void readAheadPoliciesAreKernelFlags(MemorySource source) throws Exception {
    try (MemoryRegion region = allocate(source, RegionRequest.ofSize(MIB))) {
      region.apply(SwapPolicy.NO_READ_AHEAD);
      assertFlag(true, "rr", region);
      region.apply(SwapPolicy.READ_AHEAD);
      assertFlag(false, "rr", region);
      assertEquals(Set.of(SwapPolicy.READ_AHEAD), region.info().policies());
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void hugePagePoliciesAreKernelFlags(MemorySource source) throws Exception {
    try (MemoryRegion region = allocate(source, RegionRequest.ofSize(4 * MIB))) {
      assertFlag(false, "hg", region);
      assertFlag(false, "nh", region);
      region.apply(SwapPolicy.HUGE_PAGES);
      assertFlag(true, "hg", region);
      region.apply(SwapPolicy.NO_HUGE_PAGES);
      assertFlag(true, "nh", region);
      region.apply(SwapPolicy.KERNEL);
      assertEquals(Set.of(SwapPolicy.KERNEL), region.info().policies());
      boolean always = KernelFlags.of(region).getFirst().contains("hg ");
      boolean never = KernelFlags.of(region).getFirst().contains("nh ");
      assertTrue(always ^ never, "one mark with the effect of the machine's setting");
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = MemorySource.class,
      names = {"PRIVATE"})
  void hugePagesHoldPrivateMemory(MemorySource source) throws Exception {
    requireSetting("enabled", "[never]", false);
    RegionRequest request = RegionRequest.ofSize(8 * MIB).withPageSize(PageSize.HUGE).prefaulted();
    try (MemoryRegion region = allocate(source, request)) {
      assertAlignedToHugePages(region);
      assertEquals(8 * MIB, region.residency().hugeBytes());
    }
    RegionRequest plain = RegionRequest.ofSize(8 * MIB);
    try (MemoryRegion region = allocate(source, plain)) {
      region.apply(SwapPolicy.HUGE_PAGES);
      fill(region, 0, 8 * MIB, 4);
      assertEquals(8 * MIB, region.residency().hugeBytes());
    }
    try (MemoryRegion region = allocate(source, plain)) {
      region.apply(SwapPolicy.NO_HUGE_PAGES);
      fill(region, 0, 8 * MIB, 4);
      assertEquals(0, region.residency().hugeBytes());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = MemorySource.class,
      names = {"MEMFD", "ZERO"})
  void hugePagesHoldSharedMemoryWhereTheMachineAllows(MemorySource source) throws Exception {
    RegionRequest request = RegionRequest.ofSize(8 * MIB).withPageSize(PageSize.HUGE).prefaulted();
    try (MemoryRegion region = allocate(source, request)) {
      assertAlignedToHugePages(region);
      requireSetting("shmem_enabled", "[advise]", true);
      assertEquals(8 * MIB, region.residency().hugeBytes());
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void largeRegionsCanBeToldToUseHugePagesLater(MemorySource source) throws Exception {
    try (MemoryRegion region = allocate(source, RegionRequest.ofSize(8 * MIB + 1))) {
      assertAlignedToHugePages(region);
    }
  }

  private static void assertAlignedToHugePages(MemoryRegion region) {
    try (Access access = region.acquire()) {
      assertEquals(0, access.segment().address() % (2 * MIB));
    }
  }

  private static void requireSetting(String file, String value, boolean present)
      throws IOException {
    Path path = Path.of("/sys/kernel/mm/transparent_hugepage").resolve(file);
    String setting = Files.isReadable(path) ? Files.readString(path).strip() : "absent";
    if (setting.contains(value) != present || setting.equals("absent")) {
      throw TemporarySwap.skip(String.format(Locale.ROOT, "%s is %s", path, setting));
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void nowMovesPagesToSwapAndTheyComeBack(MemorySource source) throws Exception {
    long byteSize = 32 * MIB;
    try (TemporarySwap swap = TemporarySwap.ofAtLeast(64 * MIB);
        MemoryRegion region = allocate(source, RegionRequest.ofSize(byteSize))) {
      fill(region, 0, byteSize, 5);
      region.apply(SwapPolicy.NOW);
      Residency out = region.residency();
      assertTrue(out.swappedBytes() > byteSize / 2, swap + ": " + out);
      assertTrue(out.mappedBytes() < byteSize / 2, out.toString());
      region.prefetch(new long[] {0, byteSize / 2}, MIB);
      check(region, 0, byteSize, 5);
      assertEquals(byteSize, region.residency().mappedBytes());
      assertFalse(region.info().policies().contains(SwapPolicy.NOW));
      region.apply(SwapPolicy.EARLY);
      check(region, 0, byteSize, 5);
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void whatNeverHoldsIsNotPagedOut(MemorySource source) throws Exception {
    try (MemoryRegion region = allocate(source, RegionRequest.ofSize(MIB))) {
      region.apply(SwapPolicy.NEVER);
      MemoryException refusal =
          assertThrows(MemoryException.class, () -> region.apply(SwapPolicy.NOW));
      assertTrue(refusal.getMessage().contains("locked"), refusal.getMessage());
      assertEquals(Set.of(SwapPolicy.NEVER), region.info().policies());
      region.apply(SwapPolicy.EARLY);
      assertFlag(false, "lo", region);
      assertEquals(Set.of(SwapPolicy.EARLY), region.info().policies());
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void prefaultBringsEveryPageIn(MemorySource source) throws Exception {
    try (MemoryRegion region = allocate(source, RegionRequest.ofSize(80 * MIB + 1))) {
      fill(region, 0, MIB, 6);
      region.apply(SwapPolicy.PREFAULT);
      Residency residency = region.residency();
      assertEquals(80 * MIB + PAGE, residency.residentBytes());
      assertEquals(80 * MIB + PAGE, residency.mappedBytes());
      check(region, 0, MIB, 6);
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void policiesWorkOnAnInterruptedThread(MemorySource source) throws Exception {
    try (MemoryRegion region = allocate(source, RegionRequest.ofSize(MIB))) {
      fill(region, 0, MIB, 7);
      Thread.currentThread().interrupt();
      region.apply(SwapPolicy.NEVER);
      region.apply(SwapPolicy.HUGE_PAGES);
      region.apply(SwapPolicy.KERNEL);
      MemoryException refusal =
          assertThrows(MemoryException.class, () -> region.apply(SwapPolicy.PREFAULT));
      assertTrue(refusal.getMessage().contains("cancelled by an interrupt"), refusal.getMessage());
      assertTrue(Thread.interrupted(), "interrupt status lost");
      region.apply(SwapPolicy.PREFAULT);
      check(region, 0, MIB, 7);
    } finally {
      Thread.interrupted();
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void moreThanTheMachineHasIsRefusedWithTheNumbers(MemorySource source) throws Exception {
    AnonymousProvider provider = SourceFixture.start(source);
    RegionRequest huge = RegionRequest.ofSize(1L << 44);
    MemoryException refusal =
        assertThrows(
            MemoryException.class,
            () -> provider.allocate(huge.withPolicies(Set.of(SwapPolicy.NEVER))));
    assertEquals(1L << 44, refusal.byteSize());
    refusal = assertThrows(MemoryException.class, () -> provider.allocate(huge.prefaulted()));
    assertEquals(1L << 44, refusal.byteSize(), refusal.getMessage());
    assertEquals(1, refusal.getMessage().lines().count());
    assertEquals(0, provider.statistics().openBytes());
    assertEquals(2, provider.statistics().failures());
  }
}
