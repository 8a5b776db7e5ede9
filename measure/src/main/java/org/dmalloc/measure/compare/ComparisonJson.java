/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.dmalloc.measure.report.Json;

/**
 * The JSON form of a comparison's report: the report's record as it is, with the verdicts and the
 * medians of each cell added for readers that do not want to compute them.
 */
public final class ComparisonJson {
  private static final Gson GSON = new Gson();
  private static final String SCHEMA = "dmalloc-comparison";

  private ComparisonJson() {}

  /** The report as text. */
  public static String render(ComparisonReport report) {
    return Json.print(tree(report));
  }

  static JsonObject tree(ComparisonReport report) {
    JsonObject root = new JsonObject();
    root.addProperty("schema", SCHEMA);
    for (Map.Entry<String, JsonElement> member :
        GSON.toJsonTree(report).getAsJsonObject().entrySet()) {
      root.add(member.getKey(), member.getValue());
    }
    JsonArray medians = new JsonArray();
    for (ComparisonReport.Cell cell : report.cells()) {
      CellSummary.of(cell)
          .ifPresent(
              summary -> {
                JsonObject object = new JsonObject();
                object.addProperty("workload", cell.workload().label());
                object.addProperty("contender", cell.contender());
                object.add("curve", GSON.toJsonTree(CellSummary.curve(cell)));
                medians.add(merged(object, summary));
              });
    }
    root.add("medians", medians);
    root.add("verdicts", GSON.toJsonTree(Verdict.all(report)));
    return root;
  }

  private static JsonObject merged(JsonObject object, CellSummary summary) {
    Sample speed = summary.speed();
    object.addProperty("operationsPerSecond", speed.median());
    object.addProperty("low", speed.low());
    object.addProperty("high", speed.high());
    add(object, "p50Nanos", summary.p50Nanos());
    add(object, "p99Nanos", summary.p99Nanos());
    add(object, "p999Nanos", summary.p999Nanos());
    add(object, "maxNanos", summary.maxNanos());
    add(object, "majorFaultsPerOperation", summary.majorFaultsPerOperation());
    add(object, "swapInPerOperation", summary.swapInPerOperation());
    add(object, "swapOutPerOperation", summary.swapOutPerOperation());
    add(object, "readAmplification", summary.readAmplification());
    add(object, "writeAmplification", summary.writeAmplification());
    add(object, "cpuNanosPerOperation", summary.cpuNanosPerOperation());
    add(object, "durableNanos", summary.durableNanos());
    add(object, "peakResidentBytes", summary.peakResidentBytes());
    add(object, "peakChargedBytes", summary.peakChargedBytes());
    add(object, "besideBytesPerSecond", summary.besideBytesPerSecond());
    return object;
  }

  private static void add(JsonObject object, String name, double value) {
    // JSON has no NaN: null stands for what is unknown.
    object.addProperty(name, Double.isFinite(value) ? value : null);
  }

  /**
   * Reads a report that {@link #render} wrote.
   *
   * @throws IOException if the file cannot be read or holds something else
   */
  public static ComparisonReport read(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new FileSystemException(file.toString(), null, "a directory; give a file");
    }
    try {
      JsonObject root = GSON.fromJson(Files.readString(file), JsonObject.class);
      if (root == null || !root.has("schema") || !root.get("schema").getAsString().equals(SCHEMA)) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                "%s holds no comparison; give a file that compare --save wrote",
                file));
      }
      int format = root.get("format").getAsInt();
      if (format != ComparisonReport.FORMAT) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                "%s has format %d, and this version reads %d; compare again",
                file,
                format,
                ComparisonReport.FORMAT));
      }
      return GSON.fromJson(root, ComparisonReport.class);
    } catch (JsonParseException
        | IllegalStateException
        | NullPointerException
        | MalformedInputException e) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s holds no comparison, or a damaged one (%s); give a file that compare --save wrote",
              file,
              e.getMessage()),
          e);
    }
  }
}
