/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.dmalloc.api.Access;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.junit.jupiter.api.Test;

/** Interrupted threads: allocate and open are refused there, all else works, nothing is lost. */
public abstract class InterruptContract extends ContractTheme {
  @Test
  void allocateIsRefused() throws Exception {
    Thread.currentThread().interrupt();
    assertCancelled(assertRefused(() -> allocate(PAGE)));
    assertTrue(Thread.currentThread().isInterrupted(), "interrupt status lost");
    if (declares(Capability.NAMED)) {
      assertRefused(() -> allocate("orders", PAGE));
      assertTrue(Thread.interrupted(), "interrupt status lost");
      allocate("orders", PAGE).close();
    }
    assertEquals(0, provider().statistics().openBytes());
  }

  /** A user who pressed Ctrl-C is told that it was cancelled, and what is there now. */
  private static void assertCancelled(MemoryException e) {
    String message = String.valueOf(e.getMessage());
    assertTrue(message.matches(".*: cancelled by an interrupt.*; .+"), message);
  }

  @Test
  void openIsRefusedAndTheRegionStaysWhole() throws Exception {
    assumeDeclared(Capability.NAMED);
    store("orders", 3 * PAGE, 4);
    Thread.currentThread().interrupt();
    assertCancelled(assertRefused(() -> provider().open("orders")));
    assertTrue(Thread.interrupted(), "interrupt status lost");
    assertStored("orders", 4);
  }

  @Test
  void regionsWorkAsEver() throws Exception {
    MemoryRegion region = allocate(8 * PAGE);
    Thread.currentThread().interrupt();
    Pattern.write(region, 5);
    try (Access outer = region.acquire();
        Access inner = region.acquire()) {
      Pattern.check(outer.segment(), 5);
      Pattern.check(inner.segment(), 5);
    }
    if (declares(Capability.FORCE) && region.info().sharing() == Sharing.SHARED) {
      region.force();
      region.force(PAGE, 1);
    }
    if (provider().supportedAdvice().contains(Advice.RANDOM)) {
      region.advise(Advice.RANDOM);
    }
    if (declares(Capability.PREFETCH)) {
      region.prefetch(new long[] {0, 3 * PAGE}, PAGE);
    }
    if (declares(Capability.RESIDENCY)) {
      assertTrue(region.residency().byteSize() >= 8 * PAGE);
    }
    if (declares(Capability.SWAP_POLICY)) {
      region.apply(SwapPolicy.NO_READ_AHEAD);
    }
    if (declares(Capability.RESIZE)) {
      region.resize(4 * PAGE);
      region.resize(8 * PAGE);
      try (Access access = region.acquire()) {
        Pattern.check(access.segment(), 5, 4 * PAGE);
      }
      Pattern.write(region, 5);
    }
    Pattern.check(region, 5);
    assertEquals(region.byteSize(), region.segment().byteSize());
    assertTrue(region.info().open());
    assertEquals(1, provider().statistics().openRegions());
    region.close();
    assertFalse(region.info().open());
    assertTrue(Thread.interrupted(), "interrupt status lost");
  }

  @Test
  void storedRegionsLoseNothing() throws Exception {
    assumeDeclared(Capability.NAMED);
    MemoryRegion region = allocate("orders", 100 * PAGE);
    Pattern.write(region, 6);
    Thread.currentThread().interrupt();
    if (declares(Capability.FORCE)) {
      region.force();
    }
    Pattern.write(region, 7);
    region.close();
    assertEquals(1, provider().stored().size());
    provider().verify();
    assertTrue(Thread.interrupted(), "interrupt status lost");
    assertStored("orders", 7);
    Thread.currentThread().interrupt();
    provider().delete("orders");
    assertEquals(0, provider().stored().size());
    assertTrue(Thread.interrupted(), "interrupt status lost");
  }

  @Test
  void closeWaitsForSectionsOnAnInterruptedThreadToo() throws Exception {
    MemoryRegion region = allocate(PAGE);
    AtomicInteger interruptedAfter = new AtomicInteger(-1);
    Crew crew = new Crew();
    try (Access access = region.acquire()) {
      Thread closer =
          crew.start(
              () -> {
                Thread.currentThread().interrupt();
                region.close();
                interruptedAfter.set(Thread.currentThread().isInterrupted() ? 1 : 0);
              });
      Await.untilHeldIn("close", closer); // under load it may begin late
      for (int round = 0; round < 200; round++) {
        Pattern.write(access.segment(), round);
        Await.letOthersRun();
        Pattern.check(access.segment(), round);
        assertTrue(closer.isAlive(), "close() did not wait");
      }
    }
    crew.end();
    assertEquals(1, interruptedAfter.get(), "interrupt status lost");
    assertFalse(region.info().open());
  }

  @Test
  void interruptDuringAllocationLeavesNothingHalfDone() throws Exception {
    RegionRequest request =
        RegionRequest.ofSize(16 << 20)
            .withProgress((done, total) -> Thread.currentThread().interrupt());
    try (MemoryRegion region = provider().allocate(prefaultedAndNamed(request, "orders"))) {
      Thread.interrupted(); // it came too late, or there was nothing to report: a whole region
      Pattern.checkZero(region);
      Pattern.writeAndCheck(region, 8);
    } catch (MemoryException cancelled) {
      assertOneLine(cancelled);
      assertCancelled(cancelled);
      assertTrue(Thread.interrupted(), "interrupt status lost");
      assertEquals(0, files().size());
      assertEquals(0, provider().stored().size());
    }
  }
}
