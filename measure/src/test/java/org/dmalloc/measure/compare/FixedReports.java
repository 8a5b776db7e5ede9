/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dmalloc.measure.Latency;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.machine.KernelCounts;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.machine.SwapDevice;

/** Reports with made-up figures. */
final class FixedReports {
  private static final long SECOND = 1_000_000_000L;

  private static final Set<ComparedWorkload> DURABLE =
      EnumSet.of(
          ComparedWorkload.FILL,
          ComparedWorkload.RANDOM_WRITE,
          ComparedWorkload.MIXED_95_5,
          ComparedWorkload.MIXED_50_50,
          ComparedWorkload.INDEX_BUILD);

  private FixedReports() {}

  /** A run of one second. */
  static Measurement run(ComparedWorkload workload, long operations) {
    return new Measurement(
        workload.workload(),
        workload.operation(),
        operations,
        4096,
        operations,
        0,
        SECOND,
        DURABLE.contains(workload) ? 5_000_000 : Measurement.UNKNOWN,
        workload == ComparedWorkload.SCAN_AND_RANDOM ? 200_000 : Measurement.UNKNOWN,
        new Latency(
            1, 1_000, 5_000, 1_000, 9_000, 9_000, 9_000, List.of(new Latency.Point(50, 1_000))),
        new KernelCounts(
            operations / 2,
            0,
            operations * 10_000,
            operations * 4096 * 3,
            0,
            operations / 4,
            0,
            "/proc/vmstat",
            operations * 4096 * 4,
            operations * 1024,
            100 << 20,
            90 << 20),
        false);
  }

  /** A cell whose runs made so many operations in a second each. */
  static ComparisonReport.Cell cell(ComparedWorkload workload, String contender, long... speeds) {
    List<Measurement> runs = new ArrayList<>();
    for (long speed : speeds) {
      runs.add(run(workload, speed));
    }
    return new ComparisonReport.Cell(
        workload, contender, runs, runs.isEmpty() ? "made to fail" : "");
  }

  static ComparisonReport.Entrant entrant(String id, Family family) {
    boolean announced = id.endsWith(":batched");
    String command =
        family == Family.POOL || id.equals("malloc")
            ? ""
            : "alloc 2g -b " + id.replace(":batched", "").replace(":", " --variant ");
    return new ComparisonReport.Entrant(
        id, family, announced, "a note", command, Map.of(), Measurement.UNKNOWN);
  }

  static ComparisonReport report(
      List<ComparisonReport.Entrant> entrants, List<ComparisonReport.Cell> cells) {
    return report(entrants, cells, List.of());
  }

  static ComparisonReport report(
      List<ComparisonReport.Entrant> entrants,
      List<ComparisonReport.Cell> cells,
      List<String> obstacles) {
    return new ComparisonReport(
        ComparisonReport.FORMAT,
        "2026-01-01T00:00:00Z",
        12.5,
        2L << 30,
        512L << 20,
        "a made-up limit",
        0.25,
        5,
        42,
        "/data on ext4",
        "3",
        List.of(new SwapDevice("/swap", SwapDevice.Kind.FILE, 3L << 30, 0, 32_767)),
        new MachineDescription(
            "a processor",
            2,
            24L << 30,
            -1,
            "Linux 6.0",
            "a system",
            "a Java",
            List.of(),
            Map.of()),
        entrants,
        cells,
        obstacles,
        List.of("somebody: could not <come>"),
        List.of("a \"note\""));
  }
}
