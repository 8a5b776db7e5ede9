/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;
import static org.dmalloc.heap.allocator.SizeClasses.PAGE;
import static org.dmalloc.heap.allocator.SpaceOfRegion.FOLIO;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapRecovery;
import org.dmalloc.heap.HeapReport;
import org.dmalloc.heap.HeapService;

/** Makes and opens heaps. All instances share what is open in this JVM. */
public final class RegionHeaps implements HeapService {
  private static final SecureRandom SEEDS = new SecureRandom();

  /** For {@link java.util.ServiceLoader}, and the component runtime. */
  public RegionHeaps() {}

  @Override
  public Heap create(MemoryRegion region, HeapOptions options) throws MemoryException {
    long start = System.nanoTime();
    requireWritable("create heap", region);
    if (region.byteSize() < HeapOptions.MIN_BYTES) {
      throw new IllegalArgumentException(
          "create heap in "
              + region
              + " of "
              + region.byteSize()
              + " bytes; give at least "
              + HeapOptions.MIN_BYTES);
    }
    OpenHeaps.Claim claim = OpenHeaps.claim("create heap", region);
    try {
      if (isHeap(region)) {
        throw new IllegalStateException(
            "create heap in " + region + ": it has one; open that, or erase it");
      }
      boolean hasHoles = SpaceOfRegion.hasHoles(region);
      if (hasHoles) {
        region.reserve(0, firstBytes(region.byteSize()));
      }
      HeapHeader header = write(region);
      Allocator allocator = new Allocator(region, options, header);
      begin(allocator, hasHoles ? PageTable.HOLES : PageTable.FREE);
      HeapState.set(region, HeapHeader.OPEN);
      return claim.opened(allocator, recovery(true, start, 0, List.of()));
    } finally {
      claim.end();
    }
  }

  private static void requireWritable(String operation, MemoryRegion region) {
    RegionInfo info = region.info();
    if (info.access() == AccessMode.READ_ONLY) {
      throw new IllegalStateException(
          operation + " in " + region + ": it is read-only; open it for writing");
    }
  }

  /** What a new heap stores to at once, or may at any time: header and tables, in whole folios. */
  private static long firstBytes(long byteSize) {
    long tables = Extents.tablePages((byteSize - HeapHeader.BYTES) / PAGE) * PAGE;
    return Math.min(byteSize, Math.ceilDiv(HeapHeader.BYTES + tables, FOLIO) * FOLIO);
  }

  /** Clears what earlier content would be taken for, and writes a header, which comes last. */
  private static HeapHeader write(MemoryRegion region) throws MemoryException {
    return inSection(
        "create heap",
        region,
        memory -> {
          memory.asSlice(0, HeapHeader.BYTES).fill((byte) 0);
          long first = HeapHeader.BYTES / PAGE;
          Extents extents =
              Extents.of(
                  new long[] {first},
                  new long[] {Math.min(Extents.MOST_PAGES, memory.byteSize() / PAGE) - first});
          return new HeapHeader(SEEDS.nextLong(), System.currentTimeMillis(), 1, extents);
        });
  }

  private static void begin(Allocator allocator, int kind) throws MemoryException {
    allocator.alone(
        memory -> {
          memory.set(LONG, HeapHeader.STATE, HeapHeader.OPEN);
          allocator.listed();
          NewExtent.begin(memory, allocator.extents(), 0, kind, allocator.table, allocator.runs);
          allocator.header().write(memory);
          return true;
        });
  }

  private static HeapRecovery recovery(
      boolean clean, long startNanos, long liveBlocks, List<Long> lastAllocated) {
    Duration duration = Duration.ofNanos(System.nanoTime() - startNanos);
    return new HeapRecovery(clean, duration, liveBlocks, lastAllocated);
  }

  @Override
  public Heap open(MemoryRegion region, HeapOptions options) throws MemoryException {
    long start = System.nanoTime();
    OpenHeaps.Claim claim = OpenHeaps.claim("open heap", region);
    try {
      Allocator allocator = new Allocator(region, options, header(region));
      HeapRecovery recovery = allocator.alone(memory -> recover(allocator, memory, start));
      if (!allocator.readOnly) {
        HeapState.set(region, HeapHeader.OPEN);
      }
      return claim.opened(allocator, recovery);
    } finally {
      claim.end();
    }
  }

  private static HeapHeader header(MemoryRegion region) throws MemoryException {
    return inSection("open heap", region, memory -> HeapHeader.read(memory, region.toString()));
  }

  private static <T> T inSection(
      String operation, MemoryRegion region, HeapTables.InSection<T> work) throws MemoryException {
    return BusErrors.in(
        region,
        operation,
        () -> {
          try (Access access = region.acquire()) {
            return work.run(access.segment());
          }
        });
  }

  private static HeapRecovery recover(Allocator allocator, MemorySegment memory, long start)
      throws MemoryException {
    boolean clean = memory.get(LONG, HeapHeader.STATE) == HeapHeader.CLEAN;
    if (clean && SavedLists.read(allocator, memory)) {
      allocator.listed();
      return recovery(true, start, -1, List.of());
    }
    if (!allocator.readOnly) {
      Roots.freeOld(memory, allocator.header().seed());
    }
    long blocks = HeapRebuild.rebuild(allocator, memory);
    if (!allocator.readOnly && HeapHeader.copiesDiffer(memory)) {
      allocator.header().write(memory); // the older copy would hold if the newer one were torn
    }
    return recovery(false, start, blocks, lastAllocated(allocator, memory));
  }

  /** What caches had handed out last, and is allocated. */
  private static List<Long> lastAllocated(Allocator allocator, MemorySegment memory) {
    List<Long> blocks = new ArrayList<>();
    for (int cache = 0; cache < BlockCache.COUNT; cache++) {
      for (long note : new long[] {HeapHeader.note(cache), HeapHeader.largeNote(cache)}) {
        long block = memory.get(LONG, note);
        if (block != 0 && allocator.blocks.isAllocated(block) && !blocks.contains(block)) {
          blocks.add(block);
        }
      }
    }
    return blocks;
  }

  @Override
  public HeapReport repair(MemoryRegion region) throws MemoryException {
    return repair(region, ProgressListener.NONE);
  }

  @Override
  public HeapReport repair(MemoryRegion region, ProgressListener progress) throws MemoryException {
    requireWritable("repair heap", region);
    OpenHeaps.Claim claim = OpenHeaps.claim("repair heap", region);
    try {
      Allocator allocator = new Allocator(region, HeapOptions.DEFAULT, header(region));
      HeapReport report =
          allocator.alone(memory -> HeapRebuild.repair(allocator, memory, progress));
      HeapState.set(region, HeapHeader.OPEN);
      return report;
    } finally {
      claim.end();
    }
  }

  @Override
  public void erase(MemoryRegion region) throws MemoryException {
    requireWritable("erase heap", region);
    OpenHeaps.Claim claim = OpenHeaps.claim("erase heap", region);
    try {
      inSection(
          "erase heap",
          region,
          memory ->
              memory.asSlice(0, Math.min(HeapHeader.BYTES, memory.byteSize())).fill((byte) 0));
    } finally {
      claim.end();
    }
  }

  @Override
  public boolean isHeap(MemoryRegion region) {
    try {
      return inSection("look for heap", region, HeapHeader::isThere);
    } catch (MemoryException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  @Override
  public Optional<Heap> find(MemoryRegion region) {
    return OpenHeaps.find(region);
  }

  @Override
  public List<Heap> heaps() {
    return OpenHeaps.all().stream()
        .sorted(Comparator.comparingLong(heap -> heap.region().id()))
        .toList();
  }
}
