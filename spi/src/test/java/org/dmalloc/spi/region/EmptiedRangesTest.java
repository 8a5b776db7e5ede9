/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.DirtyTracking;
import org.junit.jupiter.api.Test;

final class EmptiedRangesTest {
  private static final long PAGE = 4096;
  private static final long SIZE = 10 * PAGE + 5;

  private final EmptiedRanges emptied = new EmptiedRanges();
  private final List<RegionRange> stores = new ArrayList<>();
  private boolean fails;
  private boolean closed;

  /** Tells the stores once, and sees nothing else. */
  private final DirtyTracking kernel =
      new DirtyTracking() {
        @Override
        public void collect(Visitor visitor) throws MemoryException {
          if (fails) {
            throw MemoryException.of("scan", "region", "EIO", "");
          }
          for (RegionRange store : stores) {
            visitor.written(store.offset(), store.length());
          }
          stores.clear();
        }

        @Override
        public String method() {
          return "kernel";
        }

        @Override
        public void close() {
          closed = true;
        }
      };

  private static List<RegionRange> collect(DirtyTracking tracking) throws MemoryException {
    List<RegionRange> told = new ArrayList<>();
    tracking.collect((offset, length) -> told.add(new RegionRange(offset, length)));
    return told;
  }

  private static RegionRange pages(long first, long count) {
    return new RegionRange(first * PAGE, count * PAGE);
  }

  @Test
  void whatWasEmptiedIsToldOnceInWholePages() throws Exception {
    try (DirtyTracking tracking = emptied.noting(kernel)) {
      assertEquals("kernel", tracking.method());
      emptied.add(PAGE + 1, 1, SIZE);
      emptied.add(9 * PAGE, PAGE + 5, SIZE);
      assertEquals(List.of(pages(1, 1), new RegionRange(9 * PAGE, PAGE + 5)), collect(tracking));
      assertEquals(List.of(), collect(tracking));
    }
    assertTrue(closed);
  }

  @Test
  void storesAndHolesAreToldInOrderAndAPageOnce() throws Exception {
    try (DirtyTracking tracking = emptied.noting(kernel)) {
      emptied.add(6 * PAGE, PAGE, SIZE);
      emptied.add(PAGE, 2 * PAGE, SIZE);
      stores.add(pages(0, 2));
      stores.add(pages(4, 1));
      stores.add(pages(6, 2));
      assertEquals(List.of(pages(0, 3), pages(4, 1), pages(6, 2)), collect(tracking));
      stores.add(pages(5, 1));
      assertEquals(List.of(pages(5, 1)), collect(tracking));
      emptied.add(0, 1, SIZE);
      List<RegionRange> last = new ArrayList<>();
      tracking.collectLast((offset, length) -> last.add(new RegionRange(offset, length)));
      assertEquals(List.of(pages(0, 1)), last);
    }
  }

  @Test
  void aFailurePassesThrough() throws Exception {
    try (DirtyTracking tracking = emptied.noting(kernel)) {
      emptied.add(0, 1, SIZE);
      fails = true;
      assertThrows(MemoryException.class, () -> collect(tracking));
    }
  }

  @Test
  void nothingIsKeptWhereNobodyTracks() throws Exception {
    emptied.add(0, PAGE, SIZE);
    DirtyTracking tracking = emptied.noting(kernel);
    assertEquals(List.of(), collect(tracking));
    tracking.close();
    emptied.add(0, PAGE, SIZE);
    try (DirtyTracking next = emptied.noting(kernel)) {
      assertEquals(List.of(), collect(next));
    }
  }
}
