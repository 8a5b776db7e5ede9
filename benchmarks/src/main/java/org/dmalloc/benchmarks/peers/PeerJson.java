/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.measure.compare.Sample;
import org.dmalloc.report.Json;

/**
 * The JSON form of a report: the record as it is, with medians, ceilings and standings added for
 * readers that do not want to compute them.
 */
final class PeerJson {
  private static final String SCHEMA = "dmalloc-peers";

  private PeerJson() {}

  static JsonObject tree(PeerReport report) {
    JsonObject root = Json.form(SCHEMA, report);
    JsonArray medians = new JsonArray();
    for (PeerReport.Cell cell : report.cells()) {
      cell.rate()
          .ifPresent(
              rate -> {
                JsonObject object = figure(cell.row(), rate);
                object.addProperty("contender", cell.contender());
                object.add("readAmplification", Json.tree(cell.readAmplification()));
                object.add("writeAmplification", Json.tree(cell.writeAmplification()));
                medians.add(object);
              });
    }
    root.add("medians", medians);
    JsonArray ceilings = new JsonArray();
    for (Row row : report.rows()) {
      report.ceiling(row).ifPresent(rate -> ceilings.add(figure(row, rate)));
    }
    root.add("ceilings", ceilings);
    JsonArray rows = new JsonArray();
    for (Row row : report.rows()) {
      JsonObject object = new JsonObject();
      object.addProperty("row", row.label());
      object.addProperty("description", row.description());
      object.addProperty("inBytes", row.inBytes());
      rows.add(object);
    }
    root.add("rowTexts", rows);
    root.add(
        "standings", Json.tree(Standing.all(report).stream().map(Standing::sentence).toList()));
    return root;
  }

  private static JsonObject figure(Row row, Sample rate) {
    JsonObject object = new JsonObject();
    object.addProperty("row", row.label());
    object.addProperty("pagesPerSecond", rate.median());
    object.addProperty("low", rate.low());
    object.addProperty("high", rate.high());
    return object;
  }

  /**
   * Reads a report that was written in this form.
   *
   * @throws IOException if the file cannot be read or holds something else
   */
  static PeerReport read(Path file) throws IOException {
    return Json.read(file, SCHEMA, PeerReport.FORMAT, PeerReport.class, "--json");
  }
}
