/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.RegionBacking;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;

/** A plain shared arena: what a region over it costs beyond that is the region's own cost. */
record ArenaBacking(Arena arena, MemorySegment segment) implements RegionBacking {
  static MemoryRegion allocate(long byteSize) throws MemoryException {
    RegionLedger ledger =
        new RegionLedger(
            "arena",
            EnumSet.noneOf(Capability.class),
            EnumSet.noneOf(Advice.class),
            Long.MAX_VALUE);
    RegionTraits traits =
        RegionTraits.of(null, RegionOptions.DEFAULT, Sharing.PRIVATE, null, "arena");
    return ledger.admit(
        RegionRequest.ofSize(byteSize),
        () -> {
          Arena arena = Arena.ofShared();
          return new BackedRegion(
              ledger, traits, new ArenaBacking(arena, arena.allocate(byteSize, 4096)));
        });
  }

  @Override
  public void unmap() {
    arena.close();
  }
}
