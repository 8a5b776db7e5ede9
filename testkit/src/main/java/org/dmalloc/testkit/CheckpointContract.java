/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.junit.jupiter.api.Test;

/**
 * Checkpoints have all that was stored in finished sections of a group, or nothing. Ends of a
 * process are left to the tests of a backend, which know where to kill it.
 */
public abstract class CheckpointContract extends ContractTheme {
  private static final long SIZE = 10 * PAGE + 100;

  private static RegionRequest request(String name, CheckpointOptions options) {
    return RegionRequest.ofSize(SIZE).withName(name).checkpointed(options);
  }

  private MemoryRegion checkpointed(String name, CheckpointOptions options) throws MemoryException {
    return provider().allocate(request(name, options));
  }

  private MemoryRegion checkpointed(String name) throws MemoryException {
    return checkpointed(name, CheckpointOptions.DEFAULT);
  }

  @Test
  void withoutTheCapabilityTheyAreRefused() throws Exception {
    if (declares(Capability.CHECKPOINT)) {
      checkpointed("kept").close();
    } else {
      Capability lacking = declares(Capability.NAMED) ? Capability.CHECKPOINT : null;
      UnsupportedCapabilityException refusal =
          assertRefused(UnsupportedCapabilityException.class, () -> checkpointed("refused"));
      assertTrue(lacking == null || refusal.capability() == lacking, refusal.getMessage());
    }
  }

  @Test
  void otherRegionsHaveNone() throws Exception {
    try (MemoryRegion region = allocate(PAGE)) {
      assertThrowsOneLine(UnsupportedOperationException.class, region::checkpoints);
      assertThrowsOneLine(UnsupportedOperationException.class, region::checkpoint);
      assertThrowsOneLine(UnsupportedOperationException.class, region::discard);
    }
  }

