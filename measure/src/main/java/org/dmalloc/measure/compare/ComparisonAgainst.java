/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import com.google.gson.JsonObject;
import org.dmalloc.measure.report.Report;

/**
 * A comparison set against an earlier one: as text, its own report and what has changed.
 *
 * @param report the comparison
 * @param before the earlier one, of this machine or another
 */
public record ComparisonAgainst(ComparisonReport report, ComparisonReport before)
    implements Report {
  @Override
  public String text(int width) {
    return report.text(width) + "\n" + ComparisonDelta.render(before, report, width);
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
