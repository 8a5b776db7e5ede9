/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.junit.jupiter.api.Test;

/** Force, advice, policies, prefetch, residency and resize: none of them changes kept bytes. */
public abstract class PagingContract extends ContractTheme {
  private static final long SIZE = 64 * PAGE + 100;

  @Test
  void forceKeepsContent() throws Exception {
    assumeDeclared(Capability.FORCE);
    try (MemoryRegion region = allocate(SIZE, Sharing.SHARED)) {
      region.force();
      Pattern.write(region, 1);
      region.force();
      region.force(0, 0);
      region.force(SIZE, 0);
      region.force(3, 1);
      region.force(PAGE - 1, 2 * PAGE);
      region.force(SIZE - 1, 1);
      Pattern.check(region, 1);
    }
  }

  @Test
  void everyAdviceKeepsContent() throws Exception {
    assumeDeclared(Capability.ADVICE);
    for (Sharing sharing : sharings()) {
      for (Advice advice : Advice.values()) {
        try (MemoryRegion region = allocate(SIZE, sharing)) {
          Pattern.write(region, advice.name().hashCode());
          adviseEverywhere(region, advice);
          Pattern.check(region, advice.name().hashCode());
          Pattern.writeAndCheck(region, ~advice.name().hashCode());
        }
      }
    }
  }

  private void adviseEverywhere(MemoryRegion region, Advice advice) throws MemoryException {
    boolean losesContent = advice == Advice.DONT_NEED && region.info().sharing() == Sharing.PRIVATE;
    if (losesContent || !provider().supportedAdvice().contains(advice)) {
      assertThrowsOneLine(UnsupportedOperationException.class, () -> region.advise(advice));
      assertThrows(UnsupportedOperationException.class, () -> region.advise(advice, 0, PAGE));
      return;
    }
    try {
      region.advise(advice);
      region.advise(advice, PAGE + 1, 3 * PAGE);
      region.advise(advice, 0, 0);
      region.advise(advice, SIZE - 1, 1);
    } catch (MemoryException refusedByTheKernel) {
      // COLLAPSE depends on free huge pages and on the file system; content must stay all the same
      assertSame(Advice.COLLAPSE, advice, () -> String.valueOf(refusedByTheKernel));
      assertOneLine(refusedByTheKernel);
    }
  }

  @Test
  void patternIsToldAndFollowsAdvice() throws Exception {
    assumeDeclared(Capability.ADVICE);
    RegionRequest request = RegionRequest.ofSize(SIZE).withPattern(AccessPattern.SEQUENTIAL);
    try (MemoryRegion region = provider().allocate(request)) {
      assertSame(AccessPattern.SEQUENTIAL, region.info().pattern());
      if (provider().supportedAdvice().contains(Advice.RANDOM)) {
        region.advise(Advice.RANDOM, 0, PAGE);
        assertSame(AccessPattern.SEQUENTIAL, region.info().pattern());
        region.advise(Advice.RANDOM);
        assertSame(AccessPattern.RANDOM, region.info().pattern());
      }
    }
  }

  @Test
  void everyPolicyKeepsContentAndIsTold() throws Exception {
    assumeDeclared(Capability.SWAP_POLICY);
    for (SwapPolicy policy : SwapPolicy.values()) {
      try (MemoryRegion region = allocate(SIZE)) {
        Pattern.write(region, policy.name().hashCode());
        apply(region, policy);
        Pattern.check(region, policy.name().hashCode());
        assertEquals(
            policy.actsOnce() ? Set.of() : Set.of(policy),
            region.info().policies(),
            policy.toString());
      }
      RegionRequest request = RegionRequest.ofSize(SIZE).withPolicies(Set.of(policy));
      try (MemoryRegion region = provider().allocate(request)) {
        assertEquals(policy.actsOnce() ? Set.of() : Set.of(policy), region.info().policies());
        Pattern.checkZero(region);
      } catch (MemoryException refused) {
        assertOnlyPagingOutIsRefused(policy, refused);
      }
    }
  }

  private static void apply(MemoryRegion region, SwapPolicy policy) throws MemoryException {
    try {
      region.apply(policy);
    } catch (MemoryException refused) {
      assertOnlyPagingOutIsRefused(policy, refused);
    }
  }

  /** Without swap, or while NEVER holds, there is nowhere to page out to. */
  private static void assertOnlyPagingOutIsRefused(SwapPolicy policy, MemoryException refused) {
    assertSame(SwapPolicy.NOW, policy, () -> String.valueOf(refused));
    assertOneLine(refused);
  }

