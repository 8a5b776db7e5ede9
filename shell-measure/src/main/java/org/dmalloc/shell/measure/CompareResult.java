/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.util.Locale;
import org.dmalloc.measure.compare.ComparisonDelta;
import org.dmalloc.measure.compare.ComparisonReport;
import org.dmalloc.measure.compare.ComparisonTable;
import org.dmalloc.shell.output.Printable;
import org.jspecify.annotations.Nullable;

/**
 * What a comparison found.
 *
 * @param report all of it
 * @param against an earlier one to set it against; null for none
 */
public record CompareResult(ComparisonReport report, @Nullable ComparisonReport against)
    implements Printable {
  @Override
  public String text() {
    String text = ComparisonTable.render(report);
    ComparisonReport before = against;
    return (before == null ? text : text + "\n" + ComparisonDelta.render(before, report))
        .stripTrailing();
  }

  @Override
  public String line() {
    return String.format(
        Locale.ROOT, "comparison of %d cells, %s", report.cells().size(), report.started());
  }
}
