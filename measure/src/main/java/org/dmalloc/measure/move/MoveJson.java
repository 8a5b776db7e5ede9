/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.move;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.Json;

/** The JSON form of a {@link MoveReport}. Times are in nanoseconds, sizes in bytes. */
public final class MoveJson {
  /** The version of this form; grows when a member changes its meaning or goes away. */
  public static final int SCHEMA_VERSION = 1;

  private MoveJson() {}

  /** The report as text. */
  public static String render(MoveReport report) {
    JsonObject root = new JsonObject();
    root.addProperty("schema", "dmalloc-moves");
    root.addProperty("schemaVersion", SCHEMA_VERSION);
    root.addProperty("startedAt", report.startedAt().toString());
    root.addProperty("tookNanos", report.took().toNanos());
    root.add("machine", machine(report.machine()));
    JsonArray copies = new JsonArray();
    report.copies().forEach(copy -> copies.add(copy(copy)));
    root.add("copies", copies);
    JsonArray moves = new JsonArray();
    report.rows().forEach(row -> moves.add(row(row)));
    root.add("moves", moves);
    return Json.print(root);
  }

  private static JsonObject machine(MachineDescription machine) {
    JsonObject object = new JsonObject();
    object.addProperty("processor", machine.processor());
    object.addProperty("processors", machine.processors());
    object.addProperty("memoryBytes", machine.memoryBytes() < 0 ? null : machine.memoryBytes());
    object.addProperty("kernel", machine.kernel());
    object.addProperty("system", machine.system());
    object.addProperty("jdk", machine.jdk());
    return object;
  }

  private static JsonObject copy(MoveReport.Copy copy) {
    JsonObject object = new JsonObject();
    object.addProperty("from", copy.from());
    object.addProperty("to", copy.to());
    object.addProperty("byteSize", copy.byteSize());
    object.addProperty("allocateNanos", copy.allocateNanos());
    object.addProperty("freshNanos", copy.freshNanos());
    object.addProperty("againNanos", copy.againNanos());
    return object;
  }

  private static JsonObject row(MoveReport.Row row) {
    JsonObject object = new JsonObject();
    object.addProperty("from", row.from());
    object.addProperty("to", row.to());
    object.addProperty("byteSize", row.byteSize());
    object.addProperty("writtenPercent", row.writtenPercent());
    object.addProperty("writesPerSecond", row.writesPerSecond());
    object.addProperty("pauseP50Nanos", row.pauseNanos(0.5));
    object.addProperty("pauseP99Nanos", row.pauseNanos(0.99));
    object.addProperty("pauseMaxNanos", row.pauseNanos(1));
    object.addProperty("longestWriteNanos", row.longestWriteNanos());
    object.addProperty("bytesPerSecond", row.bytesPerSecond());
    object.addProperty("copiedBytes", row.copiedBytes());
    object.addProperty("passes", row.passes());
    object.addProperty("method", row.method());
    object.add("pauseNanos", array(row.pauseNanos()));
    object.add("elapsedNanos", array(row.elapsedNanos()));
    return object;
  }

  private static JsonArray array(List<Long> values) {
    JsonArray array = new JsonArray();
    values.forEach(array::add);
    return array;
  }
}
