/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.child.RowRun;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.dmalloc.measure.compare.ComparisonHtml;
import org.dmalloc.measure.compare.Sample;
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.disk.RawPattern;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.HtmlPage;
import org.dmalloc.measure.report.Report;

/**
 * What a comparison with peers showed.
 *
 * @param format of this record
 * @param started when, in UTC
 * @param tookSeconds how long all took
 * @param byteSize the data of each contender
 * @param limitBytes the limit of each JVM; 0 for none
 * @param limitedBy how, in words
 * @param runs how often each cell was measured
 * @param cellSeconds how long at a time
 * @param storage the file system and the disk, in words
 * @param machine where
 * @param contenders who
 * @param cells the figures, by row and contender
 * @param raw the raw disk, once in each run
 * @param notes what else should be known
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
  /** The form that this version writes. */
  public static final int FORMAT = 2;

  /**
   * Who took part.
   *
   * @param id its name
   * @param family whose it is
   * @param library what it is
   * @param licence its licence
   * @param settings with what settings
   * @param note what its store said about itself; empty if it came to none
   */
  public record Entrant(
      String id,
      Peer.Family family,
      String library,
      String licence,
      String settings,
      String note) {}

  /**
   * One row over one contender.
   *
   * @param row the row
   * @param contender whose
   * @param runs its figures; empty if there are none
   * @param reason why there are none, or fewer than asked for; else empty
   */
  public record Cell(Row row, String contender, List<RowRun> runs, String reason) {
    /** Copies the list. */
    public Cell {
      runs = List.copyOf(runs);
    }

    /** Pages per second. */
    public Optional<Sample> rate() {
      return runs.isEmpty()
          ? Optional.empty()
          : Optional.of(Sample.of(runs.stream().map(RowRun::pagesPerSecond).toList()));
    }

    /** Bytes read for each byte used, the median; empty if unknown. */
    public OptionalDouble readAmplification() {
      return median(runs.stream().map(RowRun::readAmplification).toList());
    }

    /** Bytes written for each byte of the pages changed, the median; empty if unknown or none. */
    public OptionalDouble writeAmplification() {
      return median(runs.stream().map(RowRun::writeAmplification).toList());
    }

    private static OptionalDouble median(List<Double> figures) {
      List<Double> known = figures.stream().filter(Double::isFinite).toList();
      return known.isEmpty()
          ? OptionalDouble.empty()
          : OptionalDouble.of(Sample.of(known).median());
    }
  }

  /** Copies the lists. */
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

  @Override
  public JsonObject json() {
    return PeerJson.tree(this);
  }

  @Override
  public String summary() {
    return String.format(Locale.ROOT, "comparison with peers, %d cells", cells.size());
  }

  /** The page: plots and all figures. */
  String html() {
    String standings =
        Standing.all(this).stream().map(s -> s.sentence() + '\n').collect(Collectors.joining());
    return HtmlPage.of(
        PeerReport.class,
        "peers",
        "dmalloc and its peers: " + ComparisonHtml.underLimit(byteSize, limitBytes),
        this,
        Map.of("STANDINGS", HtmlPage.text(standings)));
  }

  /** The rows that were asked for, in order. */
  public List<Row> rows() {
    return cells.stream().map(Cell::row).distinct().sorted().toList();
  }

  /** One cell. */
  public Optional<Cell> cell(Row row, String contender) {
    return cells.stream()
        .filter(cell -> cell.row() == row && cell.contender().equals(contender))
        .findFirst();
  }

  /**
   * What the raw disk would give for a row with nothing else in the way, in pages per second; empty
   * where part of the row is served from RAM, or the disk was not measured.
   */
  public Optional<Sample> ceiling(Row row) {
    List<Double> figures = new ArrayList<>();
    for (RawSurvey survey : raw) {
      double figure = ceiling(row, survey);
      if (Double.isFinite(figure)) {
        figures.add(figure);
      }
    }
    return figures.isEmpty() ? Optional.empty() : Optional.of(Sample.of(figures));
  }

  private static double ceiling(Row row, RawSurvey survey) {
    return switch (row) {
      case FILL -> best(survey, RawPattern.SEQUENTIAL_WRITE);
      case SCAN -> best(survey, RawPattern.SEQUENTIAL_READ);
      case RANDOM_READ -> pages(survey, RawPattern.RANDOM_READ, RawDisk.DEPTH_ONE);
      case BATCH_READ -> pages(survey, RawPattern.RANDOM_READ, RawDisk.DEPTH_MANY);
      // A page is read when it is first touched, one at a time, and written with many others.
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
