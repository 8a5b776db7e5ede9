/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.heap.HeapDamagedException;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;

/** A heap that a later dmalloc has written. */
class NewerFormatTest {
  private static final long VERSION_AT = 8;
  private static final long CRC_AT = HeapHeader.PAGE - 8;

  private final RegionHeaps heaps = new RegionHeaps();

  private static void makeNewer(MemoryRegion region) {
    try (Access access = region.acquire()) {
      for (int copy = 0; copy < HeapHeader.COPIES; copy++) {
        MemorySegment page =
            access.segment().asSlice((long) copy * HeapHeader.PAGE, HeapHeader.PAGE);
        page.set(ValueLayout.JAVA_INT, VERSION_AT, HeapHeader.VERSION + 1);
        page.set(PageTable.LONG, CRC_AT, HeapHeader.crc(page, CRC_AT));
      }
    }
  }

  @Test
  void itIsRefusedByItsVersion() throws Exception {
    try (MemoryRegion region =
        InMemoryProvider.of("memory").allocate(RegionRequest.ofSize(1 << 20))) {
      heaps.create(region, HeapOptions.DEFAULT).close();
      makeNewer(region);
      assertTrue(heaps.isHeap(region));
      byte[] before = content(region);
      for (HeapDamagedException refusal :
          new HeapDamagedException[] {
            assertThrows(HeapDamagedException.class, () -> heaps.open(region, HeapOptions.DEFAULT)),
            assertThrows(HeapDamagedException.class, () -> heaps.repair(region))
          }) {
        assertTrue(
            refusal.getMessage().contains("its format is version 2, and this dmalloc knows 1"),
            refusal.getMessage());
        assertTrue(
            refusal.getMessage().endsWith("open it with a newer dmalloc"), refusal.getMessage());
      }
      assertThrows(IllegalStateException.class, () -> heaps.create(region, HeapOptions.DEFAULT));
      assertEquals(
          -1, MemorySegment.ofArray(before).mismatch(MemorySegment.ofArray(content(region))));
      heaps.erase(region);
      heaps.create(region, HeapOptions.DEFAULT).close();
    }
  }

  private static byte[] content(MemoryRegion region) {
    try (Access access = region.acquire()) {
      return access.segment().toArray(ValueLayout.JAVA_BYTE);
    }
  }
}
