/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import static org.dmalloc.measure.compare.FixedReports.cell;
import static org.dmalloc.measure.compare.FixedReports.entrant;
import static org.dmalloc.measure.compare.cell.ComparedWorkload.RANDOM_READ;
import static org.dmalloc.measure.compare.cell.ComparedWorkload.SCAN_AND_RANDOM;
import static org.dmalloc.measure.compare.cell.ComparedWorkload.SEQUENTIAL_READ;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dmalloc.report.Json;
import org.dmalloc.report.Table;
import org.junit.jupiter.api.Test;

class VerdictTest {
  private static final List<ComparisonReport.Entrant> ALL =
      List.of(
          entrant("panama:normal", Family.FILE),
          entrant("filechannel", Family.FILE),
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
    assertEquals("alloc 2g -b panama --variant normal", verdict.advice());
  }

  @Test
  void aDifferenceWithinTheSpreadIsNoVerdictAndSaysWhatWouldTell() {
    Verdict verdict =
        verdict(
            cell(RANDOM_READ, "panama:normal", 20_000, 24_000, 28_000),
            cell(RANDOM_READ, "anon:kernel", 21_000, 22_000, 23_000),
            cell(RANDOM_READ, "panama:batched", 80_000, 80_100, 80_200));
    assertEquals(
        "random-read: no verdict: file (panama:normal) (± 17 %) and swap (anon:kernel) (± 5 %)"
            + " differ by 9 %, which is within the spread of the runs;"
            + " more --runs and --time may separate them",
        verdict.sentence());
    assertFalse(verdict.given());
    assertEquals("", verdict.advice());
  }

  @Test
  void callsADifferenceTooSmallToMatterADrawAndCountsAnnouncedBatchesApart() {
    Verdict verdict =
        verdict(
            cell(RANDOM_READ, "panama:normal", 21_900, 22_000, 22_100),
            cell(RANDOM_READ, "anon:kernel", 22_400, 22_500, 22_600),
            cell(RANDOM_READ, "panama:batched", 80_000, 80_100, 80_200),
            cell(RANDOM_READ, "anon:batched", 40_000, 40_050, 40_100));
    assertEquals(
        "random-read: draw of swap (anon:kernel) and file (panama:normal);"
            + " announced in batches, file (panama:batched) 2.0 × swap (anon:batched)",
        verdict.sentence());
    assertEquals(
        "alloc 2g -b anon --variant kernel"
            + "  # level with it: alloc 2g -b panama --variant normal;"
            + " 3.6 × that if pages are announced (MemoryRegion.prefetch): alloc 2g -b panama",
        verdict.advice());
    assertEquals("anon:kernel", verdict.winner());
  }

  @Test
  void theCommandIsThatOfTheContenderThatTheSentenceNamesFirst() {
    // Announcing is faster, and nothing can be announced here: it must not decide.
    Verdict inOrder =
        verdict(
            cell(SEQUENTIAL_READ, "panama:normal", 11_000, 11_100, 10_900),
            cell(SEQUENTIAL_READ, "filechannel", 9_000, 9_100, 9_050),
            cell(SEQUENTIAL_READ, "panama:batched", 12_000, 12_100, 12_050),
            cell(SEQUENTIAL_READ, "anon:kernel", 1_000, 1_010, 990));
    assertTrue(inOrder.sentence().startsWith("sequential-read: file (panama:normal) 11 × swap"));
    assertEquals("alloc 2g -b panama --variant normal", inOrder.advice());
    // Swap won, and the fastest of all that have a command is a file.
    Verdict swap =
        verdict(
            cell(RANDOM_READ, "malloc", 900, 901, 902),
            cell(RANDOM_READ, "anon:kernel", 250, 251, 252),
            cell(RANDOM_READ, "panama:normal", 300, 301, 302));
    assertTrue(swap.sentence().startsWith("random-read: swap (malloc) 3.0 × file"));
    assertEquals("malloc", swap.winner());
    assertEquals("# malloc won, and no command allocates it", swap.advice());
  }

  @Test
  void everyVerdictAndItsCommandAgreeWhateverTheFiguresAre() {
    Random random = new Random(11);
    for (int round = 0; round < 500; round++) {
      List<ComparisonReport.Cell> cells = new ArrayList<>();
      for (ComparisonReport.Entrant entrant : ALL) {
        long speed = random.nextLong(1_000, 100_000);
        cells.add(cell(RANDOM_READ, entrant.id(), speed, speed + 10, speed + 20));
      }
      ComparisonReport report = FixedReports.report(ALL, cells);
      Verdict verdict = Verdict.of(report, RANDOM_READ).orElseThrow();
      if (!verdict.given()) {
        assertEquals("", verdict.advice());
        continue;
      }
      Matcher first = Pattern.compile("\\((.*?)\\)").matcher(verdict.sentence());
      assertTrue(first.find(), verdict.sentence());
      String command = report.entrant(first.group(1)).command();
      String line = verdict.advice().split(" *#", 2)[0];
      if (!command.isEmpty()) {
        assertEquals(command, line, verdict::toString);
      } else {
        assertEquals("malloc", first.group(1));
        assertTrue(
            line.isEmpty() || line.equals(report.entrant("anon:kernel").command()),
            verdict::toString);
      }
    }
  }

