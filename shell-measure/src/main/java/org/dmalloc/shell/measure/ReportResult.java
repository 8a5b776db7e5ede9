/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import org.dmalloc.measure.report.Report;
import org.dmalloc.shell.output.Printable;

/** A report as a command's result, for a terminal of a width. */
public record ReportResult(Report report, int width) implements Printable {
  /** Without a limit of width. */
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
