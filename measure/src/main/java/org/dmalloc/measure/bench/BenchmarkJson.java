/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.measure.Latency;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.disk.RawFigure;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.machine.KernelCounts;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.report.Json;

/**
 * The JSON form of a benchmark's report. Every member is always present; {@code null} means
 * unknown, not measured, or not applicable. Times are in nanoseconds, sizes in bytes.
 */
final class BenchmarkJson {
  /** The version of this form; grows when a member changes its meaning or is removed. */
  static final int SCHEMA_VERSION = 2;

  private BenchmarkJson() {}

  static JsonObject tree(BenchmarkReport report) {
    JsonObject root = new JsonObject();
    root.addProperty("schema", "dmalloc-benchmark");
    root.addProperty("schemaVersion", SCHEMA_VERSION);
    root.addProperty("startedAt", report.startedAt().toString());
    root.addProperty("tookNanos", report.took().toNanos());
    root.add("machine", machine(report.machine()));
    root.add("settings", plan(report.plan()));
    JsonObject storage = new JsonObject();
    report
        .storage()
        .forEach((backend, s) -> storage.add(backend, unknownToNull(s, "readAheadKib")));
    root.add("storage", storage);
    root.add("rawDisk", all(report.surveys(), BenchmarkJson::survey));
    root.add("results", all(report.results(), BenchmarkJson::result));
    root.add("notes", Json.tree(report.notes()));
    root.add("meaning", Json.tree(BenchmarkMeaning.lines(report)));
    return root;
  }

  private static JsonObject machine(MachineDescription machine) {
    JsonObject object = unknownToNull(machine, "memoryBytes", "memoryLimitBytes");
    object.add("swap", all(machine.swap(), BenchmarkJson::swap));
    return object;
  }

  private static JsonElement swap(SwapDevice device) {
    JsonObject object = Json.tree(device).getAsJsonObject();
    object.addProperty("kind", lower(device.kind()));
    object.remove("usedBytes");
    return object;
  }

  /** A record's members; these figures become null if they are −1, which means unknown. */
  private static JsonObject unknownToNull(Record fields, String... names) {
    JsonObject object = Json.tree(fields).getAsJsonObject();
    copy(fields, object, names);
    return object;
  }

  /** Copies figures of a record; unknown ones become null. */
  private static void copy(Record from, JsonObject to, String... names) {
    JsonObject fields = Json.tree(from).getAsJsonObject();
    for (String name : names) {
      JsonElement value = fields.get(name);
      to.add(name, value.isJsonNull() || value.getAsDouble() < 0 ? JsonNull.INSTANCE : value);
    }
  }

  private static JsonObject plan(BenchmarkPlan plan) {
    JsonObject object = new JsonObject();
    object.addProperty("byteSize", plan.byteSize());
    object.addProperty("threads", plan.threads());
    object.addProperty("timePerRunNanos", plan.timePerRun().toNanos());
    object.addProperty("seed", plan.seed());
    object.addProperty("pattern", plan.pattern() == null ? "fitting" : lower(plan.pattern()));
    object.addProperty("rawDisk", lower(plan.rawDisk()));
    object.add("starts", Json.tree(plan.starts().stream().map(BenchmarkJson::lower).toList()));
    object.add("workloads", all(plan.workloads(), BenchmarkJson::workload));
    return object;
  }

  private static JsonElement workload(Workload workload) {
    JsonObject object = new JsonObject();
    object.addProperty("name", workload.name());
    object.addProperty("operation", workload.operation());
    object.addProperty("kind", lower(workload.kind()));
    object.addProperty("inOrder", workload.pattern() == AccessPattern.SEQUENTIAL);
    return object;
  }

  private static JsonElement survey(RawSurvey survey) {
    JsonObject object = new JsonObject();
    object.addProperty("backend", survey.subject());
    object.addProperty("file", survey.file());
    object.add("figures", all(survey.figures(), BenchmarkJson::raw));
    object.add("notes", Json.tree(survey.notes()));
    return object;
  }

  private static JsonElement raw(RawFigure figure) {
    JsonObject object = Json.tree(figure).getAsJsonObject();
    object.addProperty("pattern", lower(figure.pattern()));
    object.addProperty("blockBytes", figure.pattern().blockBytes());
    object.addProperty("bytesPerSecond", figure.bytesPerSecond());
    return object;
  }

