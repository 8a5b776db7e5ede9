/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.child.RowRun;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.dmalloc.measure.compare.ComparisonReport;
import org.dmalloc.measure.compare.Sample;
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.disk.RawPattern;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.HtmlPage;
import org.dmalloc.measure.report.Report;
import org.dmalloc.report.Json;

/**
 * The result of a comparison with peers.
 *
 * @param started in UTC
 * @param limitBytes the limit of each JVM; 0 for none
 * @param storage the file system and the disk, in words
 * @param raw the raw disk, once in each run
 */
public record PeerReport(
    int format,
    String started,
    double tookSeconds,
    long byteSize,
    long limitBytes,
    String limitedBy,
    int runs,
    double cellSeconds,
    String storage,
    MachineDescription machine,
    List<Entrant> contenders,
    List<Cell> cells,
    List<RawSurvey> raw,
    List<String> notes)
    implements Report {
  /** The version of the JSON form. */
  public static final int FORMAT = 2;

  private static final String SCHEMA = "dmalloc-peers";

  /** A contender, with its store's note; empty if no store was opened. */
  public record Entrant(
      String id,
      Peer.Family family,
      String library,
      String licence,
      String settings,
      String note) {}

  /** One row over one contender. The reason says why runs are missing; else it is empty. */
  public record Cell(Row row, String contender, List<RowRun> runs, String reason) {
    public Cell {
      runs = List.copyOf(runs);
    }

    /** Pages per second. */
    public Optional<Sample> rate() {
      return known(RowRun::pagesPerSecond);
    }

    /** The median of bytes read for each byte used; NaN if unknown. */
    public double readAmplification() {
      return known(RowRun::readAmplification).map(Sample::median).orElse(Double.NaN);
    }

    /** The median of bytes written for each byte of the pages changed; NaN if unknown or none. */
    public double writeAmplification() {
      return known(RowRun::writeAmplification).map(Sample::median).orElse(Double.NaN);
    }

    private Optional<Sample> known(ToDoubleFunction<RowRun> figure) {
      return Sample.known(runs.stream().mapToDouble(figure));
    }
  }

  public PeerReport {
    contenders = List.copyOf(contenders);
    cells = List.copyOf(cells);
    raw = List.copyOf(raw);
    notes = List.copyOf(notes);
  }

  @Override
  public String text(int width) {
    return PeerTable.render(this, width);
  }

  /** The record, and what readers then need not compute: medians, ceilings, standings. */
  @Override
  public JsonObject json() {
    JsonObject root = Json.form(SCHEMA, this);
    JsonArray medians = new JsonArray();
    for (Cell cell : cells) {
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
    JsonArray texts = new JsonArray();
    for (Row row : rows()) {
      ceiling(row).ifPresent(rate -> ceilings.add(figure(row, rate)));
      JsonObject text = new JsonObject();
      text.addProperty("row", row.label());
      text.addProperty("description", row.description());
      text.addProperty("inBytes", row.inBytes());
      texts.add(text);
    }
    root.add("ceilings", ceilings);
    root.add("rowTexts", texts);
    root.add("standings", Json.tree(Standing.all(this).stream().map(Standing::sentence).toList()));
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

  /** Reads the JSON form. */
  static PeerReport read(Path file) throws IOException {
    return Json.read(file, SCHEMA, FORMAT, PeerReport.class, "--json");
  }

  @Override
  public String summary() {
    return "comparison with peers, " + cells.size() + " cells";
  }

  /** The HTML page: plots and all figures. */
  String html() {
    String standings =
        Standing.all(this).stream().map(s -> s.sentence() + '\n').collect(Collectors.joining());
    return HtmlPage.of(
        PeerReport.class,
        "peers",
        "dmalloc and its peers: " + ComparisonReport.underLimit(byteSize, limitBytes),
        this,
        Map.of("STANDINGS", HtmlPage.text(standings)));
  }

  /** The selected rows, in order. */
  public List<Row> rows() {
    return cells.stream().map(Cell::row).distinct().sorted().toList();
  }

  public Optional<Cell> cell(Row row, String contender) {
    return cells.stream()
        .filter(cell -> cell.row() == row && cell.contender().equals(contender))
        .findFirst();
  }

  /**
   * The raw disk's rate for a row, in pages per second; empty where RAM serves part of the row, or
   * the disk was not measured.
   */
  public Optional<Sample> ceiling(Row row) {
    return Sample.known(raw.stream().mapToDouble(survey -> ceiling(row, survey)));
  }

  private static double ceiling(Row row, RawSurvey survey) {
    return switch (row) {
      case FILL -> best(survey, RawPattern.SEQUENTIAL_WRITE);
      case SCAN -> best(survey, RawPattern.SEQUENTIAL_READ);
      case RANDOM_READ -> pages(survey, RawPattern.RANDOM_READ, RawDisk.DEPTH_ONE);
      case BATCH_READ -> pages(survey, RawPattern.RANDOM_READ, RawDisk.DEPTH_MANY);
      // Each page is read alone when it is first touched, and written with many others.
      case RANDOM_WRITE ->
          1
              / (1 / pages(survey, RawPattern.RANDOM_READ, RawDisk.DEPTH_ONE)
                  + 1 / pages(survey, RawPattern.RANDOM_WRITE, RawDisk.DEPTH_MANY));
      case PHASES -> both(survey, Row.SCANNED_TO_TOUCHED_IN_PHASES);
      case HALVES -> both(survey, Row.SCANNED_TO_TOUCHED_IN_HALVES);
      case ZIPF, MIXED -> Double.NaN;
    };
  }

  /** One page read alone, and so many in order. */
  private static double both(RawSurvey survey, int inOrder) {
    return (1 + inOrder)
        / (1 / pages(survey, RawPattern.RANDOM_READ, RawDisk.DEPTH_ONE)
            + inOrder / best(survey, RawPattern.SEQUENTIAL_READ));
  }

  private static double best(RawSurvey survey, RawPattern pattern) {
    return Math.max(
        pages(survey, pattern, RawDisk.DEPTH_ONE), pages(survey, pattern, RawDisk.DEPTH_MANY));
  }

  private static double pages(RawSurvey survey, RawPattern pattern, int depth) {
    return survey
        .figure(pattern, depth)
        .map(figure -> figure.operationsPerSecond() * pattern.blockBytes() / 4096)
        .orElse(Double.NaN);
  }
}
