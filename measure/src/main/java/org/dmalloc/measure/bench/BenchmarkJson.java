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
import java.util.OptionalLong;
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
 * The JSON form of a benchmark's report. Every member is always there; {@code null} stands for what
 * is unknown, was not measured, or means nothing. Times are in nanoseconds, sizes in bytes.
 */
final class BenchmarkJson {
  /** The version of this form; grows when a member changes its meaning or goes away. */
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
        .forEach((backend, s) -> storage.add(backend, unknownToNull(Json.tree(s), "readAheadKib")));
    root.add("storage", storage);
    root.add("rawDisk", array(report.surveys().stream().map(BenchmarkJson::survey).toList()));
    root.add("results", array(report.results().stream().map(BenchmarkJson::result).toList()));
    root.add("notes", Json.tree(report.notes()));
    root.add("meaning", Json.tree(BenchmarkMeaning.lines(report)));
    return root;
  }

  private static JsonObject machine(MachineDescription machine) {
    JsonObject object = unknownToNull(Json.tree(machine), "memoryBytes", "memoryLimitBytes");
    object.add("swap", array(machine.swap().stream().map(BenchmarkJson::swap).toList()));
    return object;
  }

  private static JsonElement swap(SwapDevice device) {
    JsonObject object = Json.tree(device).getAsJsonObject();
    object.addProperty("kind", lower(device.kind()));
    object.remove("usedBytes");
    return object;
  }

  /** An object as it is, but for figures that are unknown, for which our records have −1. */
  private static JsonObject unknownToNull(JsonElement tree, String... names) {
    JsonObject object = tree.getAsJsonObject();
    for (String name : names) {
      object.add(name, known(object.get(name).getAsLong()));
    }
    return object;
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
    JsonArray workloads = new JsonArray();
    for (Workload workload : plan.workloads()) {
      JsonObject entry = new JsonObject();
      entry.addProperty("name", workload.name());
      entry.addProperty("operation", workload.operation());
      entry.addProperty("kind", lower(workload.kind()));
      entry.addProperty("inOrder", workload.pattern() == AccessPattern.SEQUENTIAL);
      workloads.add(entry);
    }
    object.add("workloads", workloads);
    return object;
  }

  private static JsonObject survey(RawSurvey survey) {
    JsonObject object = new JsonObject();
    object.addProperty("backend", survey.subject());
    object.addProperty("file", survey.file());
    object.add("figures", array(survey.figures().stream().map(BenchmarkJson::raw).toList()));
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
    object.addProperty("operations", measurement.operations());
    object.addProperty("elapsedNanos", measurement.elapsedNanos());
    object.addProperty("forceNanos", Math.max(0, measurement.forceNanos()));
    object.addProperty("bytesPerOperation", measurement.bytesPerOperation());
    object.addProperty("finished", measurement.finished());
    object.addProperty("operationsPerSecond", measurement.operationsPerSecond());
    object.addProperty("durableOperationsPerSecond", measurement.durableOperationsPerSecond());
    object.addProperty("durableBytesPerSecond", measurement.durableBytesPerSecond());
    object.addProperty("latencyGroupSize", latency.groupSize());
    object.addProperty("minNanos", latency.minNanos());
    object.addProperty("meanNanos", latency.meanNanos());
    object.addProperty("p50Nanos", latency.p50Nanos());
    object.addProperty("p99Nanos", latency.p99Nanos());
    object.addProperty("p999Nanos", latency.p999Nanos());
    object.addProperty("maxNanos", latency.maxNanos());
    JsonArray curve = new JsonArray();
    for (Latency.Point point : latency.curve()) {
      JsonArray pair = new JsonArray();
      pair.add(point.percentile());
      pair.add(point.nanos());
      curve.add(pair);
    }
    object.add("latencyCurve", curve);
    object.add("majorFaults", known(counters.majorFaults()));
    object.add("minorFaults", known(counters.minorFaults()));
    object.add("cpuNanos", known(counters.cpuNanos()));
    object.add("processReadBytes", known(counters.readBytes()));
    object.add("processWrittenBytes", known(counters.writtenBytes()));
    object.add("deviceReadBytes", known(counters.deviceReadBytes()));
    object.add("deviceWrittenBytes", known(counters.deviceWrittenBytes()));
    double resident = measured.residentShareAtStart();
    object.addProperty("residentShareAtStart", resident < 0 ? null : resident);
    OptionalLong pages = BenchmarkMeaning.pagesPerWait(result);
    object.addProperty("answeredByRam", BenchmarkMeaning.fromRam(result));
    object.addProperty("pagesReadPerWait", pages.isPresent() ? pages.getAsLong() : null);
    return object;
  }

  private static JsonElement ratios(BenchmarkResult result, int depth) {
    RawFigure raw = result.raw(depth).orElse(null);
    Measurement measurement =
        result.measured().map(BenchmarkResult.Measured::measurement).orElse(null);
    if (raw == null || measurement == null) {
      return JsonNull.INSTANCE;
    }
    Latency latency = measurement.latency();
    JsonObject object = new JsonObject();
    object.add("throughputRatio", known(result.throughputRatio(depth)));
    object.add(
        "p50Ratio", known(Ratios.latency(measurement, raw, latency.p50Nanos(), raw.p50Nanos())));
    object.add(
        "p99Ratio", known(Ratios.latency(measurement, raw, latency.p99Nanos(), raw.p99Nanos())));
    object.add(
        "p999Ratio", known(Ratios.latency(measurement, raw, latency.p999Nanos(), raw.p999Nanos())));
    return object;
  }

  private static JsonElement known(long value) {
    return value < 0 ? JsonNull.INSTANCE : new JsonPrimitive(value);
  }

  private static JsonElement known(OptionalDouble value) {
    return value.isPresent() ? new JsonPrimitive(value.getAsDouble()) : JsonNull.INSTANCE;
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static JsonArray array(List<? extends JsonElement> elements) {
    JsonArray array = new JsonArray();
    elements.forEach(array::add);
    return array;
  }
}
