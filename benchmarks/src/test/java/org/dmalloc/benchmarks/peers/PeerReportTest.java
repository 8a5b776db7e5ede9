/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dmalloc.benchmarks.peers.PeerReport.Cell;
import org.dmalloc.benchmarks.peers.PeerReport.Entrant;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.child.RowRun;
import org.dmalloc.benchmarks.peers.store.Peer.Family;
import org.dmalloc.measure.Latency;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.disk.RawFigure;
import org.dmalloc.measure.disk.RawPattern;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.machine.KernelCounts;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.report.Json;
import org.dmalloc.report.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeerReportTest {
  private static final long SECOND = 1_000_000_000;

  private final List<Cell> cells = new ArrayList<>();
  @TempDir private Path work;

  private static RowRun run(Row row, long pagesPerSecond) {
    boolean stores = row == Row.FILL || row == Row.RANDOM_WRITE || row == Row.MIXED;
    Measurement measured =
        new Measurement(
            row.label(),
            row.description(),
            pagesPerSecond,
            4096,
            pagesPerSecond,
            stores ? pagesPerSecond : 0,
            SECOND,
            0,
            Measurement.UNKNOWN,
            new Latency(1, 1, 1, 1, 1, 1, 1, List.of()),
            new KernelCounts(
                0,
                0,
                0,
                3 * pagesPerSecond * 4096,
                0,
                -1,
                -1,
                "",
                0,
                2 * pagesPerSecond * 4096,
                -1,
                -1),
            false);
    return new RowRun(List.of(new RowRun.Part(10_000, measured)), 0);
  }

  private void cell(Row row, String contender, long... pagesPerSecond) {
    List<RowRun> runs = new ArrayList<>();
    for (long rate : pagesPerSecond) {
      runs.add(run(row, rate));
    }
    cells.add(new Cell(row, contender, runs, runs.isEmpty() ? "it cannot" : ""));
  }

  private PeerReport report() {
    return new PeerReport(
        PeerReport.FORMAT,
        "2026-01-02T03:04:05Z",
        60.5,
        2L << 30,
        512L << 20,
        "a cgroup",
        3,
        0.5,
        "ext4, vda",
        new MachineDescription(
            "a <processor>",
            2,
            24L << 30,
            -1,
            "Linux 6",
            "a system",
            "Java 25",
            List.of(),
            Map.of()),
        List.of(
            new Entrant("panama:auto", Family.OURS, "ours", "Apache-2.0", "auto", ""),
            new Entrant("panama:random", Family.OURS_FIXED, "ours", "Apache-2.0", "random", ""),
            new Entrant("lmdb", Family.PEER, "theirs", "OLDAP-2.8", "settings", "a note")),
        cells,
        List.of(
            new RawSurvey(
                "raw",
                "a file",
                List.of(
                    new RawFigure(RawPattern.RANDOM_READ, 1, 20_000, 1, 1, 1, "fio"),
                    new RawFigure(RawPattern.RANDOM_READ, 32, 80_000, 1, 1, 1, "fio"),
                    new RawFigure(RawPattern.SEQUENTIAL_READ, 1, 2000, 1, 1, 1, "fio"),
                    new RawFigure(RawPattern.SEQUENTIAL_READ, 32, 1000, 1, 1, 1, "fio")),
                List.of())),
        List.of("a note of the run"));
  }

  @Test
  void saysHowTheSuiteStandsWithDrawsWhereTheSpreadCoversTheDifference() {
    cell(Row.RANDOM_READ, "panama:auto", 10_000, 11_000, 9_000);
    cell(Row.RANDOM_READ, "panama:random", 10_800, 12_000, 10_200);
    cell(Row.RANDOM_READ, "lmdb", 5_000, 4_900, 5_100);
    assertEquals(
        List.of(
            new Standing(
                Row.RANDOM_READ,
                "random-read: panama:auto a draw with the best fixed pattern (panama:random, 0.93 ×); "
                    + "2.0 × the best peer (lmdb); 0.50 of the raw disk")),
        Standing.all(report()));
    assertEquals(
        List.of("panama:auto", "panama:random"), Standing.leaders(report(), Row.RANDOM_READ));
  }

  @Test
  void letsTheBestFixedPatternSpeakWhereNothingFindsItsOwn() {
    cell(Row.ZIPF, "panama:auto");
    cell(Row.ZIPF, "panama:random", 100);
    cell(Row.ZIPF, "lmdb", 1000);
    assertEquals(
        "zipf: panama:random 0.10 × the best peer (lmdb)",
        Standing.all(report()).getFirst().sentence());
  }

  @Test
  void knowsWhatTheRawDiskWouldGive() {
    cell(Row.SCAN, "lmdb", 100);
    PeerReport report = report();
    // 2000 MiB a second are 512,000 pages.
    assertEquals(512_000, report.ceiling(Row.SCAN).orElseThrow().median(), 1e-6);
    assertEquals(20_000, report.ceiling(Row.RANDOM_READ).orElseThrow().median(), 1e-6);
    assertEquals(80_000, report.ceiling(Row.BATCH_READ).orElseThrow().median(), 1e-6);
    assertEquals(
        17 / (1 / 20_000.0 + 16 / 512_000.0),
        report.ceiling(Row.HALVES).orElseThrow().median(),
        1e-6);
    assertEquals(
        9 / (1 / 20_000.0 + 8 / 512_000.0),
        report.ceiling(Row.PHASES).orElseThrow().median(),
        1e-6);
    assertTrue(report.ceiling(Row.ZIPF).isEmpty());
    assertTrue(report.ceiling(Row.FILL).isEmpty());
  }

  @Test
  void printsATableWithUnitsMarksAndReasonsOnEveryMachineTheSame() {
    cell(Row.SCAN, "panama:auto", 250_000, 250_000, 250_000);
    cell(Row.SCAN, "panama:random", 10_000);
    cell(Row.SCAN, "lmdb");
    cell(Row.RANDOM_WRITE, "panama:auto", 9_000, 9_000, 10_000);
    cell(Row.RANDOM_WRITE, "panama:random", 20_000);
    cell(Row.RANDOM_WRITE, "lmdb", 5_000);
    String text = report().text(Table.ANY_WIDTH);
    assertTrue(text.contains("1024*"), text);
    assertTrue(text.contains("9.00k\n"), text);
    assertTrue(text.contains("20.0k*"), text);
    assertTrue(text.contains("3.00 / 2.00"), text);
    assertTrue(text.contains("lmdb: scan: it cannot"), text);
    assertTrue(text.contains("note: a note of the run"), text);
    assertTrue(text.contains("2.00 GiB of data in 512 MiB of RAM (a cgroup)"), text);
    assertTrue(text.contains("3 runs of 0.50 s a cell"), text);
    assertFalse(text.contains("NaN"), text);
  }

  @Test
  void readsWhatItWroteAndRefusesWhatIsSomethingElse() throws IOException {
    cell(Row.SCAN, "panama:auto", 250_000, 240_000);
    cell(Row.SCAN, "lmdb");
    PeerReport report = report();
    String json = Json.print(report.json());
    assertTrue(json.contains("\"row\": \"scan\""), json);
    assertEquals(report, PeerReport.read(Files.writeString(work.resolve("a.json"), json)));
    Path other = Files.writeString(work.resolve("b.json"), "{\"schema\": \"else\"}");
    assertThrows(IOException.class, () -> PeerReport.read(other));
    Path older =
        Files.writeString(work.resolve("c.json"), json.replace("\"format\": 2", "\"format\": 0"));
    assertTrue(
        assertThrows(IOException.class, () -> PeerReport.read(older))
            .getMessage()
            .contains("format 0"));
  }

  @Test
  void makesAPageThatLoadsNothing() {
    cell(Row.SCAN, "panama:auto", 250_000, 240_000);
    String page = report().html();
    assertTrue(page.contains("a &lt;processor&gt;"));
    assertFalse(page.contains("src=\"http") || page.contains("href=\"http"));
    assertFalse(page.contains("@DATA@") || page.contains("@SCRIPT@"));
    assertTrue(page.contains("page.finish();"));
  }
}
