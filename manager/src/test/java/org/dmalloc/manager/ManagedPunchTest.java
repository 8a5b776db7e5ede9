/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranges that are emptied and reserved, before moves and during them. */
final class ManagedPunchTest {
  private static final long AT = 1 << 20;
  private static final long LENGTH = 1 << 20;

  private final Rig rig = new Rig();
  private final InMemoryProvider sparse =
      InMemoryProvider.of("sparse", Capability.SPARSE, Capability.PUNCH);
  private final InMemoryProvider rigid = InMemoryProvider.of("rigid", Capability.SPARSE);

  @AfterEach
  void close() {
    rig.regions.accounts().regions().forEach(MemoryRegion::close);
  }

  private static void checkHole(MemoryRegion region, long seed) {
    try (Access access = region.acquire()) {
      for (long at = 0; at + 8 <= region.byteSize(); at += 8) {
        boolean inside = at >= AT && at < AT + LENGTH;
        assertEquals(inside ? 0 : seed * 31 + at, access.segment().get(JAVA_LONG, at), "at " + at);
      }
    }
  }

  /** Real memory, whose tracking of stores knows nothing of pages that are gone. */
  @Test
  void whatIsPunchedWhileItMovesIsEmptyAtTheTarget(@TempDir Path directory) throws Exception {
    rig.add(Rig.panama("panama", directory), 9);
    rig.add(InMemoryProvider.of("plain"), 1);
    for (Step at : List.of(Step.TRACKING, Step.COPIED, Step.PASSED)) {
      ManagedRegion region = rig.filled(6);
      boolean[] punched = new boolean[1];
      rig.probe =
          (which, step) -> {
            if (step == at && !punched[0]) {
              punched[0] = true;
              which.punch(AT, LENGTH, Punch.RELEASE);
            }
          };
      rig.move(region, "plain");
      checkHole(region, 6);
      assertTrue(punched[0]);
      rig.probe = Step.Probe.NONE;
      UnsupportedCapabilityException refused =
          assertThrows(
              UnsupportedCapabilityException.class,
              () -> region.punch(0, 4096, Punch.KEEP_RESERVED));
      assertSame(Capability.PUNCH, refused.capability());
      assertTrue(refused.getMessage().contains("hotswap " + region.id() + " panama"));
      rig.move(region, "panama");
      checkHole(region, 6);
      assertSame(Reservation.RESERVED, region.info().reservation(), "the space is taken again");
      region.close();
    }
  }

  @Test
  void whatIsReservedOfASparseRegionIsReservedWhereItMoves() throws Exception {
    InMemoryProvider other = InMemoryProvider.of("other", Capability.SPARSE, Capability.PUNCH);
    rig.add(sparse, 9);
    rig.add(other, 8);
    ManagedRegion region =
        rig.allocate(RegionRequest.ofSize(Rig.SIZE).withReservation(Reservation.SPARSE));
    region.reserve(4096, 8192);
    region.reserve(AT, LENGTH);
    region.punch(AT, 4096, Punch.RELEASE);
    boolean[] reserved = new boolean[1];
    rig.probe =
        (which, step) -> {
          if (step == Step.COPIED && !reserved[0]) {
            reserved[0] = true;
            which.reserve(0, 4096);
          }
        };
    rig.move(region, "other");
    assertEquals(
        List.of(
            "reserve 8192", "reserve " + (LENGTH - 4096), // at first
            "reserve 12288", "reserve " + (LENGTH - 4096)), // with what came meanwhile
        other.faults().calls("reserve"));
    rig.probe = Step.Probe.NONE;
    sparse.faults().fail("ENOSPC", "reserve");
    MemoryException refused = assertThrows(MemoryException.class, () -> rig.move(region, "sparse"));
    assertTrue(refused.getMessage().contains("ENOSPC"), refused.getMessage());
    assertEquals("other", region.managedInfo().backend());
    assertEquals(0, sparse.openRegions());
  }

  @Test
  void aTargetThatReservesNoRangesReservesAll() throws Exception {
    rig.add(sparse, 9);
    rig.add(rigid, 8);
    ManagedRegion region =
        rig.allocate(RegionRequest.ofSize(Rig.SIZE).withReservation(Reservation.SPARSE));
    rig.move(region, "rigid");
    assertSame(Reservation.SPARSE, rigid.requests().getLast().reservation());
    rig.move(region, "sparse");
    region.reserve(0, 4096);
    rig.move(region, "rigid");
    assertSame(Reservation.RESERVED, rigid.requests().getLast().reservation());
    rig.move(region, "sparse");
    assertSame(Reservation.SPARSE, sparse.requests().getLast().reservation());
  }
}
