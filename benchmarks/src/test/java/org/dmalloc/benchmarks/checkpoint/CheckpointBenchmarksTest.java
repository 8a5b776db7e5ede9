/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.dmalloc.benchmarks.checkpoint.Durable.Cell;
import org.dmalloc.benchmarks.checkpoint.Durable.Own;
import org.dmalloc.benchmarks.checkpoint.Durable.Turn;
import org.dmalloc.report.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class CheckpointBenchmarksTest {
  private static final PrintStream QUIET =
      new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);

  @TempDir private Path directory;

  private static Cell cell(Way way, double... durables) {
    List<Turn> turns =
        Arrays.stream(durables)
            .mapToObj(nanos -> new Turn(1e6, nanos, nanos, 2 * nanos, 2))
            .toList();
    return new Cell(1, way, turns, List.of(), "");
  }

  @Test
  void comparesRoundByRound() {
    List<Cell> cells =
        List.of(
            cell(Way.PLAIN, 1e6, 10e6, 1e6),
            // The whole machine was slow in the second round.
            cell(Way.CHECKPOINT, 2e6, 15e6, 3e6),
            cell(Way.LMDB, 8e6, 63e6, 11e6));
    String table = Durable.render(cells, Table.ANY_WIDTH);
    assertTrue(
        table
            .lines()
            .anyMatch(
                line ->
                    line.matches(
                        " +checkpoint +1\\.00 ms +3\\.00 ms \\(2\\.00 ms–15\\.0 ms\\)"
                            + " +2\\.00 \\(1\\.50–3\\.00\\) +2\\.00 \\(.*"
                            + " +3\\.00 \\(3\\.00–4\\.00\\)")),
        table);
  }

  @Test
  void summarizesWhatCheckpointsSayOfThemselves() {
    List<Own> own =
        Stream.iterate(1, i -> i <= 200, i -> i + 1)
            .map(i -> new Own(i * 1e6, i * 2e6, i == 7 ? 5e6 : Double.NaN, 1.25, 4096.0 * i))
            .toList();
    String table =
        Durable.render(List.of(new Cell(0.1, Way.CHECKPOINT, List.of(), own, "")), Table.ANY_WIDTH);
    assertTrue(
        table
            .lines()
            .anyMatch(
                line ->
                    line.matches(
                        "0\\.1 % +200 +100 ms +198 ms +200 ms +200 ms +396 ms +5\\.00 ms +1\\.25"
                            + " +800 KiB")),
        table);
  }

  @Test
  void saysWhyAWayIsNotMeasured() {
    Cell lacking = new Cell(10, Way.FICLONE, List.of(), List.of(), "needs root");
    String table = Durable.render(List.of(lacking), Table.ANY_WIDTH);
    assertTrue(table.lines().anyMatch(line -> line.matches("10 % +ficlone +needs root")), table);
  }

  @Test
  void everyOtherWayMakesThePagesDurableAndCountsWhatItWrites() throws Exception {
    int pages = 512;
    double percent = 25;
    List<Way> ways = Stream.of(Way.values()).filter(way -> way != Way.CHECKPOINT).toList();
    Durable.Plan plan =
        new Durable.Plan(pages, List.of(percent), ways, 1, 1L << 20, 2, directory, 42);
    for (Cell cell : Durable.measure(plan, QUIET)) {
      if (cell.way() == Way.FICLONE && !cell.lacking().isEmpty()) {
        continue; // not root, or no XFS
      }
      assertEquals("", cell.lacking(), cell.way().label());
      double written = cell.of(Turn::writtenPerChanged).median();
      switch (cell.way()) {
        case PLAIN -> assertEquals(2, written);
        case COPY -> assertEquals(4, written);
        case CHECKPOINT -> throw new AssertionError(cell);
        case MSYNC, LMDB, LMDB_FITTING, FICLONE ->
            assertTrue(written >= 1, () -> cell.way() + " " + written);
      }
      assertEquals(cell.way().inARow(), !cell.of(Turn::rowNanos).isEmpty());
    }
    try (Stream<Path> mounts = Files.list(directory)) {
      assertFalse(mounts.anyMatch(each -> Files.exists(each.resolve("xfs"))));
    }
  }

  @Test
  void choosesEachPageOnce() {
    int[] chosen = PageBytes.choose(1000, 10, 42);
    assertEquals(100, Arrays.stream(chosen).distinct().filter(p -> p >= 0 && p < 1000).count());
    assertEquals(1000, Arrays.stream(PageBytes.choose(1000, 100, 7)).distinct().count());
    assertEquals(1, PageBytes.choose(10, 0.1, 7).length);
  }
}
