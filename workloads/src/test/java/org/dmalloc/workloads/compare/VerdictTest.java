/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.compare;

import static org.dmalloc.workloads.compare.FixedReports.cell;
import static org.dmalloc.workloads.compare.FixedReports.entrant;
import static org.dmalloc.workloads.compare.cell.ComparedWorkload.RANDOM_READ;
import static org.dmalloc.workloads.compare.cell.ComparedWorkload.SCAN_AND_RANDOM;
import static org.dmalloc.workloads.compare.cell.ComparedWorkload.SEQUENTIAL_READ;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class VerdictTest {
  private static final List<ComparisonReport.Entrant> ALL =
      List.of(
          entrant("panama:normal", Family.FILE),
          entrant("panama:batched", Family.FILE),
          entrant("anon:kernel", Family.SWAP),
          entrant("anon:batched", Family.SWAP),
          entrant("malloc", Family.SWAP),
          entrant("buffer-pool", Family.POOL));

  private static Verdict verdict(ComparisonReport.Cell... cells) {
    ComparisonReport report = FixedReports.report(ALL, List.of(cells));
    return Verdict.of(report, cells[0].workload()).orElseThrow();
  }

  @Test
  void saysHowManyTimesFasterTheBestOfEachFamilyIs() {
    Verdict verdict =
        verdict(
            cell(SEQUENTIAL_READ, "panama:normal", 11_000, 11_100, 10_900),
            cell(SEQUENTIAL_READ, "anon:kernel", 1_000, 1_010, 990),
            cell(SEQUENTIAL_READ, "malloc", 900, 910, 920),
            cell(SEQUENTIAL_READ, "buffer-pool", 5_500, 5_510, 5_490));
    assertEquals(
        "sequential-read: file (panama:normal) 11 × swap (anon:kernel); buffer pool 0.50 × file",
        verdict.sentence());
    assertEquals("panama:normal", verdict.winner());
    assertEquals("alloc 2g -b panama", verdict.advice());
  }

  @Test
  void callsADifferenceWithinTheSpreadADrawAndCountsAnnouncedBatchesApart() {
    Verdict verdict =
        verdict(
            cell(RANDOM_READ, "panama:normal", 20_000, 24_000, 28_000),
            cell(RANDOM_READ, "anon:kernel", 21_000, 22_000, 23_000),
            cell(RANDOM_READ, "panama:batched", 80_000, 80_100, 80_200),
            cell(RANDOM_READ, "anon:batched", 40_000, 40_050, 40_100));
    assertEquals(
        "random-read: draw of file (panama:normal) and swap (anon:kernel);"
            + " announced in batches, file (panama:batched) 2.0 × swap (anon:batched)",
        verdict.sentence());
    assertEquals(
        "alloc 2g -b panama  # announce pages in batches (MemoryRegion.prefetch)",
        verdict.advice());
  }

  @Test
  void namesTheFasterFirstWhoeverItIs() {
    Verdict verdict =
        verdict(
            cell(RANDOM_READ, "panama:normal", 100, 101, 102),
            cell(RANDOM_READ, "anon:kernel", 250, 251, 252));
    assertEquals("random-read: swap (anon:kernel) 2.5 × file (panama:normal)", verdict.sentence());
  }

  @Test
  void namesTheBestCommandWhenWhatWonHasNone() {
    Verdict verdict =
        verdict(
            cell(RANDOM_READ, "malloc", 900, 901, 902),
            cell(RANDOM_READ, "anon:kernel", 250, 251, 252));
    assertEquals("alloc 2g -b anon  # faster still: malloc", verdict.advice());
    assertEquals("malloc", verdict.winner());
  }

  @Test
  void saysWhatCouldNotBeCompared() {
    assertEquals(
        "random-read: file (panama:normal); no swap to compare with",
        verdict(cell(RANDOM_READ, "panama:normal", 100, 101, 102), cell(RANDOM_READ, "anon:kernel"))
            .sentence());
    ComparisonReport none = FixedReports.report(ALL, List.of(cell(RANDOM_READ, "anon:kernel")));
    assertEquals(Optional.empty(), Verdict.of(none, RANDOM_READ));
  }

  @Test
  void choosesOverallWhoIsNeverFarBehind() {
    ComparisonReport report =
        FixedReports.report(
            ALL,
            List.of(
                cell(RANDOM_READ, "panama:normal", 90),
                cell(RANDOM_READ, "anon:kernel", 100),
                cell(SEQUENTIAL_READ, "panama:normal", 1_000),
                cell(SEQUENTIAL_READ, "anon:kernel", 100)));
    assertEquals(Optional.of("alloc 2g -b panama"), Verdict.overall(report));
  }

  @Test
  void givesRatiosTwoDigits() {
    assertEquals("0.50", Verdict.times(0.5));
    assertEquals("1.0", Verdict.times(1.04));
    assertEquals("9.9", Verdict.times(9.94));
    assertEquals("10", Verdict.times(9.95));
    assertEquals("137", Verdict.times(137.2));
  }

  @Test
  void theScanBesideRandomLoadsHasItsOwnFigure() {
    ComparisonReport report =
        FixedReports.report(
            ALL,
            List.of(
                cell(RANDOM_READ, "panama:normal", 100),
                cell(SCAN_AND_RANDOM, "panama:normal", 100)));
    List<String> heads =
        ComparisonTable.render(report)
            .lines()
            .filter(line -> line.startsWith("contender "))
            .toList();
    assertEquals(2, heads.size());
    assertFalse(heads.getFirst().contains("scan MB/s"), heads::toString);
    assertTrue(heads.getLast().contains("scan MB/s"), heads::toString);
    assertTrue(ComparisonTable.render(report).lines().anyMatch(line -> line.endsWith(" 800")));
    assertTrue(ComparisonJson.render(report).contains("\"besideBytesPerSecond\": 8.0E8"));
    assertTrue(ComparisonJson.render(report).contains("\"besideBytesPerSecond\": null"));
  }

  @Test
  void theTableHasEveryContenderAndTheVerdict() {
    ComparisonReport report =
        FixedReports.report(
            ALL,
            List.of(
                cell(RANDOM_READ, "panama:normal", 100, 200, 300),
                cell(RANDOM_READ, "anon:kernel")));
    String text = ComparisonTable.render(report);
    assertTrue(text.contains("panama:normal   200  50 %"), text);
    assertTrue(text.contains("made to fail"), text);
    assertTrue(text.contains("somebody: could not <come>"), text);
    assertTrue(text.contains("random-read: file (panama:normal); no swap"), text);
  }
}
