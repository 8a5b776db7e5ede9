/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Requirements;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What must be refused: by capability, by range, by limit, by the listener; it leaves nothing. */
public abstract class RefusalContract extends ContractTheme {
  private static final RegionRequest SMALL = RegionRequest.ofSize(PAGE);

  @Test
  void requestsThatNeedAnUndeclaredCapabilityAreRefused() throws Exception {
    Map<Capability, RegionRequest> requests = new EnumMap<>(Capability.class);
    requests.put(Capability.NAMED, SMALL.withName("refused"));
    requests.put(Capability.SHARED_MAPPING, SMALL.withSharing(Sharing.SHARED));
    requests.put(Capability.PRIVATE_MAPPING, SMALL.withSharing(Sharing.PRIVATE));
    requests.put(Capability.SPARSE, SMALL.withReservation(Reservation.SPARSE));
    requests.put(
        Capability.DIRECTORY,
        SMALL.withDirectory(Files.createTempDirectory(directory(), "refused")));
    requests.put(Capability.SYNC, SMALL.withDurability(Durability.SYNC));
    requests.put(Capability.ADVICE, SMALL.withPattern(AccessPattern.RANDOM));
    requests.put(Capability.HUGE_PAGES, SMALL.withPageSize(PageSize.HUGE));
    requests.put(Capability.PREFAULT, SMALL.prefaulted());
    requests.put(Capability.LOCKED, SMALL.lockedInRam());
    requests.put(Capability.SWAP_POLICY, SMALL.withPolicies(Set.of(SwapPolicy.NO_READ_AHEAD)));
    assertNeedsCheckpoints();
    for (Map.Entry<Capability, RegionRequest> each : requests.entrySet()) {
      assertEquals(Set.of(each.getKey()), Requirements.of(each.getValue()));
      if (declares(each.getKey())) {
        provider().allocate(each.getValue()).close();
      } else {
        long failures = provider().statistics().failures();
        assertUnsupported(each.getKey(), () -> provider().allocate(each.getValue()));
        assertEquals(failures + 1, provider().statistics().failures(), "refusals are counted");
      }
    }
  }

  /** They need a name too, so that they are not alone. */
  private void assertNeedsCheckpoints() throws Exception {
    RegionRequest request = SMALL.withName("checkpointed").checkpointed(CheckpointOptions.DEFAULT);
    assertEquals(Set.of(Capability.NAMED, Capability.CHECKPOINT), Requirements.of(request));
    if (declares(Capability.CHECKPOINT)) {
      provider().allocate(request).close();
      provider().delete("checkpointed");
    } else if (declares(Capability.NAMED)) {
      assertUnsupported(Capability.CHECKPOINT, () -> provider().allocate(request));
    }
  }

  /** What is declared can be required, alone; a region then has it, and says so. */
  @Test
  void requiredCapabilitiesAreHadOrRefused() throws Exception {
    assertHadOrRefused(required -> provider().allocate(SMALL.requiring(required)));
    if (declares(Capability.NAMED)) {
      provider().allocate(SMALL.withName("required")).close();
      OpenRequest open = OpenRequest.of("required");
      assertHadOrRefused(required -> provider().open(open.requiring(required)));
    }
  }

  private interface Request {
    MemoryRegion make(Set<Capability> required) throws MemoryException;
  }

  private void assertHadOrRefused(Request request) throws Exception {
    for (Capability capability : Capability.values()) {
      if (declares(capability)) {
        try (MemoryRegion region = request.make(Set.of(capability))) {
          assertTrue(region.info().capabilities().contains(capability), capability.name());
        }
      } else {
        assertUnsupported(capability, () -> request.make(Set.of(capability)));
      }
    }
  }

  @Test
  void opensThatNeedAnUndeclaredCapabilityAreRefused() throws Exception {
    OpenRequest open = OpenRequest.of("absent");
    Map<Capability, OpenRequest> requests = new EnumMap<>(Capability.class);
    requests.put(Capability.READ_ONLY, open.readOnly());
    requests.put(Capability.SHARED_MAPPING, open.withSharing(Sharing.SHARED));
    requests.put(Capability.PRIVATE_MAPPING, open.withSharing(Sharing.PRIVATE));
    requests.put(Capability.DIRECTORY, open.withDirectory(directory()));
    requests.put(Capability.SYNC, open.withDurability(Durability.SYNC));
    requests.put(Capability.ADVICE, open.withPattern(AccessPattern.SEQUENTIAL));
    requests.put(Capability.HUGE_PAGES, open.withPageSize(PageSize.HUGE));
    requests.put(Capability.PREFAULT, open.prefaulted());
    requests.put(Capability.LOCKED, open.lockedInRam());
    if (!declares(Capability.NAMED)) {
      assertUnsupported(Capability.NAMED, () -> provider().open("absent"));
      assertUnsupported(Capability.NAMED, () -> provider().delete("absent"));
      assertEquals(List.of(), provider().stored());
      assertEquals(List.of(), provider().verify());
      return;
    }
    for (Map.Entry<Capability, OpenRequest> each : requests.entrySet()) {
      assertEquals(Set.of(Capability.NAMED, each.getKey()), Requirements.of(each.getValue()));
      if (declares(each.getKey())) {
        assertRefused(() -> provider().open(each.getValue()));
      } else {
        assertUnsupported(each.getKey(), () -> provider().open(each.getValue()));
      }
    }
  }