  private static JsonElement result(BenchmarkResult result) {
    JsonObject object = new JsonObject();
    object.addProperty("backend", result.backend());
    object.addProperty("workload", result.workload().name());
    object.addProperty("start", lower(result.start()));
    object.addProperty("threads", result.threads());
    object.addProperty("advice", result.advice() == null ? null : lower(result.advice()));
    String status = "measured";
    String reason = null;
    JsonElement measurement = JsonNull.INSTANCE;
    switch (result.outcome()) {
      case BenchmarkResult.Measured measured -> measurement = measurement(result, measured);
      case BenchmarkResult.NotRun notRun -> {
        status = "notRun";
        reason = notRun.reason();
      }
      case BenchmarkResult.Failed failed -> {
        status = "failed";
        reason = failed.message();
      }
    }
    object.addProperty("status", status);
    object.addProperty("reason", reason);
    object.add("measurement", measurement);
    object.add("rawDepth1", ratios(result, RawDisk.DEPTH_ONE));
    object.add("rawDepth32", ratios(result, RawDisk.DEPTH_MANY));
    return object;
  }

  private static JsonElement measurement(
      BenchmarkResult result, BenchmarkResult.Measured measured) {
    Measurement measurement = measured.measurement();
    Latency latency = measurement.latency();
    KernelCounts counters = measurement.counters();
    JsonObject object = new JsonObject();
    copy(measurement, object, "operations", "elapsedNanos");
    object.addProperty("forceNanos", Math.max(0, measurement.forceNanos()));
    copy(measurement, object, "bytesPerOperation");
    object.addProperty("finished", measurement.finished());
    object.addProperty("operationsPerSecond", measurement.operationsPerSecond());
    object.addProperty("durableOperationsPerSecond", measurement.durableOperationsPerSecond());
    object.addProperty("durableBytesPerSecond", measurement.durableBytesPerSecond());
    object.addProperty("latencyGroupSize", latency.groupSize());
    copy(latency, object, "minNanos", "meanNanos", "p50Nanos", "p99Nanos", "p999Nanos", "maxNanos");
    object.add("latencyCurve", all(latency.curve(), BenchmarkJson::point));
    copy(counters, object, "majorFaults", "minorFaults", "cpuNanos");
    object.add("processReadBytes", known(counters.readBytes()));
    object.add("processWrittenBytes", known(counters.writtenBytes()));
    copy(counters, object, "deviceReadBytes", "deviceWrittenBytes");
    copy(measured, object, "residentShareAtStart");
    object.addProperty("answeredByRam", BenchmarkMeaning.fromRam(result));
    object.add("pagesReadPerWait", Json.tree(BenchmarkMeaning.pagesPerWait(result)));
    return object;
  }

  private static JsonElement point(Latency.Point point) {
    JsonArray pair = new JsonArray();
    pair.add(point.percentile());
    pair.add(point.nanos());
    return pair;
  }

  private static JsonElement ratios(BenchmarkResult result, int depth) {
    RawFigure raw = result.raw(depth).orElse(null);
    if (raw == null || result.measured().isEmpty()) {
      return JsonNull.INSTANCE;
    }
    Measurement measurement = result.measurement();
    Latency latency = measurement.latency();
    return Json.tree(
        new DiskRatios(
            result.throughputRatio(depth),
            Ratios.latency(measurement, raw, latency.p50Nanos(), raw.p50Nanos()),
            Ratios.latency(measurement, raw, latency.p99Nanos(), raw.p99Nanos()),
            Ratios.latency(measurement, raw, latency.p999Nanos(), raw.p999Nanos())));
  }

  private record DiskRatios(
      OptionalDouble throughputRatio,
      OptionalDouble p50Ratio,
      OptionalDouble p99Ratio,
      OptionalDouble p999Ratio) {}

  private static JsonElement known(long value) {
    return value < 0 ? JsonNull.INSTANCE : new JsonPrimitive(value);
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static <T> JsonArray all(List<T> values, Function<T, JsonElement> form) {
    JsonArray array = new JsonArray();
    values.stream().map(form).forEach(array::add);
    return array;
  }
}
