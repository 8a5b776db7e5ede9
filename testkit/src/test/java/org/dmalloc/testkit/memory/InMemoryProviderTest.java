/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit.memory;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.dmalloc.api.Access;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoredRegion;
import org.junit.jupiter.api.Test;

/** What the contract does not ask: the store, and faults by name. */
final class InMemoryProviderTest {
  private final InMemoryStore store = new InMemoryStore("/disk");
  private final InMemoryProvider files = InMemoryProvider.files("files", store);
  private final InMemoryProvider others = InMemoryProvider.files("others", store);

  private static void put(MemoryRegion region, long value) {
    try (Access access = region.acquire()) {
      access.segment().set(JAVA_LONG, 0, value);
    }
  }

  private static long get(MemoryRegion region) {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG, 0);
    }
  }

  private static RegionRequest orders() {
    return RegionRequest.ofSize(100).withName("orders");
  }

  @Test
  void providersOfOneStoreOpenEachOthersRegions() throws Exception {
    try (MemoryRegion region = files.allocate(orders())) {
      put(region, 7);
      assertThrows(MemoryException.class, () -> others.allocate(orders()));
      assertThrows(MemoryException.class, () -> others.open("orders"));
      assertThrows(MemoryException.class, () -> others.delete("orders"));
      assertEquals(StoredRegion.State.OPEN, others.stored().getFirst().state());
    }
    try (MemoryRegion region = others.open(OpenRequest.of("orders").readOnly())) {
      assertEquals(7, get(region));
      assertThrows(IllegalArgumentException.class, () -> put(region, 8));
    }
    others.delete("orders");
    assertEquals(List.of(), files.stored());
  }

  @Test
  void storesReachTheStoreByForceAndByClose() throws Exception {
    MemoryRegion region = files.allocate(orders());
    put(region, 1);
    assertEquals(0, store.bytes("orders").get(JAVA_LONG, 0));
    region.force();
    assertEquals(1, store.bytes("orders").get(JAVA_LONG, 0));
    put(region, 2);
    region.close();
    assertEquals(2, store.bytes("orders").get(JAVA_LONG, 0));
  }

  @Test
  void aRegionSaysThatItsFileHasGone() throws Exception {
    try (MemoryRegion region = files.allocate(orders())) {
      store.lose("orders");
      assertEquals("its file was deleted", region.detached().orElseThrow());
      assertThrows(MemoryException.class, region::force);
      store.put("orders", 1);
      assertTrue(region.detached().orElseThrow().contains("replaced"));
    }
    assertEquals(1, store.bytes("orders").byteSize(), "the other file is left alone");
  }

  @Test
  void callsFailByNameUntilTheyAreClearedAndLeaveNothing() throws Exception {
    files.faults().fail("ENOSPC", "allocate");
    MemoryException e = assertThrows(MemoryException.class, () -> files.allocate(orders()));
    assertEquals("allocate files: ENOSPC", e.getMessage());
    assertEquals(0, files.openRegions());
    assertEquals(List.of(), store.names());
    files.faults().clear();
    try (MemoryRegion region = files.allocate(orders())) {
      files.faults().fail("EIO", "force");
      assertThrows(MemoryException.class, region::force);
      assertTrue(region.info().writeBackFailure().contains("EIO"));
      files.faults().clear();
      region.force();
      files.faults().fail("ENOMEM", "resize");
      assertThrows(MemoryException.class, () -> region.resize(200));
      assertEquals(100, region.byteSize());
    }
    assertEquals(3, files.requests().size() + files.faults().count("resize"));
  }

  @Test
  void callsAreRecordedWithTheirArgument() throws Exception {
    InMemoryProvider memory = InMemoryProvider.of("memory", Capability.ADVICE, Capability.PREFETCH);
    try (MemoryRegion region = memory.allocate(RegionRequest.ofSize(8192))) {
      region.advise(Advice.RANDOM);
      region.prefetch(new long[] {0, 4096}, 8);
    }
    assertEquals(
        List.of("allocate", "advise RANDOM", "prefetch 2", "close"), memory.faults().calls());
    assertEquals(List.of("advise RANDOM"), memory.faults().calls("advise"));
  }

  @Test
  void aDelayHoldsTheCallUp() throws Exception {
    InMemoryProvider memory = InMemoryProvider.memory("memory");
    memory.faults().delay(Duration.ofMillis(20), "close");
    MemoryRegion region = memory.allocate(RegionRequest.ofSize(1));
    long begin = System.nanoTime();
    region.close();
    assertTrue(System.nanoTime() - begin >= 20_000_000);
  }
}
