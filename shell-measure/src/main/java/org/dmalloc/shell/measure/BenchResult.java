/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.util.Locale;
import org.dmalloc.measure.bench.BenchmarkReport;
import org.dmalloc.measure.bench.BenchmarkTable;
import org.dmalloc.shell.output.Printable;

/**
 * What a benchmark found.
 *
 * @param report all of it
 */
public record BenchResult(BenchmarkReport report) implements Printable {
  @Override
  public String text() {
    return BenchmarkTable.render(report).stripTrailing();
  }

  @Override
  public String line() {
    return String.format(
        Locale.ROOT, "benchmark of %d rows, %s", report.results().size(), report.startedAt());
  }
}
