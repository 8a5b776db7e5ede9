/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.measure.compare.Sample;
import org.dmalloc.measure.report.Json;

/**
 * The JSON form of a report: the record as it is, with medians, ceilings and standings added for
 * readers that do not want to compute them.
 */
final class PeerJson {
  private static final Gson GSON = new Gson();
  private static final String SCHEMA = "dmalloc-peers";

  private PeerJson() {}

  static String render(PeerReport report) {
    return Json.print(tree(report));
  }

  static JsonObject tree(PeerReport report) {
    JsonObject root = new JsonObject();
    root.addProperty("schema", SCHEMA);
    for (Map.Entry<String, JsonElement> member :
        GSON.toJsonTree(report).getAsJsonObject().entrySet()) {
      root.add(member.getKey(), member.getValue());
    }
    JsonArray medians = new JsonArray();
    for (PeerReport.Cell cell : report.cells()) {
      cell.rate()
          .ifPresent(
              rate -> {
                JsonObject object = figure(cell.row(), rate);
                object.addProperty("contender", cell.contender());
                add(object, "readAmplification", cell.readAmplification());
                add(object, "writeAmplification", cell.writeAmplification());
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
        "standings",
        GSON.toJsonTree(Standing.all(report).stream().map(Standing::sentence).toList()));
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

  private static void add(JsonObject object, String name, OptionalDouble value) {
    // JSON has no NaN: null stands for what is unknown.
    object.addProperty(name, value.isPresent() ? value.getAsDouble() : null);
  }

  /**
   * Reads a report that {@link #render} wrote.
   *
   * @throws IOException if the file cannot be read or holds something else
   */
  static PeerReport read(Path file) throws IOException {
    try {
      JsonObject root = GSON.fromJson(Files.readString(file), JsonObject.class);
      if (root == null || !root.has("schema") || !root.get("schema").getAsString().equals(SCHEMA)) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                "%s holds no comparison with peers; give a file that --json wrote",
                file));
      }
      int format = root.get("format").getAsInt();
      if (format != PeerReport.FORMAT) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                "%s has format %d, and this version reads %d; compare again",
                file,
                format,
                PeerReport.FORMAT));
      }
      return GSON.fromJson(root, PeerReport.class);
    } catch (JsonParseException | IllegalStateException | NullPointerException e) {
      throw new IOException(
          String.format(Locale.ROOT, "%s is damaged: %s", file, e.getMessage()), e);
    }
  }
}
