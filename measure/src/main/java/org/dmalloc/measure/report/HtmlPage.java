/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dmalloc.api.VisibleText;
import org.dmalloc.report.Json;
import org.dmalloc.report.Table;

/**
 * Self-contained pages: template, style, scripts and chart library are inlined. The library is
 * Chart.js as its authors ship it, with its licence.
 */
public final class HtmlPage {
  private static final Pattern PLACE = Pattern.compile("@([A-Z_]+)@");
  private static final Pattern SOURCE_MAP = Pattern.compile("(?m)^//# sourceMappingURL=.*$");
  private static final Pattern VERSION = Pattern.compile("Chart\\.js v([0-9.]+)");

  private HtmlPage() {}

  /**
   * Makes a page of the common form.
   *
   * @param owner the class beside the resources {@code name.html}, the sections between the heading
   *     and the text form, and {@code name.js}, the plots
   * @param report shown as text, and as JSON for the plots and for programs
   * @param sections the HTML for further {@code @KEY@} in the sections
   */
  public static String of(
      Class<?> owner, String name, String title, Report report, Map<String, String> sections) {
    Map<String, String> parts = new HashMap<>(sections);
    parts.put("TITLE", text(title));
    parts.put("TEXT", text(report.text(Table.ANY_WIDTH)));
    // No content can end the script element early.
    parts.put("DATA", Json.print(report.json()).replace("<", "\\u003c"));
    parts.put("BODY", fill(resource(owner, name + ".html"), parts).strip());
    parts.put("STYLE", resource(HtmlPage.class, "page.css"));
    parts.put("SCRIPT", resource(HtmlPage.class, "page.js") + resource(owner, name + ".js"));
    String library =
        SOURCE_MAP.matcher(resource(HtmlPage.class, "chart.umd.min.js")).replaceAll("");
    Matcher version = VERSION.matcher(library);
    parts.put("CHART", library);
    parts.put("CHART_VERSION", version.find() ? version.group(1) : "");
    parts.put("CHART_LICENSE", resource(HtmlPage.class, "chart.LICENSE.md"));
    return fill(resource(HtmlPage.class, "page.html"), parts);
  }

  /** Fills in one pass: inserted text is not filled again. */
  private static String fill(String template, Map<String, String> parts) {
    return PLACE
        .matcher(template)
        .replaceAll(
            match -> {
              String part = parts.get(match.group(1));
              if (part == null) {
                throw new IllegalArgumentException("no part for " + match.group());
              }
              return Matcher.quoteReplacement(part);
            });
  }

  /** Escapes markup and invisible characters; keeps lines. */
  public static String text(String plain) {
    return VisibleText.ofLines(plain)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;");
  }

  private static String resource(Class<?> owner, String name) {
    try (InputStream in = owner.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("resource " + name + " is not beside " + owner);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