  @Test
  void methodsThatNeedAnUndeclaredCapabilityAreRefused() throws Exception {
    try (MemoryRegion region = allocate(2 * PAGE)) {
      Pattern.write(region, 1);
      Map<Capability, List<Executable>> calls = new EnumMap<>(Capability.class);
      calls.put(Capability.FORCE, List.of(region::force, () -> region.force(0, 1)));
      calls.put(Capability.PREFETCH, List.of(() -> region.prefetch(new long[] {0}, 1)));
      calls.put(Capability.RESIDENCY, List.of(region::residency, () -> region.residency(0, 1)));
      calls.put(Capability.RELEASE, List.of(region::release, () -> region.release(0, 1)));
      calls.put(Capability.RESIDENT_BUDGET, List.of(() -> region.limitResident(PAGE)));
      calls.put(Capability.RESIZE, List.of(() -> region.resize(PAGE)));
      List<Executable> advice = new ArrayList<>();
      for (Advice each : Advice.values()) {
        advice.add(() -> region.advise(each));
      }
      calls.put(Capability.ADVICE, advice);
      List<Executable> policies = new ArrayList<>();
      for (SwapPolicy each : SwapPolicy.values()) {
        policies.add(() -> region.apply(each));
      }
      calls.put(Capability.SWAP_POLICY, policies);
      for (Map.Entry<Capability, List<Executable>> each : calls.entrySet()) {
        if (!declares(each.getKey())) {
          for (Executable call : each.getValue()) {
            assertUnsupported(each.getKey(), call);
          }
        }
      }
      assertEquals(2 * PAGE, region.byteSize());
      Pattern.check(region, 1);
    }
  }

  private void assertUnsupported(Capability capability, Executable call) throws Exception {
    UnsupportedCapabilityException refusal =
        assertRefused(UnsupportedCapabilityException.class, call);
    assertSame(capability, refusal.capability());
    assertEquals(provider().name(), refusal.backend());
  }

  @Test
  void contradictionsAreRefused() {
    assertAll(
        () -> assertThrows(IllegalArgumentException.class, () -> allocate(-1)),
        () -> assertThrows(IllegalArgumentException.class, () -> allocate("", PAGE)),
        () -> assertThrows(IllegalArgumentException.class, () -> allocate("42", PAGE)),
        () ->
            assertThrows(
                IllegalArgumentException.class,
                () -> SMALL.withPolicies(Set.of(SwapPolicy.NEVER, SwapPolicy.EARLY))),
        () ->
            assertThrows(
                IllegalArgumentException.class,
                () -> SMALL.withSharing(Sharing.PRIVATE).withDurability(Durability.SYNC)),
        () ->
            assertThrows(
                IllegalArgumentException.class,
                () -> SMALL.lockedInRam().withPolicies(Set.of(SwapPolicy.EARLY))));
  }

  @Test
  void rangesOutsideTheRegionAreRefused() throws Exception {
    long size = PAGE + 10;
    long[][] outside = {
      {-1, 1},
      {0, size + 1},
      {size, 1},
      {size + 1, 0},
      {1, size},
      {0, -1},
      {1, Long.MAX_VALUE},
      {Long.MAX_VALUE, 1},
      {Long.MIN_VALUE, Long.MIN_VALUE}
    };
    try (MemoryRegion region = allocate(size)) {
      Pattern.write(region, 2);
      boolean isPrivate = region.info().sharing() == Sharing.PRIVATE;
      for (long[] range : outside) {
        if (declares(Capability.FORCE) && !isPrivate) {
          assertOutside(() -> region.force(range[0], range[1]));
        }
        if (declares(Capability.RESIDENCY)) {
          assertOutside(() -> region.residency(range[0], range[1]));
        }
        if (declares(Capability.RELEASE)) {
          assertOutside(() -> region.release(range[0], range[1]));
        }
        if (declares(Capability.PREFETCH)) {
          assertOutside(() -> region.prefetch(new long[] {0, range[0]}, range[1]));
        }
        for (Advice advice : provider().supportedAdvice()) {
          if (advice != Advice.DONT_NEED || !isPrivate) {
            assertOutside(() -> region.advise(advice, range[0], range[1]));
          }
        }
      }
      if (declares(Capability.RESIZE)) {
        assertThrows(IllegalArgumentException.class, () -> region.resize(-1));
        assertThrows(IllegalArgumentException.class, () -> region.resize(-PAGE));
      }
      Pattern.check(region, 2);
      assertEquals(size, region.byteSize());
    }
  }

  private static void assertOutside(Executable call) {
    assertThrowsOneLine(IndexOutOfBoundsException.class, call);
  }