  @Test
  void tooFewRunsAreNoVerdict() {
    Verdict verdict =
        verdict(
            cell(RANDOM_READ, "panama:normal", 20_000, 20_100),
            cell(RANDOM_READ, "anon:kernel", 1_000, 1_001));
    assertEquals(
        "random-read: no verdict: panama:normal has 2 of the 3 runs that a spread needs;"
            + " give --runs 3 or more, and the --time for them",
        verdict.sentence());
    assertFalse(verdict.given());
  }

  @Test
  void whatStandsAgainstAllVerdictsIsSaidInTheirPlace() {
    ComparisonReport report =
        FixedReports.report(
            ALL,
            List.of(
                cell(RANDOM_READ, "panama:normal", 90, 91, 92),
                cell(RANDOM_READ, "anon:kernel", 9, 9, 9)),
            List.of("the data fitted <in>; give more"));
    assertEquals(Optional.empty(), Verdict.of(report, RANDOM_READ));
    assertEquals(Optional.empty(), Verdict.overall(report));
    String text = report.text(Table.ANY_WIDTH);
    assertTrue(text.endsWith("no verdicts:\n  the data fitted <in>; give more\n"), text);
    assertFalse(text.contains("alloc 2g"), text);
    assertTrue(report.html().contains("No verdicts: the data fitted &lt;in&gt;"));
    assertTrue(Json.print(report.json()).contains("\"verdicts\": []"));
  }

  @Test
  void theTableShowsWhatTheLimitWasChargedForNotWhatOthersShare() {
    String text =
        FixedReports.report(ALL, List.of(cell(RANDOM_READ, "panama:normal", 90, 91, 92)))
            .text(Table.ANY_WIDTH);
    assertTrue(text.contains("90.0 MiB"), text);
    assertFalse(text.contains("100 MiB"), text);
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
  void namesTheCommandOfTheSameKindWhereWhatWonHasNone() {
    Verdict verdict =
        verdict(
            cell(RANDOM_READ, "malloc", 900, 901, 902),
            cell(RANDOM_READ, "anon:kernel", 890, 891, 892));
    assertEquals(
        "alloc 2g -b anon --variant kernel"
            + "  # malloc won, and no command allocates it; anon:kernel is level with it",
        verdict.advice());
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
                cell(RANDOM_READ, "panama:normal", 90, 90, 90),
                cell(RANDOM_READ, "anon:kernel", 100, 100, 100),
                cell(SEQUENTIAL_READ, "panama:normal", 1_000, 1_000, 1_000),
                cell(SEQUENTIAL_READ, "anon:kernel", 100, 100, 100)));
    assertEquals(
        Optional.of(
            "alloc 2g -b panama --variant normal  # panama:normal, seldom far from the best"),
        Verdict.overall(report));
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
        report.text(Table.ANY_WIDTH).lines().filter(line -> line.startsWith("contender ")).toList();
    assertEquals(2, heads.size());
    assertFalse(heads.getFirst().contains("scan MB/s"), heads::toString);
    assertTrue(heads.getLast().contains("scan MB/s"), heads::toString);
    assertTrue(report.text(Table.ANY_WIDTH).lines().anyMatch(line -> line.endsWith(" 819")));
    assertTrue(Json.print(report.json()).contains("\"besideBytesPerSecond\": 8.192E8"));
    assertTrue(Json.print(report.json()).contains("\"besideBytesPerSecond\": null"));
  }

  @Test
  void theTableHasEveryContenderAndTheVerdict() {
    ComparisonReport report =
        FixedReports.report(
            ALL,
            List.of(
                cell(RANDOM_READ, "panama:normal", 100, 200, 300),
                cell(RANDOM_READ, "anon:kernel")));
    String text = report.text(Table.ANY_WIDTH);
    assertTrue(text.contains("panama:normal   200  50 %"), text);
    assertTrue(text.contains("made to fail"), text);
    assertTrue(text.contains("somebody: could not <come>"), text);
    assertTrue(text.contains("random-read: file (panama:normal); no swap"), text);
  }
}
