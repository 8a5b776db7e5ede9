/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.dmalloc.measure.compare.ComparisonReport.Cell;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.report.Report;
import org.dmalloc.report.Lines;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;

/**
 * A comparison beside an earlier one, of this machine or another. The text has the later report and
 * the changes in the cells that both have.
 */
public record ComparisonDelta(ComparisonReport report, ComparisonReport before) implements Report {
  /**
   * One cell that both have, in operations per second; the duel sets the second against the first.
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

  @Override
  public String text(int width) {
    StringBuilder text = new StringBuilder();
    text.append("against the comparison of ").append(before.started()).append('\n');
    differs(text, "machine", r -> r.machine().processor() + ", " + r.machine().kernel());
    differs(text, "size", r -> Units.bytes(r.byteSize()));
    differs(text, "limit", r -> Units.bytes(r.limitBytes()));
    differs(text, "files", ComparisonReport::storage);
    differs(text, "swap", ComparisonTable::swap);
    differs(text, "page-cluster", ComparisonReport::pageCluster);
    Table<Line> table =
        Table.<Line>of(
                left("workload", line -> line.workload().label()),
                left("contender", Line::contender),
                right("then op/s", line -> Units.count(line.before().median())),
                right("now op/s", line -> Units.count(line.after().median())),
                right("ratio", line -> Verdict.times(line.duel().ratio())),
                left("", line -> outcome(line.duel())))
            .keyedBy(2)
            .rows(lines(before, report));
    return report.text(width) + "\n" + Lines.wrap(text.toString(), width) + table.render(width);
  }

  private static String outcome(Duel duel) {
    return duel.draw() ? "draw" : duel.ratio() > 1 ? "faster" : "slower";
  }

  private void differs(
      StringBuilder text, String what, Function<ComparisonReport, String> condition) {
    String then = condition.apply(before);
    String now = condition.apply(report);
    if (!then.equals(now)) {
      text.append("  " + what + ": then " + then + "; now " + now + "\n");
    }
  }

  @Override
  public JsonObject json() {
    return report.json();
  }

  @Override
  public String summary() {
    return report.summary();
  }
}
