/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.dmalloc.measure.report.HtmlPage;
import org.dmalloc.measure.report.Units;

/**
 * The HTML form of a benchmark's report: one page with plots and all figures, for a browser without
 * a network. The JSON form stands in it, so that a program can read the page too.
 */
public final class BenchmarkHtml {
  private BenchmarkHtml() {}

  /** The page. */
  public static String render(BenchmarkReport report) {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put(
        "TITLE", HtmlPage.text("dmalloc benchmark, " + Units.bytes(report.plan().byteSize())));
    parts.put("TEXT", HtmlPage.text(BenchmarkTable.render(report)));
    parts.put(
        "MEANING",
        BenchmarkMeaning.lines(report).stream()
            .map(line -> "<li>" + HtmlPage.text(line) + "</li>\n")
            .collect(Collectors.joining()));
    parts.put("DATA", HtmlPage.json(BenchmarkJson.tree(report)));
    return HtmlPage.withCharts("benchmark", parts);
  }
}
