/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.dmalloc.measure.Latency;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.compare.child.ChildTask;
import org.dmalloc.measure.compare.child.SubjectSession;
import org.dmalloc.measure.machine.KernelCounter;
import org.dmalloc.measure.machine.KernelCounts;
import org.dmalloc.spi.machine.KernelFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PeerRowsTest {
  private static final long SECOND = 1_000_000_000;
  private static final long CELL_NANOS = 10_000_000;
  private static final int PAGES = 1024;

  @TempDir private Path work;

  static Stream<String> peers() {
    return Peer.all().stream().map(Peer::id);
  }

  @ParameterizedTest
  @MethodSource("peers")
  @EnabledOnOs(value = OS.LINUX, disabledReason = "page caches are looked at by Linux's calls")
  void runsEveryRowThatAContenderHasAWayToDo(String id) throws IOException {
    try (SubjectSession session =
        new SubjectSession(
            new PeerSubject(new PeerSubject.Spec(id, 8 << 20)),
            work,
            PAGES * PageContent.PAGE_BYTES,
            new KernelCounter(KernelFiles.ofThisMachine(), List.of()))) {
      Measurement filled = session.fill(options(Start.COLD), 8 << 20);
      assertEquals(PAGES, filled.operations());
      for (Row row : Row.values()) {
        if (row == Row.FILL) {
          continue;
        }
        ChildTask.Step step = row.step(PAGES, CELL_NANOS, 5, 1);
        if (session.lacks(step).isEmpty()) {
          RowRun run = RowRun.of(row, PAGES, session.run(step, RunOptions.UNLIMITED), 0);
          assertTrue(run.pages() > 0, row.label());
          assertTrue(run.pagesPerSecond() > 0, row.label());
          for (RowRun.Part part : run.parts()) {
            assertTrue(part.measured().latency().maxNanos() > 0, row.label());
          }
          // A mixed row that had time for a few pages only may have stored to none of them.
          if (row != Row.MIXED) {
            assertEquals(
                row == Row.RANDOM_WRITE,
                run.parts().stream().anyMatch(part -> part.measured().changedPages() != 0),
                row.label());
          }
        }
      }
    }
  }

  private static RunOptions options(Start start) {
    return new RunOptions(
        start, RunOptions.Timing.EACH, 1, 0, false, SECOND, RunOptions.UNLIMITED, 0, 5, 0);
  }

  @Test
  void addsMakingAndForcingToTheTimeOfTheFill() {
    RowRun run =
        RowRun.of(
            Row.FILL,
            1000,
            List.of(measured(1000, SECOND, SECOND / 2, 1000, 2 * 1000 * 4096)),
            SECOND / 2);
    assertEquals(500, run.pagesPerSecond());
    assertEquals(2, run.writeAmplification());
    assertEquals(0, run.readAmplification());
  }

  @Test
  void weighsThePartsOfARowByTheirWorkHoweverMuchOfItWasDone() {
    List<Measurement> parts =
        List.of(
            measured(10, SECOND, -1, 0, -1), // 10 a second: 10 s for all
            measured(1600, SECOND, -1, 0, -1),
            measured(100, SECOND, -1, 0, -1));
    RowRun run = RowRun.of(Row.PHASES, 3200, parts, 0);
    assertEquals(1800.0 / 12, run.pagesPerSecond(), 1e-9);
    assertEquals(1710, run.pages());
    assertTrue(Double.isNaN(run.writeAmplification()));
  }

  private static Measurement measured(
      long pages, long nanos, long forceNanos, long changedPages, long deviceWrittenBytes) {
    return new Measurement(
        "a workload",
        "an operation",
        pages,
        4096,
        pages,
        changedPages,
        nanos,
        forceNanos,
        Measurement.UNKNOWN,
        new Latency(1, 1, 1, 1, 1, 1, 1, List.of()),
        new KernelCounts(0, 0, 0, 0, 0, -1, -1, "", 0, deviceWrittenBytes, -1, -1),
        false);
  }
}
