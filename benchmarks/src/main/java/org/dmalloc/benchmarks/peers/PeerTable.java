/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.dmalloc.benchmarks.peers.PeerReport.Cell;
import org.dmalloc.benchmarks.peers.PeerReport.Entrant;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.store.Peer.Family;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.compare.Sample;
import org.dmalloc.report.Lines;
import org.dmalloc.report.Table;
import org.dmalloc.report.Table.Column;
import org.dmalloc.report.Units;
import org.jspecify.annotations.Nullable;

/** The report as text: a line for each contender, a column for each row of the comparison. */
final class PeerTable {
  private static final String NONE = "-";
  private static final String LEADS = "*";
  private static final double TWO_PLACES_BELOW = 9.995;

  private PeerTable() {}

  static String render(PeerReport report, int width) {
    StringBuilder text = new StringBuilder(report.machine().sentence()).append('\n');
    text.append(
        String.format(
            Locale.ROOT,
            "%s of data%s; %s; %d runs of %s s a cell; %s, took %d s\n",
            Units.bytes(report.byteSize()),
            report.limitBytes() == 0
                ? ", no limit"
                : String.format(
                    Locale.ROOT,
                    " in %s of RAM (%s)",
                    Units.bytes(report.limitBytes()),
                    report.limitedBy()),
            report.storage(),
            report.runs(),
            Units.ratio(report.cellSeconds()),
            report.started(),
            Math.round(report.tookSeconds())));
    text.append("\nMedians; MB/s for fill and scan, pages of 4 KiB a second for the others; ")
        .append(LEADS)
        .append(" the best, and what draws with it\n\n");
    text.append(table(report, true, (row, line) -> leading(report, row, line)).render(width));
    text.append(
        "\nSpread of the runs: half of their width (of four or more: of the middle half), in % of the median\n\n");
    text.append(
        table(report, true, (row, line) -> line.rate(report, row).map(PeerTable::spread))
            .render(width));
    text.append(
        "\nBytes read from the disk for each byte of the pages used / written for each byte of the pages changed\n\n");
    text.append(
        table(report, false, (row, line) -> line.cell(report, row).map(PeerTable::amplification))
            .render(width));
    text.append('\n');
    Standing.all(report).forEach(standing -> text.append(standing.sentence()).append('\n'));
    reasons(report).forEach(line -> text.append(line).append('\n'));
    report.notes().forEach(line -> text.append("note: ").append(line).append('\n'));
    return Lines.wrap(text.toString(), width);
  }

  /** A contender, or the raw disk, which has no family. */
  private record Line(String id, @Nullable Family family) {
    Optional<Cell> cell(PeerReport report, Row row) {
      return report.cell(row, id).filter(cell -> !cell.runs().isEmpty());
    }

    Optional<Sample> rate(PeerReport report, Row row) {
      return family == null ? report.ceiling(row) : report.cell(row, id).flatMap(Cell::rate);
    }

    /** Groups our contenders, the peers and the disk. */
    int group() {
      return family == null ? 2 : family == Family.PEER ? 1 : 0;
    }
  }

  private static Table<Line> table(
      PeerReport report, boolean disk, BiFunction<Row, Line, Optional<String>> figure) {
    List<Column<Line>> columns = new ArrayList<>(List.of(left("contender", Line::id)));
    for (Row row : report.rows()) {
      columns.add(right(row.label(), line -> figure.apply(row, line).orElse(NONE)));
    }
    List<Line> lines = new ArrayList<>();
    report.contenders().forEach(entrant -> lines.add(new Line(entrant.id(), entrant.family())));
    if (disk) {
      lines.add(new Line("raw disk", null));
    }
    return new Table<>(columns).groupedBy(Line::group, 0).rows(lines);
  }

  /** Every cell has a place for the mark, so that the figures are aligned. */
  private static Optional<String> leading(PeerReport report, Row row, Line line) {
    boolean leads = Standing.leaders(report, row).contains(line.id());
    String figure = line.rate(report, row).map(rate -> rate(row, rate)).orElse(NONE);
    return Optional.of(figure + (leads ? LEADS : " "));
  }

  private static String amplification(Cell cell) {
    double written = cell.writeAmplification();
    return ratio(cell.readAmplification()) + (Double.isNaN(written) ? "" : " / " + ratio(written));
  }

  /** Why cells are empty or lack runs: a line for each contender and reason. */
  private static List<String> reasons(PeerReport report) {
    List<String> lines = new ArrayList<>();
    for (Entrant entrant : report.contenders()) {
      Map<String, String> rows = new LinkedHashMap<>();
      for (Cell cell : report.cells()) {
        if (cell.contender().equals(entrant.id()) && !cell.reason().isEmpty()) {
          rows.merge(cell.reason(), cell.row().label(), (one, more) -> one + ", " + more);
        }
      }
      rows.forEach((reason, labels) -> lines.add(entrant.id() + ": " + labels + ": " + reason));
    }
    return lines;
  }

  private static String rate(Row row, Sample rate) {
    return row.inBytes()
        ? Units.megabytes(rate.median() * PageContent.PAGE_BYTES)
        : Units.count(rate.median());
  }

  private static String spread(Sample rate) {
    return String.format(Locale.ROOT, "%.0f", 100 * rate.spread());
  }

  private static String ratio(double ratio) {
    return Double.isNaN(ratio)
        ? NONE
        : ratio < TWO_PLACES_BELOW ? String.format(Locale.ROOT, "%.2f", ratio) : Units.ratio(ratio);
  }
}
