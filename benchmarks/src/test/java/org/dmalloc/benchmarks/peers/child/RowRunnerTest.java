/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.dmalloc.benchmarks.peers.store.StorePlace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RowRunnerTest {
  private static final long SECOND = 1_000_000_000;
  private static final long CELL_NANOS = 10_000_000;

  @TempDir private Path work;

  static Stream<String> peers() {
    return Peer.all().stream().map(Peer::id);
  }

  @ParameterizedTest
  @MethodSource("peers")
  @EnabledOnOs(value = OS.LINUX, disabledReason = "page caches are looked at by Linux's calls")
  void runsEveryRowThatAContenderHasAWayToDo(String id) throws IOException {
    try (RowRunner runner =
        new RowRunner(
            Peer.named(id), new StorePlace(work, 4 << 20, 8 << 20), CELL_NANOS, SECOND, 5, 1, "")) {
      RowRun filled = runner.fill(note -> assertTrue(!note.isEmpty()));
      assertEquals(1024, filled.pages());
      assertTrue(filled.openNanos() > 0);
      for (Row row : Row.values()) {
        if (row != Row.FILL && runner.lacks(row).isEmpty()) {
          RowRun run = runner.run(row);
          assertEquals(row, run.row());
          assertTrue(run.pages() > 0, row.label());
          assertTrue(run.pagesPerSecond() > 0, row.label());
          // A mixed row that had time for a few pages only may have stored to none of them.
          if (row != Row.MIXED) {
            assertEquals(row.stores(), run.changedPages() > 0, row.label());
          }
        }
      }
    }
  }

  @Test
  void addsMakingAndForcingToTheTimeOfASingleRow() {
    RowRun run =
        new RowRun(
            Row.FILL,
            List.of(new RowRun.Part("fill", 1000, 1000, SECOND)),
            SECOND / 2,
            SECOND / 2,
            1000,
            0,
            2 * 1000 * 4096);
    assertEquals(500, run.pagesPerSecond());
    assertEquals(2, run.writeAmplification());
    assertEquals(0, run.readAmplification());
  }

  @Test
  void weighsThePartsOfARowByTheirWorkHoweverMuchOfItWasDone() {
    RowRun run =
        new RowRun(
            Row.PHASES,
            List.of(
                new RowRun.Part("random", 100, 10, SECOND), // 10 a second: 10 s for all
                new RowRun.Part("in order", 1000, 1000, SECOND),
                new RowRun.Part("random again", 100, 100, SECOND)),
            0,
            0,
            0,
            -1,
            -1);
    assertEquals(1200.0 / 12, run.pagesPerSecond(), 1e-9);
    assertEquals(1110, run.pages());
    assertTrue(Double.isNaN(run.readAmplification()));
    assertTrue(Double.isNaN(run.writeAmplification()));
  }
}
