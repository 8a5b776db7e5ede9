/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import org.dmalloc.api.Access;
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
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The cost of an access through {@code acquire()} and {@code segment()}, beside a plain arena's
 * segment. Each thread works on 64 KiB of its own, so that its memory stays in the cache.
 */
public class SectionBenchmark extends SectionsOfRegion {
  private static final long BYTES_PER_THREAD = 64 << 10;
  private static final int LOADS = 4096;
  private static final long REGION_BYTES = 16 * BYTES_PER_THREAD;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment plain = arena.allocate(REGION_BYTES, 4096);
  private MemorySegment raw = MemorySegment.NULL;

  /** A thread's own part of the region, and its position there. */
  @State(Scope.Thread)
  public static class Cursor {
    private long base;
    private long offset;

    @Setup
    public void setUp() {
      base = (Thread.currentThread().threadId() % 16) * BYTES_PER_THREAD;
    }

    private long next() {
      offset = (offset + 8 * 1031) & (BYTES_PER_THREAD - 1);
      return base + offset;
    }
  }

  @Override
  MemoryRegion allocate() throws MemoryException {
    MemoryRegion region = ArenaBacking.allocate(REGION_BYTES);
    raw = region.segment();
    return region;
  }

  @TearDown
  public void closeArena() {
    arena.close();
  }

  /** The baseline: scattered loads from a plain shared arena's segment. */
  @Benchmark
  @OperationsPerInvocation(LOADS)
  public long plainSegment(Cursor cursor) {
    return sum(plain, cursor);
  }

  /** The same loads through the region's raw segment. */
  @Benchmark
  @OperationsPerInvocation(LOADS)
  public long rawSegment(Cursor cursor) {
    return sum(raw, cursor);
  }

  @Benchmark
  @OperationsPerInvocation(LOADS)
  public long loadsInOneSection(Cursor cursor) {
    try (Access access = region.acquire()) {
      return sum(access.segment(), cursor);
    }
  }

  private static long sum(MemorySegment segment, Cursor cursor) {
    long sum = 0;
    for (int i = 0; i < LOADS; i++) {
      sum += segment.get(JAVA_LONG, cursor.next());
    }
    return sum;
  }

  @Benchmark
  public long section(Cursor cursor) {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG, cursor.next());
    }
  }

  /** A plain shared arena: a region's cost beyond it is the region's own. */
  private record ArenaBacking(Arena arena, MemorySegment segment) implements RegionBacking {
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
}
