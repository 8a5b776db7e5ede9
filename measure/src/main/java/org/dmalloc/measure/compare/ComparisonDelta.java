/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dmalloc.measure.compare.ComparisonReport.Cell;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.report.Lines;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;

/**
 * Two comparisons set against each other: of two times, or of two machines. Only cells that both
 * have are listed.
 */
public final class ComparisonDelta {
  private ComparisonDelta() {}

  /**
   * One cell of both.
   *
   * @param workload what was done
   * @param contender by whom
   * @param before operations per second in the first
   * @param after operations per second in the second
   * @param duel the second against the first
   */
  public record Line(
      ComparedWorkload workload, String contender, Sample before, Sample after, Duel duel) {}

  /** The cells that both have, in the order of the second. */
  public static List<Line> lines(ComparisonReport before, ComparisonReport after) {
    List<Line> lines = new ArrayList<>();
    for (Cell cell : after.cells()) {
      Optional<Sample> now = cell.speed();
      Optional<Sample> then =
          before.cells().stream()
              .filter(c -> c.workload() == cell.workload())
              .filter(c -> c.contender().equals(cell.contender()))
              .findFirst()
              .flatMap(Cell::speed);
      if (now.isPresent() && then.isPresent()) {
        lines.add(
            new Line(
                cell.workload(),
                cell.contender(),
                then.get(),
                now.get(),
                Duel.of(now.get(), then.get())));
      }
    }
    return lines;
  }

  /** The table, with what differs between the conditions before it. */
  static String render(ComparisonReport before, ComparisonReport after, int width) {
    StringBuilder text = new StringBuilder();
    text.append("against the comparison of ").append(before.started()).append('\n');
    differs(text, "machine", machine(before), machine(after));
    differs(text, "size", Units.bytes(before.byteSize()), Units.bytes(after.byteSize()));
    differs(text, "limit", Units.bytes(before.limitBytes()), Units.bytes(after.limitBytes()));
    differs(text, "files", before.storage(), after.storage());
    differs(text, "swap", ComparisonTable.swap(before), ComparisonTable.swap(after));
    differs(text, "page-cluster", before.pageCluster(), after.pageCluster());
    Table<Line> table =
        Table.<Line>of(
                left("workload", line -> line.workload().label()),
                left("contender", Line::contender),
                right("then op/s", line -> Units.count(line.before().median())),
                right("now op/s", line -> Units.count(line.after().median())),
                right("ratio", line -> Verdict.times(line.duel().ratio())),
                left("", line -> outcome(line.duel())))
            .keyedBy(2)
            .rows(lines(before, after));
    return Lines.wrap(text.toString(), width) + table.render(width);
  }

  private static String outcome(Duel duel) {
    return duel.draw() ? "draw" : duel.ratio() > 1 ? "faster" : "slower";
  }

  private static String machine(ComparisonReport report) {
    return String.format(
        Locale.ROOT, "%s, %s", report.machine().processor(), report.machine().kernel());
  }

  private static void differs(StringBuilder text, String what, String before, String after) {
    if (!before.equals(after)) {
      text.append(String.format(Locale.ROOT, "  %s: then %s; now %s%n", what, before, after));
    }
  }
}
