/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import static org.dmalloc.measure.compare.FixedReports.cell;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.junit.jupiter.api.Test;

class CellSummaryTest {
  @Test
  void countsAmplificationByTheBytesAskedFor() {
    Measurement run = FixedReports.run(ComparedWorkload.RANDOM_READ, 1_000);
    assertEquals(3.0, CellSummary.readAmplification(run));
    assertEquals(0.25, CellSummary.writeAmplification(run));
  }

  @Test
  void givesEverythingPerOperation() {
    CellSummary summary =
        CellSummary.of(cell(ComparedWorkload.RANDOM_WRITE, "a", 1_000, 2_000, 4_000)).orElseThrow();
    assertEquals(2_000, summary.speed().median());
    assertEquals(0.5, summary.majorFaultsPerOperation());
    assertEquals(0.25, summary.swapInPerOperation());
    assertEquals(0, summary.swapOutPerOperation());
    assertEquals(10_000, summary.cpuNanosPerOperation());
    assertEquals(5_000_000, summary.durableNanos());
    assertEquals(100 << 20, summary.peakResidentBytes());
    assertEquals(1_000, summary.p50Nanos());
    assertEquals(9_000, summary.maxNanos());
  }

  @Test
  void tellsWhatRanBeside() {
    assertEquals(
        819.2e6,
        CellSummary.of(cell(ComparedWorkload.SCAN_AND_RANDOM, "a", 1_000))
            .orElseThrow()
            .besideBytesPerSecond());
    assertTrue(
        Double.isNaN(
            CellSummary.of(cell(ComparedWorkload.RANDOM_READ, "a", 1_000))
                .orElseThrow()
                .besideBytesPerSecond()));
  }

  @Test
  void showsThatSwapOwesNoDurability() {
    CellSummary summary =
        CellSummary.of(cell(ComparedWorkload.RANDOM_READ, "a", 1_000)).orElseThrow();
    assertTrue(Double.isNaN(summary.durableNanos()));
  }

  @Test
  void aCellWithoutRunsHasNoSummary() {
    assertEquals(Optional.empty(), CellSummary.of(cell(ComparedWorkload.RANDOM_READ, "a")));
  }
}
