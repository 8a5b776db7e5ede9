/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.measure.FixedMeasurement;
import org.dmalloc.measure.Latency;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.Workloads;
import org.dmalloc.measure.bench.BenchmarkResult.Failed;
import org.dmalloc.measure.bench.BenchmarkResult.Measured;
import org.dmalloc.measure.bench.BenchmarkResult.NotRun;
import org.dmalloc.measure.disk.RawFigure;
import org.dmalloc.measure.disk.RawPattern;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.machine.KernelCounts;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.report.Json;
import org.dmalloc.report.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ReportFormsTest {
  private static final RawFigure RANDOM_ONE =
      new RawFigure(RawPattern.RANDOM_READ, 1, 20_000, 40_000, 80_000, 900_000, "fio 3.33 psync");
  private static final RawFigure RANDOM_MANY =
      new RawFigure(
          RawPattern.RANDOM_READ, 32, 80_000, 350_000, 900_000, 5_000_000, "fio 3.33 io_uring");
  private static final RawFigure ORDER_ONE =
      new RawFigure(RawPattern.SEQUENTIAL_READ, 1, 1_000, 900_000, 1, 1, "fio 3.33 psync");

  @Test
  void randomWorkloadsCompareOperationsAndThoseInOrderBytes() {
    Measurement measurement = measurement(30_000, 4096, 1);
    assertEquals(OptionalDouble.of(1.5), Ratios.throughput(measurement, RANDOM_ONE));
    assertEquals(OptionalDouble.of(0.375), Ratios.throughput(measurement, RANDOM_MANY));
    double bytes = 30_000.0 * 4096 / (1_000 * 1_048_576.0);
    assertEquals(bytes, Ratios.throughput(measurement, ORDER_ONE).orElseThrow(), 1e-12);
  }

  @Test
  void latenciesCompareOnlyWhereBothAreSinglePages() {
    Measurement single = measurement(1, 4096, 1);
    Measurement grouped = measurement(1, 8, 64);
    assertEquals(OptionalDouble.of(0.5), Ratios.latency(single, RANDOM_ONE, 20_000, 40_000));
    assertEquals(OptionalDouble.empty(), Ratios.latency(grouped, RANDOM_ONE, 20_000, 40_000));
    assertEquals(OptionalDouble.empty(), Ratios.latency(single, ORDER_ONE, 20_000, 40_000));
    assertEquals(OptionalDouble.empty(), Ratios.latency(single, RANDOM_ONE, 20_000, 0));
  }

  @Test
  void everyWorkloadHasTheRawFigureThatMatchesIt() {
    Map<String, RawPattern> expected =
        Map.of(
            "fill", RawPattern.SEQUENTIAL_WRITE,
            "read", RawPattern.SEQUENTIAL_READ,
            "random-read", RawPattern.RANDOM_READ,
            "zipf-read", RawPattern.RANDOM_READ,
            "batch-read", RawPattern.RANDOM_READ,
            "visit-read", RawPattern.RANDOM_READ,
            "gather-read", RawPattern.RANDOM_READ,
            "random-write", RawPattern.RANDOM_WRITE,
            "scatter-write", RawPattern.RANDOM_WRITE);
    for (Workload workload : Workloads.standard()) {
      assertEquals(expected.get(workload.name()), Ratios.counterpart(workload), workload::name);
    }
  }

  @Test
  void theTableShowsFiguresRatiosReasonsAndErrors() {
    String table = report("x").text(Table.ANY_WIDTH);
    assertLine(
        table,
        "random-read +cold +panama +30\\.0k† +1\\.50 +0\\.38 +123 +20\\.0 µs +90\\.0 µs +1\\.00 ms"
            + " +5 +123 +0");
    assertLine(table, " +anon +- warm only: no swap");
    assertLine(table, "random-read +warm +panama +.*~20\\.0 µs.*");
    assertLine(table, " +anon +ERROR x");
    assertLine(table, "alloc-free +- +panama .* - +- +- .*");
    assertLine(table, "random read 4\\.00 KiB +panama +32 +80\\.0k +328 .*fio 3\\.33 io_uring");
    assertLine(
        table,
        "advice: NORMAL for .*|advice: RANDOM for random-read; SEQUENTIAL for read \\(panama\\); none taken by anon");
    assertLine(
        table,
        "panama: ext4 file on /, disk sda BIG, read_ahead_kb 128, rotational no, allocated in 67\\.0 ms");
  }

  @ParameterizedTest
  @ValueSource(ints = {80, 120})
  void noLineIsWiderThanTheTerminal(int width) {
    String text = report("an error in more words than a line has room for ".repeat(4)).text(width);
    text.lines()
        .filter(line -> !line.strip().startsWith(BenchmarkMeaning.PROGRAM))
        .forEach(line -> assertTrue(line.codePointCount(0, line.length()) <= width, line));
    assertLine(text, " +anon +ERROR an error in more words .*");
  }

  @Test
  void jsonKeepsItsShape() {
    JsonObject root = JsonParser.parseString(Json.print(report("x").json())).getAsJsonObject();
    assertEquals(
        List.of(
            "schema",
            "schemaVersion",
            "startedAt",
            "tookNanos",
            "machine",
            "settings",
            "storage",
            "rawDisk",
            "results",
            "notes",
            "meaning"),
        List.copyOf(root.keySet()));
    assertEquals("dmalloc-benchmark", root.get("schema").getAsString());
    assertEquals(2, root.get("schemaVersion").getAsInt());
    assertEquals(
        List.of(
            "processor",
            "processors",
            "memoryBytes",
            "memoryLimitBytes",
            "kernel",
            "system",
            "jdk",
            "swap",
            "settings"),
        List.copyOf(root.getAsJsonObject("machine").keySet()));
    JsonArray results = root.getAsJsonArray("results");
    JsonObject first = results.get(0).getAsJsonObject();
    assertEquals(
        List.of(
            "backend",
            "workload",
            "start",
            "threads",
            "advice",
            "status",
            "reason",
            "measurement",
            "rawDepth1",
            "rawDepth32"),
        List.copyOf(first.keySet()));
    assertEquals(
        List.of(
            "operations",
            "elapsedNanos",
            "forceNanos",
            "bytesPerOperation",
            "finished",
            "operationsPerSecond",
            "durableOperationsPerSecond",
            "durableBytesPerSecond",
            "latencyGroupSize",
            "minNanos",
            "meanNanos",
            "p50Nanos",
            "p99Nanos",
            "p999Nanos",
            "maxNanos",
            "latencyCurve",
            "majorFaults",
            "minorFaults",
            "cpuNanos",
            "processReadBytes",
            "processWrittenBytes",
            "deviceReadBytes",
            "deviceWrittenBytes",
            "residentShareAtStart",
            "answeredByRam",
            "pagesReadPerWait"),
        List.copyOf(first.getAsJsonObject("measurement").keySet()));
    assertEquals(
        1.5, first.getAsJsonObject("rawDepth1").get("throughputRatio").getAsDouble(), 1e-12);
    assertTrue(root.getAsJsonObject("machine").get("memoryLimitBytes").isJsonNull());
    assertEquals("notRun", results.get(1).getAsJsonObject().get("status").getAsString());
    assertTrue(results.get(1).getAsJsonObject().get("measurement").isJsonNull());
    assertEquals("failed", results.get(3).getAsJsonObject().get("status").getAsString());
  }

  @Test
  void thePageLoadsNothing() {
    String page = report("x").html();
    assertFalse(
        Pattern.compile("(?i)<(script|img|iframe|link|object|embed|source)[^>]*\\s(src|href)\\s*=")
            .matcher(page)
            .find());
    assertFalse(page.contains("@import"));
    assertFalse(page.contains("sourceMappingURL"));
    assertFalse(Pattern.compile("url\\(\\s*['\"]?https?:").matcher(page).find());
    assertFalse(Pattern.compile("@[A-Z_]+@").matcher(page).find());
    assertTrue(page.contains("default-src 'none'"));
    assertTrue(page.contains("Chart.js v"));
    assertTrue(page.contains("The MIT License (MIT)"));
  }

  @Test
  void nothingInAReportBreaksOutOfThePage() {
    String page = report("</script><script>alert(1)</script>@DATA@").html();
    assertFalse(page.contains("<script>alert(1)"));
    String start = "<script type=\"application/json\" id=\"report\">";
    int from = page.indexOf(start) + start.length();
    String data = page.substring(from, page.indexOf("</script>", from));
    JsonObject root = JsonParser.parseString(data).getAsJsonObject();
    assertEquals(
        "</script><script>alert(1)</script>@DATA@",
        root.getAsJsonArray("results").get(3).getAsJsonObject().get("reason").getAsString());
  }

  private static void assertLine(String text, String pattern) {
    Pattern whole = Pattern.compile(pattern);
    assertTrue(
        text.lines().anyMatch(line -> whole.matcher(line).matches()),
        () -> "no line like " + pattern + " in\n" + text);
  }

  private static Measurement measurement(long operations, long bytes, int group) {
    return FixedMeasurement.of(
        operations,
        1_000_000_000,
        0,
        bytes,
        new Latency(
            group,
            1_000,
            25_000.0,
            20_000,
            90_000,
            1_000_000,
            2_000_000,
            List.of(new Latency.Point(50, 20_000), new Latency.Point(100, 2_000_000))),
        new KernelCounts(5, 6, 7, operations * bytes, 0, 8, 9, "/proc/vmstat", 1, 2, -1, -1));
  }

  private static BenchmarkReport report(String error) {
    Workload random = Workloads.RANDOM_READ;
    Workload allocate = Workloads.named("alloc-free");
    return new BenchmarkReport(
        Instant.parse("2026-01-02T03:04:05Z"),
        Duration.ofSeconds(9),
        BenchmarkPlan.ofSize(256L << 20).withWorkloads(List.of(random, Workloads.READ, allocate)),
        new MachineDescription(
            "Some CPU",
            2,
            16L << 30,
            -1,
            "Linux 6.12",
            "Some Linux",
            "25",
            List.of(new SwapDevice("/swapfile", SwapDevice.Kind.FILE, 1, 0, -2)),
            Map.of("/proc/sys/vm/swappiness", "60")),
        Map.of(
            "panama",
            new BenchmarkReport.Storage(
                "ext4 file", "ext4", "/", "sda BIG", 128, "no", 67_000_000)),
        List.of(new RawSurvey("panama", "a file", List.of(RANDOM_ONE, RANDOM_MANY), List.of())),
        List.of(
            row("panama", random, Start.COLD, new Measured(measurement(30_000, 4096, 1), 0)),
            row("anon", random, Start.COLD, new NotRun("warm only: no swap")),
            row("panama", random, Start.WARM, new Measured(measurement(30_000, 8, 64), 1)),
            row("anon", random, Start.WARM, new Failed(error, new IOException(error))),
            new BenchmarkResult(
                "panama",
                allocate,
                Start.WARM,
                1,
                null,
                new Measured(measurement(100, 0, 1), -1),
                null,
                null)),
        List.of("a note"));
  }

  private static BenchmarkResult row(
      String backend, Workload workload, Start start, BenchmarkResult.Outcome outcome) {
    return new BenchmarkResult(
        backend,
        workload,
        start,
        1,
        backend.equals("panama") ? AccessPattern.RANDOM : null,
        outcome,
        RANDOM_ONE,
        RANDOM_MANY);
  }
}
