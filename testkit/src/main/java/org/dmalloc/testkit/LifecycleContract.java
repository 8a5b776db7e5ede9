/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.backing.BackingProvider;
import org.dmalloc.api.backing.OrphanedRegions;
import org.dmalloc.api.backing.RegionIds;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** From allocation to close: identity, books, use after close, a stopped provider. */
public abstract class LifecycleContract extends ContractTheme {
  @Test
  void providerNamesItselfAndItsAdvice() {
    assertFalse(provider().name().isBlank());
    assertEquals(
        declares(Capability.ADVICE),
        !provider().supportedAdvice().isEmpty(),
        "supportedAdvice is empty exactly without ADVICE");
    assertThrows(
        UnsupportedOperationException.class, () -> provider().capabilities().clear(), "fixed set");
  }

  @Test
  void regionTellsWhatItIs() throws Exception {
    RegionRequest request = RegionRequest.ofSize(10_000).withOwner("the contract");
    try (MemoryRegion region = provider().allocate(request)) {
      RegionInfo info = region.info();
      assertEquals(10_000, region.byteSize());
      assertEquals(10_000, info.byteSize());
      assertEquals(region.id(), info.id());
      assertEquals(provider().name(), info.backend());
      assertEquals("the contract", info.owner());
      assertTrue(info.open());
      assertFalse(info.pinned());
      assertEquals(0, info.openSections());
      assertEquals(AccessMode.READ_WRITE, info.access());
      // Those that cannot find out, or not for so small a region, say what it is in its place.
      assertEquals(AccessPattern.NORMAL, info.pattern());
      assertEquals(PageSize.DEFAULT, info.pageSize());
      assertEquals(Durability.ON_FORCE, info.durability());
      assertEquals(Reservation.RESERVED, info.reservation());
      assertFalse(info.locked());
      assertFalse(info.sharing() == Sharing.DEFAULT, "info tells the real sharing");
      assertFalse(info.backing().isBlank());
      assertNotNull(info.createdAt());
      assertEquals(null, info.name());
    }
  }

