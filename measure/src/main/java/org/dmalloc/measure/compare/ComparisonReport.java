/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.measure.report.HtmlPage;
import org.dmalloc.measure.report.Report;
import org.dmalloc.report.Json;
import org.dmalloc.report.Units;

/**
 * The result of a comparison.
 *
 * @param format the version of this record's JSON form
 * @param started in ISO 8601
 * @param byteSize the memory of each contender
 * @param limitBytes the memory limit; 0 where none was permitted
 * @param limitedBy how the limit was set, or why there is none
 * @param cellSeconds how long each cell of the last run was measured
 * @param seed decided content and order
 * @param pageCluster vm.page-cluster, where it was not varied
 * @param swap the swap areas, with the temporary one
 * @param obstacles what invalidates every verdict, and the next steps
 * @param notCompared what was not compared, and what would permit it
 */
public record ComparisonReport(
    int format,
    String started,
    double seconds,
    long byteSize,
    long limitBytes,
    String limitedBy,
    double cellSeconds,
    int runs,
    long seed,
    String storage,
    String pageCluster,
    List<SwapDevice> swap,
    MachineDescription machine,
    List<Entrant> contenders,
    List<Cell> cells,
    List<String> obstacles,
    List<String> notCompared,
    List<String> notes)
    implements Report {
  public static final int FORMAT = 4;

  private static final String SCHEMA = "dmalloc-comparison";

  public ComparisonReport {
    swap = List.copyOf(swap);
    contenders = List.copyOf(contenders);
    cells = List.copyOf(cells);
    obstacles = List.copyOf(obstacles);
    notCompared = List.copyOf(notCompared);
    notes = List.copyOf(notes);
  }

  /**
   * A contender.
   *
   * @param announced whether it announces pages in batches
   * @param note the child's description of its memory
   * @param command the command that allocates such memory; empty if none does
   * @param settings kernel settings while it ran, by their file
   * @param peakChargedBytes the peak charge of its cgroup, page cache and JVM included; {@link
   *     Measurement#UNKNOWN} where the kernel does not report it
   */
  public record Entrant(
      String id,
      Family family,
      boolean announced,
      String note,
      String command,
      Map<String, String> settings,
      long peakChargedBytes) {}

  /**
   * One workload over one contender. The failure says why a run gave no figures; empty if all did.
   */
  public record Cell(
      ComparedWorkload workload, String contender, List<Measurement> runs, String failure) {
    public Cell {
      runs = List.copyOf(runs);
    }

    /** Operations per second. */
    public Optional<Sample> speed() {
      return Sample.known(runs.stream().mapToDouble(Measurement::operationsPerSecond));
    }
  }

  @Override
  public String text(int width) {
    return ComparisonTable.render(this, width);
  }

  /** The record, and what readers then need not compute: verdicts and medians of cells. */
  @Override
  public JsonObject json() {
    JsonObject root = Json.form(SCHEMA, this);
    JsonArray medians = new JsonArray();
    for (Cell cell : cells) {
      CellSummary.of(cell).ifPresent(summary -> medians.add(medians(cell, summary)));
    }
    root.add("medians", medians);
    root.add("verdicts", Json.tree(Verdict.all(this)));
    return root;
  }

  private static JsonObject medians(Cell cell, CellSummary summary) {
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

  /** Reads the JSON form. */
  public static ComparisonReport read(Path file) throws IOException {
    return Json.read(file, SCHEMA, FORMAT, ComparisonReport.class, "compare --save");
  }

  @Override
  public String summary() {
    return "comparison of " + cells.size() + " cells, " + started;
  }

  /**
   * A page without external resources: verdicts, charts and all figures, with the JSON form
   * embedded.
   */
  public String html() {
    String caution =
        obstacles.isEmpty()
            ? ""
            : "<p><strong>No verdicts: "
                + HtmlPage.text(String.join("; ", obstacles))
                + ".</strong></p>";
    StringBuilder verdicts = new StringBuilder();
    for (Verdict verdict : Verdict.all(this)) {
      String label = verdict.workload().label();
      append(verdicts, label, verdict.sentence().substring(label.length() + 2), verdict.advice());
    }
    Verdict.overall(this)
        .ifPresent(
            line -> append(verdicts, "all of these", "the highest mean, no one left out", line));
    return HtmlPage.of(
        HtmlPage.class,
        "comparison",
        "File or swap: " + underLimit(byteSize, limitBytes),
        this,
        Map.of("VERDICTS", verdicts.toString(), "CAUTION", caution));
  }

  private static void append(StringBuilder list, String name, String sentence, String advice) {
    list.append("<dt>").append(HtmlPage.text(name)).append("</dt><dd>");
    list.append(HtmlPage.text(sentence));
    if (!advice.isEmpty()) {
      list.append("<code>").append(HtmlPage.text(advice)).append("</code>");
    }
    list.append("</dd>\n");
  }

  /** Describes the data size and its limit. */
  public static String underLimit(long byteSize, long limitBytes) {
    return Units.bytes(byteSize)
        + (limitBytes == 0 ? " without a limit" : " in " + Units.bytes(limitBytes) + " of RAM");
  }

  /** The measured workloads, in their order. */
  public List<ComparedWorkload> workloads() {
    return cells.stream().map(Cell::workload).distinct().sorted().toList();
  }

  public Entrant entrant(String id) {
    return contenders.stream()
        .filter(entrant -> entrant.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no contender " + id + " in this report"));
  }

  /** The cells of a workload, in the order of the contenders. */
  public List<Cell> cellsOf(ComparedWorkload workload) {
    return cells.stream().filter(cell -> cell.workload() == workload).toList();
  }
}
