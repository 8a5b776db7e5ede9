/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.move;

import static org.dmalloc.measure.report.TextTable.Column.left;
import static org.dmalloc.measure.report.TextTable.Column.right;

import java.util.Locale;
import java.util.stream.Collectors;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.TextTable;
import org.dmalloc.measure.report.Units;

/** The text form of a {@link MoveReport}, for a terminal of 120 columns. */
public final class MoveTable {
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

  /** The whole report: where, the plain copies, the moves, and how to read them. */
  public static String render(MoveReport report) {
    return header(report) + '\n' + copies(report) + '\n' + moves(report) + '\n' + LEGEND;
  }

  private static String header(MoveReport report) {
    MachineDescription machine = report.machine();
    return String.format(
        Locale.ROOT,
        "%s, %d processors, %s, %s, Java %s%nmoves in each direction: %s; took %s%n",
        machine.processor(),
        machine.processors(),
        machine.memoryBytes() < 0 ? "memory unknown" : Units.bytes(machine.memoryBytes()),
        machine.kernel(),
        machine.jdk(),
        report.plan().byteSizes().stream()
            .map(size -> report.plan().movesFor(size) + " at " + Units.bytes(size))
            .collect(Collectors.joining(", ")),
        Units.nanos(report.took().toNanos()));
  }

  private static String copies(MoveReport report) {
    TextTable table =
        new TextTable(
            right("size"),
            left("from"),
            left("to"),
            right("alloc"),
            right("copy fresh"),
            right("MB/s"),
            right("copy again"),
            right("MB/s"));
    long size = 0;
    for (MoveReport.Copy copy : report.copies()) {
      boolean first = copy.byteSize() != size;
      if (first && size != 0) {
        table.rule();
      }
      size = copy.byteSize();
      table.row(
          first ? Units.bytes(size) : "",
          copy.from(),
          copy.to(),
          Units.nanos(copy.allocateNanos()),
          Units.nanos(copy.freshNanos()),
          Units.megabytes(size * 1e9 / copy.freshNanos()),
          Units.nanos(copy.againNanos()),
          Units.megabytes(size * 1e9 / copy.againNanos()));
    }
    return table.render();
  }

  private static String moves(MoveReport report) {
    TextTable table =
        new TextTable(
            right("size"),
            right("written/s"),
            left("from"),
            left("to"),
            right("pause p50"),
            right("p99"),
            right("max"),
            right("stall"),
            right("move MB/s"),
            right("×copy"),
            right("passes"),
            left("by"));
    String group = "";
    for (MoveReport.Row row : report.rows()) {
      boolean remap = row.passes() == 0;
      String next = row.byteSize() + " " + row.writtenPercent();
      boolean first = !next.equals(group);
      if (first && !group.isEmpty()) {
        table.rule();
      }
      group = next;
      table.row(
          first ? Units.bytes(row.byteSize()) : "",
          first ? percent(row.writtenPercent()) : "",
          row.from(),
          row.to(),
          Units.nanos(row.pauseNanos(0.5)),
          Units.nanos(row.pauseNanos(0.99)),
          Units.nanos(row.pauseNanos(1)),
          row.longestWriteNanos() == 0 ? "-" : Units.nanos(row.longestWriteNanos()),
          remap ? "-" : Units.megabytes(row.bytesPerSecond()),
          remap ? "-" : ratio(report, row),
          Integer.toString(row.passes()),
          row.method());
    }
    return table.render();
  }

  private static String ratio(MoveReport report, MoveReport.Row row) {
    return report
        .copyFor(row)
        .map(copy -> row.bytesPerSecond() * copy.freshNanos() / (copy.byteSize() * 1e9))
        .map(Units::ratio)
        .orElse("-");
  }

  /** A rate of writing: {@code 10 %}. */
  static String percent(double percent) {
    return percent == Math.rint(percent)
        ? String.format(Locale.ROOT, "%.0f %%", percent)
        : String.format(Locale.ROOT, "%s %%", percent);
  }
}
