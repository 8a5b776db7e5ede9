/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.report;

import com.google.gson.JsonElement;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dmalloc.api.VisibleText;

/**
 * Pages that load nothing: template, style, scripts and the chart library, all inlined. The chart
 * library is Chart.js as its authors ship it, with its licence.
 */
public final class HtmlPage {
  private static final Pattern PLACE = Pattern.compile("@([A-Z_]+)@");
  private static final Pattern SOURCE_MAP = Pattern.compile("(?m)^//# sourceMappingURL=.*$");
  private static final Pattern VERSION = Pattern.compile("Chart\\.js v([0-9.]+)");

  private HtmlPage() {}

  /**
   * Makes a page of the common form, with its style and its script of plots.
   *
   * @param name names the resources {@code name.html}, the sections between the heading and the
   *     text form, and {@code name.js}
   * @param parts what goes in place of {@code @KEY@}, ready for where it stands; TITLE, TEXT and
   *     DATA (the JSON form) at least
   */
  public static String withCharts(String name, Map<String, String> parts) {
    return withCharts(HtmlPage.class, name, parts);
  }

  /**
   * Makes a page of the common form from sections and a script of somebody else's.
   *
   * @param owner the class beside which they lie
   * @param name as for {@link #withCharts(String, Map)}
   * @param parts as for {@link #withCharts(String, Map)}
   */
  public static String withCharts(Class<?> owner, String name, Map<String, String> parts) {
    Map<String, String> all = new HashMap<>(parts);
    all.put("BODY", fill(resource(owner, name + ".html"), parts).strip());
    String script = resource(HtmlPage.class, "page.js") + resource(owner, name + ".js");
    return page(
        resource(HtmlPage.class, "page.html"), resource(HtmlPage.class, "page.css"), script, all);
  }

  private static String page(
      String template, String style, String script, Map<String, String> parts) {
    String library =
        SOURCE_MAP.matcher(resource(HtmlPage.class, "chart.umd.min.js")).replaceAll("");
    Matcher version = VERSION.matcher(library);
    parts.put("STYLE", style);
    parts.put("SCRIPT", script);
    parts.put("CHART", library);
    parts.put("CHART_VERSION", version.find() ? version.group(1) : "");
    parts.put("CHART_LICENSE", resource(HtmlPage.class, "chart.LICENSE.md"));
    return fill(template, parts);
  }

  /** In one pass: what is put in is not looked through for further places. */
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

  /** Text for the body of a page: lines stay, and what cannot be seen is escaped. */
  public static String text(String plain) {
    return VisibleText.ofLines(plain)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;");
  }

  /** JSON for a script element, which no content can end early. */
  public static String json(JsonElement tree) {
    return Json.print(tree).replace("<", "\\u003c");
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