  @Test
  void policiesAddUpAndReplaceEachOther() throws Exception {
    assumeDeclared(Capability.SWAP_POLICY);
    SplittableRandom random = Pattern.random("policiesAddUpAndReplaceEachOther");
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 2);
      List<SwapPolicy> all = List.of(SwapPolicy.values());
      Set<SwapPolicy> model = Set.of();
      for (int step = 0; step < 60; step++) {
        SwapPolicy policy = all.get(random.nextInt(all.size()));
        apply(region, policy);
        if (!policy.actsOnce()) {
          EnumSet<SwapPolicy> next = EnumSet.of(policy);
          model.stream().filter(old -> !policy.conflictsWith(old)).forEach(next::add);
          model = next;
        }
        assertEquals(model, region.info().policies(), "after " + policy);
      }
      Pattern.check(region, 2);
    }
  }

  @Test
  void prefetchTakesAnyOffsetsAndKeepsContent() throws Exception {
    assumeDeclared(Capability.PREFETCH);
    SplittableRandom random = Pattern.random("prefetchTakesAnyOffsetsAndKeepsContent");
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 3);
      region.prefetch(new long[0], PAGE);
      region.prefetch(new long[] {SIZE - 1}, 1);
      region.prefetch(new long[] {5 * PAGE, 0, 5 * PAGE, 3}, PAGE);
      region.prefetch(random.longs(5_000, 0, SIZE - 64).toArray(), 64);
      assertThrows(
          IndexOutOfBoundsException.class, () -> region.prefetch(new long[] {0, SIZE - 1}, 2));
      Pattern.check(region, 3);
    }
  }

  @Test
  void residencyIsInWholePages() throws Exception {
    assumeDeclared(Capability.RESIDENCY);
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 4);
      assertPlausible(region.residency(), 65 * PAGE);
      assertPlausible(region.residency(0, 1), PAGE);
      assertPlausible(region.residency(PAGE - 1, 2), 2 * PAGE);
      assertPlausible(region.residency(SIZE - 1, 1), PAGE);
      assertPlausible(region.residency(10, 0), -1);
      Residency touched = region.residency();
      assertTrue(
          touched.residentBytes() == Residency.UNKNOWN
              || touched.residentBytes() + Math.max(0, touched.swappedBytes()) > 0,
          "just written, yet nowhere: " + touched);
      Pattern.check(region, 4);
    }
  }

  /** Checks one answer; no size is expected for an empty range, beyond at most one page. */
  private static void assertPlausible(Residency residency, long byteSize) {
    String text = residency.toString();
    if (byteSize >= 0) {
      assertEquals(byteSize, residency.byteSize(), text);
    } else {
      assertTrue(residency.byteSize() == 0 || residency.byteSize() == PAGE, text);
    }
    LongStream.of(
            residency.residentBytes(),
            residency.mappedBytes(),
            residency.dirtyBytes(),
            residency.swappedBytes(),
            residency.hugeBytes(),
            residency.lockedBytes())
        .filter(count -> count != Residency.UNKNOWN)
        .forEach(
            count ->
                assertTrue(count >= 0 && count <= residency.byteSize() && count % PAGE == 0, text));
    assertFalse(residency.source().isBlank(), text);
  }

  @Test
  void lockedRegionsSayTheyAre() throws Exception {
    assumeDeclared(Capability.LOCKED);
    try (MemoryRegion region = provider().allocate(RegionRequest.ofSize(4 * PAGE).lockedInRam())) {
      assertTrue(region.info().locked());
      Pattern.checkZero(region);
      Pattern.writeAndCheck(region, 5);
      if (declares(Capability.RESIDENCY)) {
        long locked = region.residency().lockedBytes();
        assertTrue(locked == Residency.UNKNOWN || locked == 4 * PAGE, "locked " + locked);
      }
    }
  }

  @Test
  void syncTellsWhatItReallyIs() throws Exception {
    assumeDeclared(Capability.SYNC);
    RegionRequest request = RegionRequest.ofSize(PAGE).withDurability(Durability.SYNC);
    if (declares(Capability.NAMED)) {
      request = request.withName("orders");
    }
    try (MemoryRegion region = provider().allocate(request)) {
      assertTrue(Set.of(Durability.values()).contains(region.info().durability()));
      Pattern.write(region, 6);
      region.force();
      Pattern.check(region, 6);
    }
  }

  @Test
  void resizeKeepsBytesAndZeroesNewOnes() throws Exception {
    assumeDeclared(Capability.RESIZE);
    long[] sizes = {PAGE, 1, PAGE - 1, 3 * PAGE + 5, 3 * PAGE + 5, PAGE, 2 << 20, 7, 9};
    try (MemoryRegion region = allocate(2 * PAGE)) {
      Pattern.write(region, 7);
      long kept = 2 * PAGE;
      for (long size : sizes) {
        region.resize(size);
        kept = Math.min(kept, size);
        assertEquals(size, region.byteSize());
        assertEquals(size, region.info().byteSize());
        assertEquals(size, provider().statistics().openBytes());
        try (Access access = region.acquire()) {
          assertEquals(size, access.segment().byteSize());
          Pattern.check(access.segment(), 7, kept);
          Pattern.checkZero(access.segment(), kept, size);
        }
        Pattern.write(region, 7);
        kept = size;
      }
    }
  }

  @Test
  void callsForTheWholeRegionHoldBesideResizes() throws Exception {
    assumeDeclared(Capability.RESIZE);
    try (MemoryRegion region = allocate(8 * PAGE)) {
      Crew crew = new Crew();
      AtomicInteger resizes = new AtomicInteger();
      AtomicBoolean done = new AtomicBoolean();
      Thread resizer =
          crew.start(
              () -> {
                while (!done.get()) {
                  region.resize((resizes.getAndIncrement() % 2 == 0 ? 2 : 8) * PAGE);
                }
              });
      // Both sides make enough calls, whichever thread the processor prefers.
      try {
        for (int round = 0; resizer.isAlive() && (round < 100 || resizes.get() < 100); round++) {
          if (declares(Capability.FORCE) && region.info().sharing() == Sharing.SHARED) {
            region.force();
          }
          if (declares(Capability.RELEASE)) {
            region.release();
          }
          if (declares(Capability.RESIDENCY)) {
            region.residency();
          }
          if (provider().supportedAdvice().contains(Advice.WILL_NEED)) {
            region.advise(Advice.WILL_NEED);
          }
        }
      } finally {
        done.set(true);
      }
      crew.end();
    }
  }

  @Test
  void resizeOfANamedRegionLasts() throws Exception {
    assumeDeclared(Capability.RESIZE, Capability.NAMED);
    try (MemoryRegion region = allocate("orders", PAGE)) {
      Pattern.write(region, 8);
      region.resize(5 * PAGE + 1);
    }
    try (MemoryRegion region = provider().open("orders")) {
      assertEquals(5 * PAGE + 1, region.byteSize());
      try (Access access = region.acquire()) {
        Pattern.check(access.segment(), 8, PAGE);
        Pattern.checkZero(access.segment(), PAGE, 5 * PAGE + 1);
      }
      region.resize(10);
    }
    assertEquals(
        List.of(10L), provider().stored().stream().map(stored -> stored.byteSize()).toList());
    try (MemoryRegion region = provider().open("orders")) {
      assertEquals(10, region.byteSize());
      try (Access access = region.acquire()) {
        Pattern.check(access.segment(), 8, 10);
      }
    }
  }

  @Test
  void resizeIsRefusedWherePinnedOrInUse() throws Exception {
    assumeDeclared(Capability.RESIZE);
    MemoryProvider impatient = startImpatient();
    try (MemoryRegion region = impatient.allocate(RegionRequest.ofSize(PAGE))) {
      Pattern.write(region, 9);
      try (Access mine = region.acquire()) {
        assertThrowsOneLine(IllegalStateException.class, () -> region.resize(2 * PAGE));
        Pattern.check(mine.segment(), 9);
      }
      CountDownLatch open = new CountDownLatch(1);
      CountDownLatch release = new CountDownLatch(1);
      Crew crew = new Crew();
      crew.start(
          Thread.ofVirtual(),
          () -> {
            try (Access access = region.acquire()) {
              open.countDown();
              Crew.await(release);
              assertEquals(PAGE, access.segment().byteSize());
            }
          });
      Crew.await(open);
      assertThrows(IllegalStateException.class, () -> region.resize(2 * PAGE));
      release.countDown();
      crew.end();
      assertEquals(PAGE, region.byteSize());
      assertEquals(PAGE, impatient.statistics().openBytes());
      assertTrue(region.segment().byteSize() == PAGE);
      assertThrowsOneLine(IllegalStateException.class, () -> region.resize(2 * PAGE));
      Pattern.check(region, 9);
    }
  }

  @Test
  void resizeHoldsTheLimit() throws Exception {
    assumeDeclared(Capability.RESIZE);
    MemoryProvider limited = startLimited(4 * PAGE);
    try (MemoryRegion region = limited.allocate(RegionRequest.ofSize(2 * PAGE))) {
      Pattern.write(region, 10);
      assertThrowsOneLine(MemoryException.class, () -> region.resize(4 * PAGE + 1));
      assertEquals(2 * PAGE, region.byteSize());
      assertEquals(2 * PAGE, limited.statistics().openBytes());
      Pattern.check(region, 10);
      region.resize(4 * PAGE);
      assertThrows(MemoryException.class, () -> limited.allocate(RegionRequest.ofSize(1)).close());
      region.resize(PAGE);
      limited.allocate(RegionRequest.ofSize(3 * PAGE)).close();
    }
  }
}