  @Test
  void impossibleSizesAreRefused() throws Exception {
    assertRefused(() -> allocate(Long.MAX_VALUE));
    assertRefused(() -> allocate(Long.MAX_VALUE - PAGE));
    assertRefused(() -> allocate(1L << 60));
    if (declares(Capability.NAMED)) {
      assertRefused(() -> allocate("huge", Long.MAX_VALUE));
    }
    if (declares(Capability.SPARSE)) {
      RegionRequest sparse =
          RegionRequest.ofSize(Long.MAX_VALUE).withReservation(Reservation.SPARSE);
      assertRefused(() -> provider().allocate(sparse));
    }
    try (MemoryRegion region = allocate(PAGE)) {
      Pattern.write(region, 3);
      assertNamesNoLimit(assertRefused(() -> allocate(Long.MAX_VALUE)));
      if (declares(Capability.RESIZE)) {
        for (long size : new long[] {Long.MAX_VALUE, Long.MAX_VALUE - PAGE, 1L << 60}) {
          assertNamesNoLimit(assertRefused(() -> region.resize(size)));
        }
      }
      Pattern.check(region, 3);
    }
  }

  /** There is none that somebody could raise. */
  private static void assertNamesNoLimit(MemoryException e) {
    String message = String.valueOf(e.getMessage());
    assertFalse(message.contains("limit of ba") || message.contains("limit.bytes"), message);
  }

  @Test
  void limitOfBytesHolds() throws Exception {
    MemoryProvider limited = startLimited(16 * PAGE);
    assertEquals(16 * PAGE, limited.statistics().limitBytes());
    List<String> before = files();
    MemoryException tooLarge =
        assertThrows(
            MemoryException.class, () -> limited.allocate(RegionRequest.ofSize(16 * PAGE + 1)));
    assertOneLine(tooLarge);
    assertSays(tooLarge, "65537");
    MemoryRegion half = limited.allocate(RegionRequest.ofSize(8 * PAGE));
    MemoryRegion rest = limited.allocate(RegionRequest.ofSize(8 * PAGE));
    assertThrows(MemoryException.class, () -> limited.allocate(RegionRequest.ofSize(1)));
    ProviderStatistics full = limited.statistics();
    assertOpen(2, 16 * PAGE, limited);
    assertEquals(2, full.failures());
    assertEquals(2, full.allocations());
    half.close();
    limited.allocate(RegionRequest.ofSize(PAGE)).close();
    rest.close();
    limited.allocate(RegionRequest.ofSize(16 * PAGE)).close();
    assertEquals(before, files());
  }

  @Test
  void limitOfBytesHoldsAgainstManyThreads() throws Exception {
    MemoryProvider limited = startLimited(10 * PAGE);
    int threadCount = 8;
    for (int round = 0; round < 20; round++) {
      CountDownLatch start = new CountDownLatch(1);
      List<MemoryRegion> got = new ArrayList<>();
      AtomicInteger refused = new AtomicInteger();
      Crew crew = new Crew();
      for (int i = 0; i < threadCount; i++) {
        crew.start(
            Thread.ofVirtual(),
            () -> {
              start.await();
              try {
                MemoryRegion region = limited.allocate(RegionRequest.ofSize(2 * PAGE));
                synchronized (got) {
                  got.add(region);
                }
              } catch (MemoryException limit) {
                refused.incrementAndGet();
              }
            });
      }
      start.countDown();
      crew.end();
      assertTrue(got.size() <= 5, got.size() + " regions within a limit for 5");
      assertEquals(threadCount, got.size() + refused.get());
      got.forEach(MemoryRegion::close);
      assertEquals(0, limited.statistics().openBytes());
    }
  }

  @Test
  void listenerThatThrowsCancelsTheAllocation() throws Exception {
    RuntimeException mine = new IllegalArgumentException("enough");
    AtomicInteger calls = new AtomicInteger();
    RegionRequest request =
        RegionRequest.ofSize(16 << 20)
            .withProgress(
                (done, total) -> {
                  calls.incrementAndGet();
                  throw mine;
                });
    RegionRequest cancelled = prefaultedAndNamed(request, "cancelled");
    try (MemoryRegion region = provider().allocate(cancelled)) {
      assertEquals(0, calls.get(), "the listener threw, yet the region was allocated");
      Pattern.checkZero(region);
    } catch (MemoryException e) {
      assertEquals(1, calls.get(), "asked again after it threw");
      assertSame(mine, e.getCause());
      assertRefused(() -> provider().allocate(cancelled));
      assertEquals(List.of(), files());
      assertEquals(List.of(), provider().stored());
    }
  }

  @Test
  void progressGrowsToTheWhole() throws Exception {
    List<Long> steps = new ArrayList<>();
    RegionRequest request =
        RegionRequest.ofSize((16 << 20) + 1)
            .withProgress(
                (done, total) -> {
                  assertTrue(done >= 0 && done <= total, done + " of " + total);
                  steps.add(done);
                });
    if (declares(Capability.PREFAULT)) {
      request = request.prefaulted();
    }
    try (MemoryRegion region = provider().allocate(request)) {
      Pattern.checkZero(region);
    }
    for (int i = 1; i < steps.size(); i++) {
      assertTrue(steps.get(i - 1) <= steps.get(i), "shrinking: " + steps);
    }
  }
}
