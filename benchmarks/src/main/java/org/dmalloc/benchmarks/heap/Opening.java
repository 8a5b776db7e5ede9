/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.benchmarks.ForkedJvm;
import org.dmalloc.benchmarks.peers.child.ColdFiles;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.measure.compare.Sample;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;

/**
 * How long a heap in a file takes to open, after a process that ended without closing it and after
 * one that closed it. Each opening is the first of a JVM, with nothing of the file in RAM or with
 * what the last process left there.
 */
final class Opening {
  private static final String NAME = "heap";
  private static final int BATCH = 1024;
  private static final int REHEARSALS = 200;
  private static final double NANOS = 1e9;
  private static final double TEBIBYTE = 1L << 40;

  private Opening() {}

  /**
   * A heap that was opened.
   *
   * @param cold whether nothing of the file was in RAM
   * @param nanos by opening
   */
  record Opened(
      long regionBytes,
      int blockBytes,
      long blocks,
      long liveBytes,
      boolean clean,
      boolean cold,
      List<Double> nanos) {
    double medianNanos() {
      return Sample.of(nanos).median();
    }

    double secondsPerTebibyte() {
      return medianNanos() / NANOS / (liveBytes / TEBIBYTE);
    }
  }

  static List<Opened> measure(Path directory, List<Long> sizes, List<Integer> blocks, int runs)
      throws IOException, InterruptedException {
    List<Opened> all = new ArrayList<>();
    for (long regionBytes : sizes) {
      for (int blockBytes : blocks) {
        Path own =
            Files.createDirectory(directory.resolve("heap-" + regionBytes + "-" + blockBytes));
        String[] filled =
            child("fill", own, String.valueOf(regionBytes), String.valueOf(blockBytes))
                .split(" ", -1);
        long count = Long.parseLong(filled[0]);
        long liveBytes = Long.parseLong(filled[1]);
        for (boolean clean : new boolean[] {false, true}) {
          if (clean) {
            child("close", own);
          }
          for (boolean cold : new boolean[] {true, false}) {
            List<Double> nanos = new ArrayList<>();
            for (int run = 0; run < runs; run++) {
              if (cold) {
                ColdFiles.drop(own);
              }
              nanos.add(Double.valueOf(child(clean ? "close" : "halt", own)));
            }
            all.add(
                new Opened(
                    regionBytes, blockBytes, count, liveBytes, clean, cold, List.copyOf(nanos)));
          }
        }
        OpenDirectory.delete(own);
      }
    }
    return all;
  }

  private static String child(String task, Path directory, String... more)
      throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(task, directory.toString()));
    words.addAll(List.of(more));
    return ForkedJvm.run(Opening.class, words).getLast();
  }

  /** The child: fill DIRECTORY BYTES BLOCK, halt DIRECTORY or close DIRECTORY. */
  public static void main(String[] words) throws IOException {
    Dmalloc dmalloc = Dmalloc.open();
    MemoryProvider memory = dmalloc.start("panama", Map.of("directory", words[1]));
    if (words[0].equals("fill")) {
      fill(memory, Long.parseLong(words[2]), Integer.parseInt(words[3]));
      Runtime.getRuntime().halt(0);
    }
    HeapService service = HeapService.load();
    try (MemoryRegion small = dmalloc.provider("anon").allocate(RegionRequest.ofSize(1 << 20))) {
      rehearse(service, small);
    }
    MemoryRegion region = memory.open(NAME);
    long begin = System.nanoTime();
    Heap heap = service.open(region, HeapOptions.DEFAULT);
    long took = System.nanoTime() - begin;
    // A heap that can be used, not one that puts its work off.
    heap.free(heap.allocate(64));
    ForkedJvm.report(String.valueOf(took));
    if (words[0].equals("halt")) {
      Runtime.getRuntime().halt(0);
    }
    heap.close();
    region.close();
    dmalloc.close();
  }

  /** Loads and compiles what opening takes, which is not what is measured. */
  private static void rehearse(HeapService service, MemoryRegion region) throws IOException {
    service.create(region, HeapOptions.DEFAULT).close();
    for (int i = 0; i < REHEARSALS; i++) {
      service.open(region, HeapOptions.DEFAULT).close();
    }
  }

  private static void fill(MemoryProvider memory, long regionBytes, int blockBytes)
      throws IOException {
    MemoryRegion region = memory.allocate(RegionRequest.ofSize(regionBytes).withName(NAME));
    Heap heap = HeapService.load().create(region, HeapOptions.DEFAULT);
    long[] blocks = new long[BATCH];
    // The last part stays free, so that the heap can be used after it was opened.
    long count = 0;
    for (long left = regionBytes / 16 * 15; left > (long) BATCH * blockBytes; ) {
      heap.allocate(blockBytes, blocks, 0, BATCH);
      count += BATCH;
      left -= (long) BATCH * blockBytes;
    }
    region.force();
    ForkedJvm.report(count + " " + count * blockBytes);
  }

  static String render(List<Opened> all, int width) {
    return Table.<Opened>of(
                left("region", opened -> Units.bytes(opened.regionBytes)),
                left("blocks of", opened -> Units.bytes(opened.blockBytes)),
                right("blocks", opened -> Units.count(opened.blocks)),
                left("closed before", opened -> opened.clean ? "cleanly" : "no"),
                left("file", opened -> opened.cold ? "cold" : "in RAM"),
                right("open", opened -> Units.nanos((long) opened.medianNanos())),
                right(
                    "s/TiB",
                    opened ->
                        opened.clean
                            ? "-"
                            : String.format(Locale.ROOT, "%.2f", opened.secondsPerTebibyte())))
            .keyedBy(2)
            .groupedBy(opened -> List.of(opened.regionBytes, opened.blockBytes), 2)
            .rows(all)
            .render(width)
        + """

        open: the median of HeapService.open; s/TiB: that for each TiB of blocks, if it goes on like this
        """;
  }
}
