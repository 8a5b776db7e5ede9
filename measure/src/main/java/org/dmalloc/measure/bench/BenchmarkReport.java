/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import com.google.gson.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.HtmlPage;
import org.dmalloc.measure.report.Report;
import org.dmalloc.report.Units;

/**
 * The result of a benchmark.
 *
 * @param storage by the backend's name
 * @param surveys the raw disk, once for each backend with a file
 * @param results one for each backend, workload and start
 */
public record BenchmarkReport(
    Instant startedAt,
    Duration took,
    BenchmarkPlan plan,
    MachineDescription machine,
    Map<String, Storage> storage,
    List<RawSurvey> surveys,
    List<BenchmarkResult> results,
    List<String> notes)
    implements Report {
  public BenchmarkReport {
    storage = Collections.unmodifiableMap(new LinkedHashMap<>(storage));
    surveys = List.copyOf(surveys);
    results = List.copyOf(results);
    notes = List.copyOf(notes);
  }

  /**
   * What a region lay on.
   *
   * @param backing the region's own description of it
   * @param fileSystem the type of its file system; empty if it has none
   * @param mountPoint empty likewise
   * @param device the disk below; empty if none is known
   * @param readAheadKib the disk's read-ahead; −1 if unknown
   * @param rotational what the disk claims: {@code yes}, {@code no} or {@code unknown}
   * @param allocateNanos includes writing zeros, where a backend reserves space that way
   */
  public record Storage(
      String backing,
      String fileSystem,
      String mountPoint,
      String device,
      long readAheadKib,
      String rotational,
      long allocateNanos) {}

  @Override
  public String text(int width) {
    return BenchmarkTable.render(this, width);
  }

  @Override
  public JsonObject json() {
    return BenchmarkJson.tree(this);
  }

  @Override
  public String summary() {
    return "benchmark of " + results.size() + " rows, " + startedAt;
  }

  public String html() {
    String meaning =
        BenchmarkMeaning.lines(this).stream()
            .map(line -> "<li>" + HtmlPage.text(line) + "</li>\n")
            .collect(Collectors.joining());
    return HtmlPage.of(
        HtmlPage.class,
        "benchmark",
        "dmalloc benchmark, " + Units.bytes(plan.byteSize()),
        this,
        Map.of("MEANING", meaning));
  }

  /** Whether no row failed. */
  public boolean succeeded() {
    return results.stream().noneMatch(r -> r.outcome() instanceof BenchmarkResult.Failed);
  }
}
