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
import org.dmalloc.benchmarks.ForkedJvm;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;

/**
 * What allocators take of memory and disk beside what is live, over a {@link ShiftingTrace}. Each
 * has a JVM of its own, so that the memory of the process tells what the C library's takes.
 */
final class Fragmentation {
  private static final List<String> ALLOCATORS = List.of("malloc", "anon", "panama", "panama-4k");

  private Fragmentation() {}

  /** One allocator after one phase. */
  record Stage(
      String allocator,
      String phase,
      long liveBytes,
      long liveBlocks,
      long heldBytes,
      long residentBytes,
      long diskBytes) {}

  static List<Stage> measure(Path directory, long liveBytes, long seed)
      throws IOException, InterruptedException {
    List<Stage> stages = new ArrayList<>();
    for (String allocator : ALLOCATORS) {
      Path own = Files.createDirectory(directory.resolve("trace-" + allocator));
      ForkedJvm.run(
              Fragmentation.class,
              List.of(allocator, own.toString(), String.valueOf(liveBytes), String.valueOf(seed)))
          .forEach(line -> stages.add(stage(allocator, line)));
    }
    return stages;
  }

  private static Stage stage(String allocator, String line) {
    String[] fields = line.split("\t", -1);
    return new Stage(
        allocator,
        fields[0],
        Long.parseLong(fields[1]),
        Long.parseLong(fields[2]),
        Long.parseLong(fields[3]),
        Long.parseLong(fields[4]),
        Long.parseLong(fields[5]));
  }

  /** The child: allocator, directory, live bytes, seed. */
  public static void main(String[] words) throws IOException {
    Path directory = Path.of(words[1]);
    long liveBytes = Long.parseLong(words[2]);
    try (TracedHeap heap =
        words[0].equals("malloc")
            ? new TracedHeap.Library()
            : TracedHeap.ours(words[0], directory, liveBytes)) {
      ShiftingTrace trace = new ShiftingTrace(heap, liveBytes, Long.parseLong(words[3]));
      for (ShiftingTrace.Phase phase : ShiftingTrace.PHASES) {
        trace.run(phase);
        report(phase.name(), trace, heap);
      }
      trace.freeNineTenths();
      report("90 % freed", trace, heap);
      heap.trim();
      report("and trimmed", trace, heap);
    }
  }

  private static void report(String phase, ShiftingTrace trace, TracedHeap heap)
      throws IOException {
    TracedHeap.Use use = heap.use();
    ForkedJvm.report(
        String.join(
            "\t",
            phase,
            String.valueOf(trace.liveBytes()),
            String.valueOf(trace.liveBlocks()),
            String.valueOf(use.heldBytes()),
            String.valueOf(use.residentBytes()),
            String.valueOf(use.diskBytes())));
  }

  static String render(List<Stage> stages, int width) {
    return Table.<Stage>of(
                left("allocator", Stage::allocator),
                left("after", Stage::phase),
                right("blocks", stage -> Units.count(stage.liveBlocks)),
                right("live", stage -> Units.bytes(stage.liveBytes)),
                right("held / live", stage -> ratio(stage.heldBytes, stage)),
                right("RAM / live", stage -> ratio(stage.residentBytes, stage)),
                right("disk / live", stage -> ratio(stage.diskBytes, stage)))
            .keyedBy(2)
            .groupedBy(Stage::allocator, 1)
            .rows(stages)
            .render(width)
        + """

        live: bytes that were asked for; held: bytes of pages with blocks or the allocator's own data, by its own counts
        RAM: of malloc what the process has more than before; of a heap what is resident of its region
        disk: bytes of the file that the file system has allocated
        panama-4k: gives back runs of free pages from 4 KiB on (HeapOptions.withPunchFrom), the others from 1 MiB on
        """;
  }

  private static String ratio(long bytes, Stage stage) {
    return bytes == TracedHeap.UNKNOWN
        ? "-"
        : String.format(Locale.ROOT, "%.2f", (double) bytes / stage.liveBytes);
  }
}
