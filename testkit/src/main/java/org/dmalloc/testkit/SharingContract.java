/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.junit.jupiter.api.Test;

/** Private copies that do not leak back, read-only opens, and several openers of one region. */
public abstract class SharingContract extends ContractTheme {
  private static final OpenRequest ORDERS = OpenRequest.of("orders");
  private static final OpenRequest PRIVATE = ORDERS.withSharing(Sharing.PRIVATE);

  @Test
  void sharingIsAsAsked() throws Exception {
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region =
          provider().allocate(RegionRequest.ofSize(PAGE).withSharing(sharing))) {
        if (sharing != Sharing.DEFAULT) {
          assertSame(sharing, region.info().sharing());
        }
      }
    }
  }

  @Test
  void theDescribedMappingIsTheKernels() throws Exception {
    if (memoryMap().isEmpty()) {
      Skip.because("there is no /proc/self/maps to compare with");
    }
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region =
          provider().allocate(RegionRequest.ofSize(PAGE).withSharing(sharing))) {
        assertMappedAsDescribed(region);
      }
    }
    if (declares(Capability.NAMED)) {
      store("orders", PAGE, 1);
      List<OpenRequest> requests = new ArrayList<>(List.of(ORDERS));
      if (declares(Capability.READ_ONLY)) {
        requests.add(ORDERS.readOnly());
      }
      if (declares(Capability.PRIVATE_MAPPING)) {
        requests.add(PRIVATE);
      }
      for (OpenRequest request : requests) {
        try (MemoryRegion region = provider().open(request)) {
          assertMappedAsDescribed(region);
        }
      }
    }
  }

  /** The kernel writes the permissions of an area as {@code rw-s}: shared, or p for private. */
  private static void assertMappedAsDescribed(MemoryRegion region) throws Exception {
    String mapping = region.info().mapping();
    if (mapping.isEmpty()) {
      return;
    }
    try (Access access = region.acquire()) {
      long address = access.segment().address();
      String permissions =
          memoryMap().stream()
              .filter(line -> contains(line, address))
              .map(line -> line.substring(line.indexOf(' ') + 1))
              .findFirst()
              .orElseThrow(() -> new AssertionError("the region is not mapped"));
      boolean describedAsPrivate = mapping.matches(".*(MAP_|\\.map )PRIVATE.*");
      assertEquals(
          describedAsPrivate ? 'p' : 's', permissions.charAt(3), mapping + ": " + permissions);
      if (region.info().access() == AccessMode.READ_WRITE) {
        assertEquals('w', permissions.charAt(1), mapping + ": " + permissions);
      }
    }
  }

  private static boolean contains(String areaLine, long address) {
    int dash = areaLine.indexOf('-');
    long start = Long.parseUnsignedLong(areaLine, 0, dash, 16);
    long end = Long.parseUnsignedLong(areaLine, dash + 1, areaLine.indexOf(' '), 16);
    return start <= address && address < end;
  }

  @Test
  void privateStoresDoNotLeakBack() throws Exception {
    assumeOrders(Capability.PRIVATE_MAPPING);
    try (MemoryRegion copy = provider().open(PRIVATE)) {
      assertSame(Sharing.PRIVATE, copy.info().sharing());
      assertSame(AccessMode.READ_WRITE, copy.info().access());
      Pattern.check(copy, 1);
      Pattern.writeAndCheck(copy, 2);
    }
    assertStored(PRIVATE, 1);
    assertStored(ORDERS, 1);
  }

  @Test
  void privateCopiesDoNotSeeEachOther() throws Exception {
    assumeOrders(Capability.PRIVATE_MAPPING);
    try (MemoryRegion one = provider().open(PRIVATE);
        MemoryRegion two = provider().open(PRIVATE)) {
      Pattern.write(one, 3);
      Pattern.check(two, 1);
      Pattern.write(two, 4);
      Pattern.check(one, 3);
      Pattern.check(two, 4);
    }
  }

  @Test
  void privateStoresCannotBeForced() throws Exception {
    assumeOrders(Capability.PRIVATE_MAPPING);
    assumeDeclared(Capability.FORCE);
    try (MemoryRegion copy = provider().open(PRIVATE)) {
      Pattern.write(copy, 5);
      assertThrowsOneLine(UnsupportedOperationException.class, copy::force);
      assertThrows(UnsupportedOperationException.class, () -> copy.force(0, 1));
      Pattern.check(copy, 5);
    }
    assertStored(ORDERS, 1);
  }

  @Test
  void readOnlyRegionsRefuseStoresInJava() throws Exception {
    assumeOrders(Capability.READ_ONLY);
    try (MemoryRegion region = provider().open(ORDERS.readOnly())) {
      assertSame(AccessMode.READ_ONLY, region.info().access());
      Pattern.check(region, 1);
      MemorySegment raw = region.segment();
      assertTrue(raw.isReadOnly());
      assertThrows(IllegalArgumentException.class, () -> raw.set(JAVA_BYTE, 0, (byte) 1));
      try (Access access = region.acquire()) {
        MemorySegment segment = access.segment();
        assertTrue(segment.isReadOnly());
        assertThrows(IllegalArgumentException.class, () -> segment.fill((byte) 1));
      }
      Pattern.check(region, 1);
    }
  }

  @Test
  void readOnlyRegionsCanBeForced() throws Exception {
    assumeOrders(Capability.READ_ONLY);
    assumeDeclared(Capability.FORCE);
    try (MemoryRegion region = provider().open(OpenRequest.of("orders").readOnly())) {
      region.force(); // what somebody else has stored
      region.force(PAGE, 1);
      region.force(0, 0);
    }
  }

  @Test
  void manyReadersAndPrivateCopiesShareARegion() throws Exception {
    assumeOrders(Capability.READ_ONLY);
    try (MemoryRegion first = provider().open(ORDERS.readOnly());
        MemoryRegion second = provider().open(ORDERS.readOnly())) {
      Pattern.check(first, 1);
      Pattern.check(second, 1);
      if (declares(Capability.PRIVATE_MAPPING)) {
        try (MemoryRegion copy = provider().open(PRIVATE)) {
          Pattern.write(copy, 6);
          Pattern.check(first, 1);
          Pattern.check(second, 1);
        }
      }
    }
    try (MemoryRegion writer = provider().open(ORDERS)) {
      Pattern.write(writer, 7);
    }
    assertStored(ORDERS.readOnly(), 7);
  }

  @Test
  void oneWriterAtATime() throws Exception {
    assumeDeclared(Capability.NAMED);
    try (MemoryRegion writer = allocate("orders", 2 * PAGE)) {
      Pattern.write(writer, 8);
      assertSays(assertRefused(() -> provider().open(ORDERS)), "orders");
      Pattern.check(writer, 8);
    }
    try (MemoryRegion writer = provider().open(ORDERS)) {
      assertRefused(() -> provider().open(ORDERS));
      Pattern.check(writer, 8);
      assertTrue(writer.info().open());
    }
    provider().open(ORDERS).close();
  }

  @Test
  void refusedOpenDoesNotUnlockTheFirst() throws Exception {
    assumeDeclared(Capability.NAMED);
    try (MemoryRegion writer = allocate("orders", PAGE)) {
      // POSIX record locks go away when any descriptor of the file is closed: twice, to notice
      assertRefused(() -> provider().open(ORDERS));
      provider().stored();
      provider().verify();
      assertRefused(() -> provider().open(ORDERS));
      assertRefused(() -> provider().delete("orders"));
      Pattern.write(writer, 9);
    }
    assertStored(ORDERS, 9);
  }

  @Test
  void prefaultedOpensWork() throws Exception {
    assumeDeclared(Capability.PREFAULT);
    assumeOrders(Capability.NAMED);
    assertStored(ORDERS.prefaulted(), 1);
    if (declares(Capability.PRIVATE_MAPPING)) {
      try (MemoryRegion region = provider().open(PRIVATE.prefaulted())) {
        Pattern.check(region, 1);
        Pattern.write(region, 10);
      }
    }
    if (declares(Capability.READ_ONLY)) {
      try (MemoryRegion region = provider().open(ORDERS.readOnly().prefaulted())) {
        Pattern.check(region, 1);
        assertFalse(region.info().locked());
      }
    }
  }

  /** Stores pattern 1 under {@code orders}; skips without NAMED and the other capability. */
  private void assumeOrders(Capability capability) throws Exception {
    assumeDeclared(Capability.NAMED, capability);
    store("orders", 9 * PAGE + 1, 1);
    assertEquals(0, provider().statistics().openRegions());
  }
}
