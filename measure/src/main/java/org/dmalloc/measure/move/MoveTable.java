/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.move;

import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.dmalloc.report.Lines;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;

/** The text form of a {@link MoveReport}. */
final class MoveTable {
  private static final String LEGEND =
      """
      copy: one MemorySegment.copy of the whole, for which users of a lock would wait all along; fresh: into a target
        just allocated, as a move finds it; again: a second one into the same target; alloc: its allocation before
      written/s: pages written per second meanwhile, in percent of all, by one thread in sections of its own
      pause: how long the gate was shut, waits for open sections included; with few moves p99 is the longest
      stall: the longest time that one store of the writer took, waits for the gate and page faults included; - without one
      move: the region's size by the median time of a whole move, allocation and release of the old memory included
      ×copy: its speed over that of the fresh copy, which includes neither
      by: how pages written meanwhile were found; remap: the same file mapped anew, nothing copied
      MB are 10^6 bytes; after each size and rate every word of every page was compared with what was stored
      """;

  private MoveTable() {}

  static String render(MoveReport report, int width) {
    return Lines.wrap(header(report), width)
        + '\n'
        + copies(report).render(width)
        + '\n'
        + moves(report).render(width)
        + '\n'
        + Lines.wrap(LEGEND, width);
  }

  private static String header(MoveReport report) {
    return String.format(
        Locale.ROOT,
        "%s%nmoves in each direction: %s; took %s%n",
        report.machine().sentence(),
        report.plan().byteSizes().stream()
            .map(size -> report.plan().movesFor(size) + " at " + Units.bytes(size))
            .collect(Collectors.joining(", ")),
        Units.nanos(report.took().toNanos()));
  }

  private static Table<MoveReport.Copy> copies(MoveReport report) {
    return Table.<MoveReport.Copy>of(
            right("size", copy -> Units.bytes(copy.byteSize())),
            left("from", MoveReport.Copy::from),
            left("to", MoveReport.Copy::to),
            right("alloc", copy -> Units.nanos(copy.allocateNanos())),
            right("copy fresh", copy -> Units.nanos(copy.freshNanos())),
            right("MB/s", copy -> Units.megabytes(copy.byteSize() * 1e9 / copy.freshNanos())),
            right("copy again", copy -> Units.nanos(copy.againNanos())),
            right("MB/s", copy -> Units.megabytes(copy.byteSize() * 1e9 / copy.againNanos())))
        .keyedBy(3)
        .groupedBy(MoveReport.Copy::byteSize, 1)
        .rows(report.copies());
  }

  private static Table<MoveReport.Row> moves(MoveReport report) {
    return Table.<MoveReport.Row>of(
            right("size", row -> Units.bytes(row.byteSize())),
            right("written/s", row -> percent(row.writtenPercent())),
            left("from", MoveReport.Row::from),
            left("to", MoveReport.Row::to),
            right("pause p50", row -> Units.nanos(row.pauseNanos(0.5))),
            right("p99", row -> Units.nanos(row.pauseNanos(0.99))),
            right("max", row -> Units.nanos(row.pauseNanos(1))),
            right("stall", MoveTable::stall),
            right("move MB/s", row -> copied(row) ? Units.megabytes(row.bytesPerSecond()) : "-"),
            right("×copy", row -> copied(row) ? ratio(report, row) : "-"),
            right("passes", row -> Integer.toString(row.passes())),
            left("by", MoveReport.Row::method))
        .keyedBy(4)
        .groupedBy(row -> List.of(row.byteSize(), row.writtenPercent()), 2)
        .rows(report.rows());
  }

  private static String stall(MoveReport.Row row) {
    return row.longestWriteNanos() == 0 ? "-" : Units.nanos(row.longestWriteNanos());
  }

  private static boolean copied(MoveReport.Row row) {
    return row.passes() > 0;
  }

  private static String ratio(MoveReport report, MoveReport.Row row) {
    return report
        .copyFor(row)
        .map(copy -> row.bytesPerSecond() * copy.freshNanos() / (copy.byteSize() * 1e9))
        .map(Units::ratio)
        .orElse("-");
  }

  static String percent(double percent) {
    return percent == Math.rint(percent)
        ? String.format(Locale.ROOT, "%.0f %%", percent)
        : String.format(Locale.ROOT, "%s %%", percent);
  }
}
