/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.dmalloc.measure.report.HtmlPage;
import org.dmalloc.measure.report.Units;

/** The report as one page that loads nothing. */
final class PeerHtml {
  private PeerHtml() {}

  static String render(PeerReport report) {
    Map<String, String> parts = new HashMap<>();
    parts.put(
        "TITLE",
        HtmlPage.text(
            report.limitBytes() == 0
                ? String.format(
                    Locale.ROOT,
                    "dmalloc and its peers: %s without a limit",
                    Units.bytes(report.byteSize()))
                : String.format(
                    Locale.ROOT,
                    "dmalloc and its peers: %s in %s of RAM",
                    Units.bytes(report.byteSize()),
                    Units.bytes(report.limitBytes()))));
    parts.put("TEXT", HtmlPage.text(PeerTable.render(report)));
    StringBuilder standings = new StringBuilder();
    Standing.all(report).forEach(s -> standings.append(s.sentence()).append('\n'));
    parts.put("STANDINGS", HtmlPage.text(standings.toString()));
    parts.put("DATA", HtmlPage.json(PeerJson.tree(report)));
    return HtmlPage.withCharts(PeerHtml.class, "peers", parts);
  }
}
