/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.util.List;
import java.util.Locale;
import org.dmalloc.report.Json;

/** The findings of a {@link Doctor}, in the order of its checks. */
public record DoctorReport(List<Finding> findings) {
  /** The version of the JSON form; grows when a member changes its meaning or is removed. */
  public static final int SCHEMA_VERSION = 1;

  private static final int SEVERITY_WIDTH = 5;
  private static final String INDENT = " ".repeat(SEVERITY_WIDTH);

  public DoctorReport {
    findings = List.copyOf(findings);
  }

  public long count(Finding.Severity severity) {
    return findings.stream().filter(f -> f.severity() == severity).count();
  }

  /** The text form: a line for each finding, then the command that changes the setting. */
  public String text() {
    StringBuilder text = new StringBuilder();
    for (Finding finding : findings) {
      text.append(
          String.format(
              Locale.ROOT,
              "%-4s %s = %s: %s%n",
              finding.severity(),
              finding.subject(),
              finding.value(),
              finding.effect()));
      if (!finding.command().isEmpty()) {
        text.append(INDENT).append("→ ").append(finding.command()).append('\n');
      }
    }
    text.append(
        String.format(
            Locale.ROOT,
            "%d checked: %d ok, %d to note, %d to change; nothing was changed%n",
            findings.size(),
            count(Finding.Severity.OK),
            count(Finding.Severity.NOTE),
            count(Finding.Severity.WARN)));
    return text.toString();
  }

  public String json() {
    return Json.print(Json.form("dmalloc-doctor", new Form(SCHEMA_VERSION, findings)));
  }

  private record Form(int schemaVersion, List<Finding> findings) {}
}
