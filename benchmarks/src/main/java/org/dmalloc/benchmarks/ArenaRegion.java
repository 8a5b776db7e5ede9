/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.spi.region.GatedRegion;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;

/** A region over a plain shared arena: what it costs beyond the arena is the region's own cost. */
final class ArenaRegion extends GatedRegion {
  private final Arena arena;

  private ArenaRegion(RegionLedger ledger, RegionTraits traits, Arena arena, long byteSize) {
    super(ledger, traits, arena.allocate(byteSize, 4096));
    this.arena = arena;
  }

  static ArenaRegion allocate(long byteSize) throws MemoryException {
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
        () -> new ArenaRegion(ledger, traits, Arena.ofShared(), byteSize));
  }

  @Override
  protected void onForce(MemorySegment segment, long offset, long length) {
    throw undeclared();
  }

  @Override
  protected void onAdvise(MemorySegment segment, Advice advice, long offset, long length) {
    throw undeclared();
  }

  @Override
  protected void onPrefetch(MemorySegment segment, long[] offsets, long length) {
    throw undeclared();
  }

  @Override
  protected Residency onResidency(MemorySegment segment, long offset, long length) {
    throw undeclared();
  }

  @Override
  protected void onApply(MemorySegment segment, SwapPolicy policy) {
    throw undeclared();
  }

  @Override
  protected MemorySegment onResize(MemorySegment segment, long newByteSize) {
    throw undeclared();
  }

  @Override
  protected void onClose(MemorySegment segment) {
    arena.close();
  }

  private static AssertionError undeclared() {
    return new AssertionError("called without the capability");
  }
}