  @Test
  void idsAreUniqueAndListed() throws Exception {
    List<MemoryRegion> mine = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      mine.add(allocate(PAGE));
    }
    assertEquals(mine, provider().regions(), "open regions in the order of their ids");
    assertTrue(mine.getFirst().id() >= 1);
    for (int i = 1; i < mine.size(); i++) {
      assertTrue(mine.get(i - 1).id() < mine.get(i).id());
    }
    mine.remove(2).close();
    assertEquals(mine, provider().regions());
    mine.forEach(MemoryRegion::close);
    assertEquals(List.of(), provider().regions());
  }

  /** The provider as carriers see it; skips the test of one that is not for carriers. */
  private BackingProvider carriers() {
    if (provider() instanceof BackingProvider backing) {
      return backing;
    }
    return Assumptions.abort(provider().name() + " is no BackingProvider");
  }

  /** A carrier lists and closes what it hands on as its own regions. */
  @Test
  void aCarriedRegionHasItsCarriersNumberAndIsNotListed() throws Exception {
    long carrier = RegionIds.next();
    try (MemoryRegion own = allocate(PAGE);
        MemoryRegion carried = carriers().allocate(RegionRequest.ofSize(PAGE), carrier)) {
      assertEquals(carrier, carried.id());
      assertEquals(carrier, carried.info().id());
      assertEquals(List.of(own), provider().regions());
      assertEquals(2, provider().statistics().openRegions());
      Pattern.writeAndCheck(carried, 5);
    }
    assertEquals(0, provider().statistics().openRegions());
  }

  @Test
  void aCarriedStoredRegionIsNotListedEither() throws Exception {
    assumeDeclared(Capability.NAMED);
    provider().allocate(RegionRequest.ofSize(PAGE).withName("carried")).close();
    long carrier = RegionIds.next();
    try (MemoryRegion carried = carriers().open(OpenRequest.of("carried"), carrier)) {
      assertEquals(carrier, carried.id());
      assertEquals(List.of(), provider().regions());
    }
  }

  /** A region is not lost when its backend is stopped, updated or configured anew. */
  @Test
  void regionsOfAStoppedProviderAreListedUntilTheyAreClosed() throws Exception {
    MemoryRegion closedBefore = allocate(PAGE);
    MemoryRegion region = allocate(PAGE);
    closedBefore.close();
    assertEquals(List.of(), orphaned(closedBefore, region), "while it is not stopped");
    stop(provider());
    try {
      assertEquals(List.of(region), orphaned(closedBefore, region));
    } finally {
      region.close();
    }
    assertEquals(List.of(), orphaned(closedBefore, region), "after close");
  }

  @Test
  void aCarriedRegionOfAStoppedProviderIsItsCarriersToList() throws Exception {
    try (MemoryRegion carried = carriers().allocate(RegionRequest.ofSize(PAGE), RegionIds.next())) {
      stop(provider());
      assertEquals(List.of(), orphaned(carried));
    }
  }

  /** Those of the regions that are listed as orphaned; other tests may have some at this time. */
  private static List<MemoryRegion> orphaned(MemoryRegion... regions) {
    return OrphanedRegions.list().stream()
        .map(OrphanedRegions.Orphan::region)
        .filter(List.of(regions)::contains)
        .toList();
  }

  @Test
  void statisticsAddUp() throws Exception {
    ProviderStatistics start = provider().statistics();
    assertOpen(0, 0, provider());
    MemoryRegion one = allocate(1);
    MemoryRegion two = allocate(PAGE + 1);
    assertOpen(2, PAGE + 2, provider());
    assertEquals(start.allocations() + 2, provider().statistics().allocations());
    one.close();
    one.close();
    assertOpen(1, PAGE + 1, provider());
    assertEquals(start.closes() + 1, provider().statistics().closes(), "closing twice counts once");
    two.close();
    ProviderStatistics end = provider().statistics();
    assertOpen(0, 0, provider());
    assertEquals(start.allocations() + 2, end.allocations());
    assertEquals(start.closes() + 2, end.closes());
    assertEquals(start.failures(), end.failures());
    assertEquals(Long.MAX_VALUE, end.limitBytes());
  }

  @Test
  void closingTwiceDoesNothing() throws Exception {
    MemoryRegion region = allocate(PAGE);
    region.close();
    MemoryRegion next = allocate(PAGE);
    region.close();
    Pattern.writeAndCheck(next, 1);
    next.close();
  }

  @Test
  void everyMethodIsRefusedAfterClose() throws Exception {
    MemoryRegion region = allocate(2 * PAGE);
    long id = region.id();
    region.close();
    Map<String, Executable> calls = new LinkedHashMap<>();
    calls.put("acquire", region::acquire);
    calls.put("segment", region::segment);
    calls.put("force()", region::force);
    calls.put("force", () -> region.force(0, 1));
    calls.put("prefetch", () -> region.prefetch(new long[] {0}, 1));
    calls.put("residency()", region::residency);
    calls.put("residency", () -> region.residency(0, 1));
    calls.put("resize", () -> region.resize(PAGE));
    for (Advice advice : Advice.values()) {
      calls.put("advise " + advice, () -> region.advise(advice));
      calls.put("advise range " + advice, () -> region.advise(advice, 0, 1));
    }
    for (SwapPolicy policy : SwapPolicy.values()) {
      calls.put("apply " + policy, () -> region.apply(policy));
    }
    assertAll(
        calls.entrySet().stream()
            .map(
                call ->
                    () ->
                        assertOneLine(
                            assertThrows(
                                IllegalStateException.class, call.getValue(), call.getKey()))));
    assertEquals(id, region.id());
    assertEquals(2 * PAGE, region.byteSize());
    assertFalse(region.info().open());
    assertEquals(id, region.info().id());
    assertEquals(0, region.info().openSections());
  }

  @Test
  void oldSegmentsAreRefusedAfterClose() throws Exception {
    MemoryRegion region = allocate(2 * PAGE);
    MemorySegment ofSection;
    try (Access access = region.acquire()) {
      ofSection = access.segment();
    }
    MemorySegment raw = region.segment();
    MemorySegment slice = raw.asSlice(PAGE, 8);
    region.close();
    assertAll(
        () -> assertThrows(IllegalStateException.class, () -> ofSection.get(JAVA_BYTE, 0)),
        () -> assertThrows(IllegalStateException.class, () -> raw.get(JAVA_BYTE, 0)),
        () -> assertThrows(IllegalStateException.class, () -> raw.set(JAVA_BYTE, 0, (byte) 1)),
        () -> assertThrows(IllegalStateException.class, () -> slice.fill((byte) 1)),
        () -> assertThrows(IllegalStateException.class, () -> raw.asByteBuffer().get(0)));
  }

  @Test
  void closedRegionsGiveTheirMappingsBack() throws Exception {
    int rounds = 300;
    int before = memoryMap().size();
    for (int i = 0; i < rounds; i++) {
      try (MemoryRegion region = allocate(64 * PAGE)) {
        Pattern.write(region, i);
      }
    }
    int after = memoryMap().size();
    assertTrue(
        after - before < rounds / 2,
        before + " lines in the memory map before, " + after + " after");
    assertEquals(List.of(), mappedFiles());
  }

  @Test
  void unnamedRegionsLeaveNoFile() throws Exception {
    List<String> before = files();
    try (MemoryRegion region = allocate(3 * PAGE)) {
      Pattern.write(region, 5);
    }
    assertEquals(before, files());
    assertEquals(List.of(), provider().stored());
  }

  @Test
  void stoppedProviderRefusesWhileRegionsStayUsable() throws Exception {
    MemoryRegion region = allocate(4 * PAGE);
    Pattern.write(region, 7);
    stop(provider());
    assertAll(
        () -> assertThrows(IllegalStateException.class, () -> allocate(PAGE)),
        () -> {
          if (declares(Capability.NAMED)) {
            assertThrows(IllegalStateException.class, () -> provider().open(OpenRequest.of("x")));
            assertThrows(IllegalStateException.class, () -> provider().delete("x"));
          }
        });
    Pattern.check(region, 7);
    Pattern.writeAndCheck(region, 8);
    region.close();
    assertThrows(IllegalStateException.class, region::acquire);
    assertEquals(List.of(), provider().regions());
  }
}
