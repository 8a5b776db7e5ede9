/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.dmalloc.benchmarks.heap.Speed.Cell;
import org.dmalloc.benchmarks.heap.Speed.Run;
import org.dmalloc.report.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpeedTest {
  @TempDir private Path directory;

  /** Runs of so many operations a second, each twice as long in CPU as in the best of cases. */
  private static Cell cell(Contender contender, double... rates) {
    List<Run> runs = Arrays.stream(rates).mapToObj(rate -> new Run(rate, 2e9 / rate, 0.5)).toList();
    return new Cell(HeapPattern.LARSON, 2, contender, runs, "");
  }

  @Test
  void comparesWithTheBestPeerRoundByRound() {
    List<Cell> cells =
        List.of(
            cell(Contender.HARNESS, 1e9, 1e9, 1e9),
            cell(Contender.MALLOC, 100, 100, 100),
            // The whole machine was slow in the second round.
            cell(Contender.NETTY_POOLED, 200, 20, 200),
            cell(Contender.HEAP_ANON, 300, 30, 100));
    assertEquals(1.5, Speed.ratio(cells, cells.get(3), Run::operationsPerSecond));
    assertEquals(1.0, Speed.ratio(cells, cells.get(2), Run::operationsPerSecond));
    String table = Speed.render(cells, Table.ANY_WIDTH);
    assertTrue(
        table.lines().anyMatch(line -> line.matches(" +heap-anon +.* 1\\.50 .* 50 %")), table);
  }

  @Test
  void saysWhyThereAreNoFigures() {
    List<Cell> cells =
        List.of(
            cell(Contender.MALLOC, 100),
            cell(Contender.HEAP_ANON).failed("java.lang.OutOfMemoryError"));
    String table = Speed.render(cells, Table.ANY_WIDTH);
    assertTrue(
        table.lines().anyMatch(line -> line.matches(" +heap-anon +java.lang.OutOfMemoryError")),
        table);
  }

  @Test
  void everyPeerReplacesBlocks() throws IOException {
    for (Contender contender : Contender.values()) {
      for (HeapPattern pattern : HeapPattern.values()) {
        if (contender.ours() || !contender.takesPart(pattern)) {
          continue;
        }
        Path own = Files.createTempDirectory(directory, contender.label());
        try (Allocator allocator = contender.open(own)) {
          Blocks blocks = allocator.blocks(8);
          byte[] content = new byte[Sizes.MOST];
          Sizes sizes = new Sizes(42, Sizes.MOST, 8);
          for (int i = 0; i < 200; i++) {
            sizes.next();
            if (pattern == HeapPattern.RECORDS) {
              blocks.replace(sizes.slot(), sizes.size(), content);
            } else {
              blocks.replace(sizes.slot(), sizes.size());
            }
          }
        }
      }
    }
  }

  @Test
  void sizesSpreadOverAllPowersOfTwo() {
    Sizes sizes = new Sizes(42, Sizes.MOST, 10);
    int[] octaves = new int[13];
    for (int i = 0; i < 1 << 16; i++) {
      sizes.next();
      assertTrue(sizes.size() >= Sizes.LEAST && sizes.size() <= Sizes.MOST);
      assertTrue(sizes.slot() >= 0 && sizes.slot() < 10);
      octaves[31 - Integer.numberOfLeadingZeros(sizes.size() / Sizes.LEAST)]++;
    }
    for (int octave = 1; octave < 12; octave++) {
      int counted = octaves[octave];
      assertTrue(counted > 4_500 && counted < 6_500, Arrays.toString(octaves));
    }
  }
}
