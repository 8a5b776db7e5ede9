/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.report;

import com.google.gson.JsonElement;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Pages that load nothing: a template, its style, its script and the chart library, all inlined.
 * The chart library is Chart.js as its authors ship it, with its licence.
 */
public final class HtmlPage {
  private static final Pattern PLACE = Pattern.compile("@([A-Z_]+)@");
  private static final Pattern SOURCE_MAP = Pattern.compile("(?m)^//# sourceMappingURL=.*$");
  private static final Pattern VERSION = Pattern.compile("Chart\\.js v([0-9.]+)");

  private HtmlPage() {}

  /**
   * Fills a template.
   *
   * @param name names the resources {@code name.html}, {@code name.css} and {@code name.js}
   * @param parts what goes in place of {@code @KEY@}, ready for where it stands
   */
  public static String withCharts(String name, Map<String, String> parts) {
    return withCharts(HtmlPage.class, name, parts);
  }

  /**
   * Fills a template of somebody else's.
   *
   * @param owner the class beside which the template's resources lie
   * @param name as for {@link #withCharts(String, Map)}
   * @param parts as for {@link #withCharts(String, Map)}
   */
  public static String withCharts(Class<?> owner, String name, Map<String, String> parts) {
    String library =
        SOURCE_MAP.matcher(resource(HtmlPage.class, "chart.umd.min.js")).replaceAll("");
    Matcher version = VERSION.matcher(library);
    Map<String, String> all = new HashMap<>(parts);
    all.put("STYLE", resource(owner, name + ".css"));
    all.put("SCRIPT", resource(owner, name + ".js"));
    all.put("CHART", library);
    all.put("CHART_VERSION", version.find() ? version.group(1) : "");
    all.put("CHART_LICENSE", resource(HtmlPage.class, "chart.LICENSE.md"));
    // In one pass: what is put in is not looked through for further places.
    return PLACE
        .matcher(resource(owner, name + ".html"))
        .replaceAll(
            match -> {
              String part = all.get(match.group(1));
              if (part == null) {
                throw new IllegalArgumentException("no part for " + match.group());
              }
              return Matcher.quoteReplacement(part);
            });
  }

  /** Text for the body of a page. */
  public static String text(String plain) {
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
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