  @Test
  void discardGoesBackToTheLastOne() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    try (MemoryRegion region = checkpointed("orders")) {
      assertEquals(Durability.CHECKPOINT, region.info().durability());
      Pattern.write(region, 1);
      region.discard();
      Pattern.checkZero(region);
      Pattern.write(region, 2);
      region.checkpoint();
      Pattern.write(region, 3);
      region.discard();
      Pattern.check(region, 2);
    }
    assertStored("orders", 2);
  }

  @Test
  void numbersGrowWithChangesAlone() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    try (MemoryRegion region = checkpointed("orders")) {
      assertEquals(0, region.checkpoints().status().number());
      Pattern.write(region, 1);
      long first = region.checkpoint();
      assertTrue(first > 0, "number " + first);
      assertEquals(first, region.checkpoint(), "nothing was changed");
      Pattern.write(region, 2);
      long second = region.checkpoint();
      assertTrue(second > first, second + " after " + first);
      region.checkpoints().awaitApplied();
      CheckpointStatus status = region.checkpoints().status();
      assertEquals(second, status.number());
      assertEquals(second, status.applied());
      assertNull(status.failure());
    }
    try (MemoryRegion region = provider().open("orders")) {
      assertTrue(region.checkpoints().status().number() >= 2, "numbers go on");
    }
  }

  @Test
  void closingMakesOne() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    try (MemoryRegion region = checkpointed("orders")) {
      Pattern.write(region, 1);
    }
    try (MemoryRegion region = provider().open("orders")) {
      assertEquals(Durability.CHECKPOINT, region.info().durability(), "it stays");
      Pattern.check(region, 1);
    }
  }

  @Test
  void closingDiscardsIfItIsTo() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    CheckpointOptions discarding = CheckpointOptions.DEFAULT.withOnClose(false);
    try (MemoryRegion region = checkpointed("orders", discarding)) {
      Pattern.write(region, 1);
      region.checkpoint();
      Pattern.write(region, 2);
    }
    assertStored("orders", 1);
    OpenRequest open = OpenRequest.of("orders").withCheckpoints(discarding);
    try (MemoryRegion region = provider().open(open)) {
      Pattern.write(region, 3);
    }
    assertStored("orders", 1);
  }

  @Test
  void aGroupIsOne() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    CheckpointOptions shop = CheckpointOptions.DEFAULT.withGroup("shop");
    try (MemoryRegion orders = checkpointed("orders", shop);
        MemoryRegion invoices = checkpointed("invoices", shop)) {
      assertEquals("shop", orders.checkpoints().name());
      assertEquals(2, orders.checkpoints().regions().size());
      Pattern.write(orders, 1);
      Pattern.write(invoices, 2);
      long number = orders.checkpoint();
      assertEquals(number, invoices.checkpoints().status().number());
      Pattern.write(orders, 3);
      Pattern.write(invoices, 4);
      invoices.discard();
      Pattern.check(orders, 1);
      Pattern.check(invoices, 2);
    }
    assertStored("invoices", 2);
  }

  @Test
  void aSectionIsInItAsAWhole() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    CheckpointOptions shop = CheckpointOptions.DEFAULT.withGroup("shop");
    try (MemoryRegion orders = checkpointed("orders", shop);
        MemoryRegion invoices = checkpointed("invoices", shop)) {
      AtomicBoolean stop = new AtomicBoolean();
      Crew crew = new Crew();
      crew.start(() -> storeToBoth(orders, invoices, stop));
      for (int round = 0; round < 20; round++) {
        orders.checkpoint();
      }
      stop.set(true);
      crew.end();
      orders.discard();
      assertEquals(first(orders), first(invoices), "stored in one section");
    }
  }

  private static void storeToBoth(MemoryRegion one, MemoryRegion other, AtomicBoolean stop) {
    for (long value = 1; !stop.get(); value++) {
      try (Access outer = one.acquire()) {
        outer.segment().set(JAVA_LONG, 0, value);
        Await.letOthersRun();
        try (Access inner = other.acquire()) {
          inner.segment().set(JAVA_LONG, 0, value);
        }
      }
    }
  }

  private static long first(MemoryRegion region) {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG, 0);
    }
  }

  @Test
  void itIsRefusedInsideASection() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    CheckpointOptions shop = CheckpointOptions.DEFAULT.withGroup("shop");
    try (MemoryRegion orders = checkpointed("orders", shop);
        MemoryRegion invoices = checkpointed("invoices", shop)) {
      try (Access access = orders.acquire()) {
        access.segment().set(JAVA_LONG, 0, 1);
        assertThrowsOneLine(IllegalStateException.class, orders::checkpoint);
        assertThrowsOneLine(IllegalStateException.class, invoices::checkpoint);
        assertThrowsOneLine(IllegalStateException.class, invoices::discard);
      }
      assertEquals(1, first(orders));
    }
  }

  @Test
  void whatHasNoPlaceInOneIsRefused() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    try (MemoryRegion region = checkpointed("orders")) {
      Pattern.write(region, 1);
      assertThrowsOneLine(UnsupportedOperationException.class, region::segment);
      if (declares(Capability.FORCE)) {
        assertThrowsOneLine(UnsupportedOperationException.class, region::force);
        assertThrowsOneLine(UnsupportedOperationException.class, () -> region.force(0, 1));
      }
      Pattern.check(region, 1);
    }
  }

  @Test
  void aListenerThatThrowsLeavesTheLastOne() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    try (MemoryRegion region = checkpointed("orders")) {
      Pattern.write(region, 1);
      long number = region.checkpoint();
      Pattern.write(region, 2);
      RuntimeException mine = new IllegalArgumentException("enough");
      AtomicBoolean asked = new AtomicBoolean();
      try {
        region
            .checkpoints()
            .checkpoint(
                (done, total) -> {
                  asked.set(true);
                  throw mine;
                });
        assertTrue(!asked.get(), "the listener threw, yet there is a checkpoint");
      } catch (MemoryException e) {
        assertEquals(mine, e.getCause());
        assertOneLine(e);
        assertEquals(number, region.checkpoints().status().number());
        region.discard();
        Pattern.check(region, 1);
      }
    }
  }

  @Test
  void discardLeavesSizesAndEmptiesWhatWasAdded() throws Exception {
    assumeDeclared(Capability.CHECKPOINT, Capability.RESIZE);
    try (MemoryRegion region = checkpointed("orders")) {
      Pattern.write(region, 1);
      region.checkpoint();
      region.resize(2 * SIZE);
      Pattern.write(region, 2);
      region.discard();
      assertEquals(2 * SIZE, region.byteSize());
      try (Access access = region.acquire()) {
        assertEquals(
            List.of(0L, 0L),
            List.of(
                access.segment().get(JAVA_LONG.withByteAlignment(1), SIZE),
                access.segment().get(JAVA_LONG.withByteAlignment(1), 2 * SIZE - Long.BYTES)));
      }
    }
  }

  @Test
  void afterItsEndARegionRefusesThem() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    MemoryRegion region = checkpointed("orders");
    region.close();
    assertThrows(IllegalStateException.class, region::checkpoint);
    assertThrows(IllegalStateException.class, region::discard);
  }
}
