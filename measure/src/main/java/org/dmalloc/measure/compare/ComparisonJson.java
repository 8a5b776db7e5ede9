/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import org.dmalloc.report.Json;

/**
 * The JSON form of a comparison's report: the report's record as it is, with the verdicts and the
 * medians of each cell added for readers that do not want to compute them.
 */
public final class ComparisonJson {
  private static final String SCHEMA = "dmalloc-comparison";

  private ComparisonJson() {}

  static JsonObject tree(ComparisonReport report) {
    JsonObject root = Json.form(SCHEMA, report);
    JsonArray medians = new JsonArray();
    for (ComparisonReport.Cell cell : report.cells()) {
      CellSummary.of(cell).ifPresent(summary -> medians.add(medians(cell, summary)));
    }
    root.add("medians", medians);
    root.add("verdicts", Json.tree(Verdict.all(report)));
    return root;
  }

  private static JsonObject medians(ComparisonReport.Cell cell, CellSummary summary) {
    JsonObject object = new JsonObject();
    object.addProperty("workload", cell.workload().label());
    object.addProperty("contender", cell.contender());
    object.add("curve", Json.tree(CellSummary.curve(cell)));
    object.addProperty("operationsPerSecond", summary.speed().median());
    object.addProperty("low", summary.speed().low());
    object.addProperty("high", summary.speed().high());
    Json.addFields(object, summary);
    object.remove("speed");
    return object;
  }

  /**
   * Reads a report that was written in this form.
   *
   * @throws IOException if the file cannot be read or holds something else
   */
  public static ComparisonReport read(Path file) throws IOException {
    return Json.read(
        file, SCHEMA, ComparisonReport.FORMAT, ComparisonReport.class, "compare --save");
  }
}
