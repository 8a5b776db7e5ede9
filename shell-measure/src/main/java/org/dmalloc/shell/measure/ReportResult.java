/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import org.dmalloc.measure.report.Report;
import org.dmalloc.shell.output.Printable;

/**
 * What was measured, as a command's result.
 *
 * @param width of the terminal that it is printed on
 */
public record ReportResult(Report report, int width) implements Printable {
  /** For a page without end. */
  public ReportResult(Report report) {
    this(report, Integer.MAX_VALUE);
  }

  @Override
  public String text() {
    return report.text(width).stripTrailing();
  }

  @Override
  public String line() {
    return report.summary();
  }

  @Override
  public Printable fitting(int newWidth) {
    return new ReportResult(report, newWidth);
  }
}
