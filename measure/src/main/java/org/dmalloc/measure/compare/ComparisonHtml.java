/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.Locale;
import java.util.Map;
import org.dmalloc.measure.report.HtmlPage;
import org.dmalloc.report.Units;

/**
 * The HTML form of a comparison's report: one page that loads nothing, with the verdicts, bars,
 * latency curves, amplification and all figures. The JSON form stands in it, for programs.
 */
public final class ComparisonHtml {
  private ComparisonHtml() {}

  /** The page. */
  public static String render(ComparisonReport report) {
    String caution =
        report.obstacles().isEmpty()
            ? ""
            : "<p><strong>No verdicts: "
                + HtmlPage.text(String.join("; ", report.obstacles()))
                + ".</strong></p>";
    return HtmlPage.of(
        HtmlPage.class,
        "comparison",
        "File or swap: " + underLimit(report.byteSize(), report.limitBytes()),
        report,
        Map.of("VERDICTS", verdicts(report), "CAUTION", caution));
  }

  /** So much data, in so much memory. */
  public static String underLimit(long byteSize, long limitBytes) {
    return Units.bytes(byteSize)
        + (limitBytes == 0 ? " without a limit" : " in " + Units.bytes(limitBytes) + " of RAM");
  }

  private static String verdicts(ComparisonReport report) {
    StringBuilder list = new StringBuilder();
    for (Verdict verdict : Verdict.all(report)) {
      String label = verdict.workload().label();
      append(list, label, verdict.sentence().substring(label.length() + 2), verdict.advice());
    }
    Verdict.overall(report)
        .ifPresent(line -> append(list, "all of these", "the highest mean, no one left out", line));
    return list.toString();
  }

  private static void append(StringBuilder list, String name, String sentence, String advice) {
    list.append(
        String.format(
            Locale.ROOT, "<dt>%s</dt><dd>%s", HtmlPage.text(name), HtmlPage.text(sentence)));
    if (!advice.isEmpty()) {
      list.append(String.format(Locale.ROOT, "<code>%s</code>", HtmlPage.text(advice)));
    }
    list.append("</dd>\n");
  }
}
