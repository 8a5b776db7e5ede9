/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.measure.chaos.model.RegionModel;
import org.dmalloc.measure.chaos.model.RegionModel.Kind;
import org.dmalloc.measure.chaos.model.UnitContent;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SnapshotMomentTest {
  private static final int UNIT = 64;
  private static final List<Load.Store> STORES =
      List.of(
          new Load.Store(0, 11),
          new Load.Store(1, 12),
          new Load.Store(0, 13),
          new Load.Store(2, 14));

  private final RegionModel model = new RegionModel(7, Kind.PLAIN, 0, UNIT, 3L * UNIT, null);
  private MemoryRegion region;

  @BeforeEach
  void allocate() throws MemoryException {
    region = InMemoryProvider.memory("memory").allocate(RegionRequest.ofSize(3L * UNIT));
  }

  @AfterEach
  void close() {
    region.close();
  }

  /** Compares a copy with these versions of its units with the stores. */
  private void require(long... versions) {
    UnitContent content = new UnitContent();
    try (Access access = region.acquire()) {
      for (int unit = 0; unit < versions.length; unit++) {
        content.store(access.segment(), (long) unit * UNIT, UNIT, 7, unit, versions[unit]);
      }
    }
    SnapshotMoment.require(Held.of(region, model, "memory"), new long[] {1, 0, 3}, STORES);
  }

  @Test
  void everyMomentBetweenStoresIsOne() {
    require(1, 0, 3);
    require(11, 0, 3);
    require(11, 12, 3);
    require(13, 12, 3);
    require(13, 12, 14);
  }

  @Test
  void aStoreWithoutOneBeforeItIsOfNoMoment() {
    LostBytesException lost = assertThrows(LostBytesException.class, () -> require(13, 0, 3));
    assertTrue(
        lost.getMessage().endsWith("it has store 3, and not store 2, of 4"), lost::getMessage);
    assertThrows(LostBytesException.class, () -> require(1, 12, 3));
    assertThrows(LostBytesException.class, () -> require(11, 12, 14));
  }

  @Test
  void anOlderVersionThanBeforeIsWrong() {
    LostBytesException lost = assertThrows(LostBytesException.class, () -> require(0, 0, 3));
    assertTrue(lost.getMessage().contains("is to have version 1, and has zeros"), lost::getMessage);
    assertThrows(LostBytesException.class, () -> require(1, 0, 2));
  }
}
