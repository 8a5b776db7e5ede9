/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.move;

import com.google.gson.JsonObject;
import java.time.Instant;
import java.util.List;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.report.Json;

/**
 * The JSON form of a {@link MoveReport}: its records as they are, and what is computed from them.
 * Times are in nanoseconds, sizes in bytes.
 */
final class MoveJson {
  /** The version of this form; grows when a member changes its meaning or goes away. */
  static final int SCHEMA_VERSION = 1;

  private MoveJson() {}

  private record Form(
      int schemaVersion,
      Instant startedAt,
      long tookNanos,
      MachineDescription machine,
      List<MoveReport.Copy> copies,
      List<JsonObject> moves) {}

  private record Figures(
      long pauseP50Nanos, long pauseP99Nanos, long pauseMaxNanos, double bytesPerSecond) {}

  static JsonObject tree(MoveReport report) {
    return Json.form(
        "dmalloc-moves",
        new Form(
            SCHEMA_VERSION,
            report.startedAt(),
            report.took().toNanos(),
            report.machine(),
            report.copies(),
            report.rows().stream().map(MoveJson::move).toList()));
  }

  private static JsonObject move(MoveReport.Row row) {
    JsonObject object = Json.tree(row).getAsJsonObject();
    Json.addFields(
        object,
        new Figures(
            row.pauseNanos(0.5), row.pauseNanos(0.99), row.pauseNanos(1), row.bytesPerSecond()));
    return object;
  }
}
