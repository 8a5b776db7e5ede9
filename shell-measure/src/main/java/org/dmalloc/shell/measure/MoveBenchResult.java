/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.util.Locale;
import org.dmalloc.measure.move.MoveReport;
import org.dmalloc.measure.move.MoveTable;
import org.dmalloc.shell.output.Printable;

/**
 * What a benchmark of moves found.
 *
 * @param report all of it
 */
public record MoveBenchResult(MoveReport report) implements Printable {
  @Override
  public String text() {
    return MoveTable.render(report).stripTrailing();
  }

  @Override
  public String line() {
    return String.format(
        Locale.ROOT, "moves in %d rows, %s", report.rows().size(), report.startedAt());
  }
}
