/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.dmalloc.heap.HeapStatistics;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;

/** What a heap that is full of blocks of one size keeps beside them, in its region and in Java. */
final class Metadata {
  private static final List<Integer> SIZES = List.of(16, 64, 1 << 10, 64 << 10);

  private Metadata() {}

  /**
   * A full heap.
   *
   * @param metadataBytes of the heap's tables in the region
   * @param javaBytes of the Java heap, after a collection
   */
  record Full(
      int blockBytes,
      long blocks,
      long liveBytes,
      long regionBytes,
      long metadataBytes,
      long javaBytes) {}

  static List<Full> measure(long regionBytes) throws IOException {
    List<Full> all = new ArrayList<>();
    try (Dmalloc dmalloc = Dmalloc.open()) {
      for (int size : SIZES) {
        long before = javaBytes();
        RegionRequest request = RegionRequest.ofSize(regionBytes);
        try (MemoryRegion region = dmalloc.provider("anon").allocate(request);
            Heap heap = HeapService.load().create(region, HeapOptions.DEFAULT)) {
          while (heap.tryAllocate(size) != Heap.NULL) {
            // Until it is full.
          }
          long java = javaBytes() - before;
          HeapStatistics full = heap.statistics();
          all.add(
              new Full(
                  size,
                  full.liveBlocks(),
                  full.liveBytes(),
                  full.regionBytes(),
                  full.metadataBytes(),
                  java));
        }
      }
    }
    return all;
  }

  private static long javaBytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  static String render(List<Full> all, int width) {
    return Table.<Full>of(
                left("blocks of", full -> Units.bytes(full.blockBytes)),
                right("blocks", full -> Units.count(full.blocks)),
                right("bytes of blocks", full -> Units.bytes(full.liveBytes)),
                right("metadata", full -> Units.bytes(full.metadataBytes)),
                right("/ blocks", full -> percent(full.metadataBytes, full.liveBytes)),
                right(
                    "not blocks",
                    full -> percent(full.regionBytes - full.liveBytes, full.regionBytes)),
                right("Java heap", full -> Units.bytes(Math.max(0, full.javaBytes))))
            .rows(all)
            .render(width)
        + """

        not blocks: the part of the region that no block has when the heap is full
        """;
  }

  private static String percent(long part, long whole) {
    return String.format(Locale.ROOT, "%.2f %%", 100.0 * part / whole);
  }
}
