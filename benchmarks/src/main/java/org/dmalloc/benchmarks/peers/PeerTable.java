/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.dmalloc.benchmarks.peers.PeerReport.Cell;
import org.dmalloc.benchmarks.peers.PeerReport.Entrant;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.compare.Sample;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.TextTable;
import org.dmalloc.measure.report.TextTable.Column;
import org.dmalloc.measure.report.Units;

/** The report as text: a line for each contender, a column for each row of the comparison. */
final class PeerTable {
  private static final String NONE = "-";
  private static final String LEADS = "*";
  private static final double TWO_PLACES_BELOW = 9.995;

  private PeerTable() {}

  static String render(PeerReport report) {
    StringBuilder text = new StringBuilder();
    MachineDescription machine = report.machine();
    text.append(
        String.format(
            Locale.ROOT,
            "%s, %d processors, %s, %s, Java %s\n",
            machine.processor(),
            machine.processors(),
            Units.bytes(machine.memoryBytes()),
            machine.kernel(),
            machine.jdk()));
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
    rates(text, report);
    text.append(
        "\nSpread of the runs: half of their width (of four or more: of the middle half), in % of the median\n\n");
    spreads(text, report);
    text.append(
        "\nBytes read from the disk for each byte of the pages used / written for each byte of the pages changed\n\n");
    amplifications(text, report);
    text.append('\n');
    for (Standing standing : Standing.all(report)) {
      text.append(standing.sentence()).append('\n');
    }
    reasons(report).forEach(line -> text.append(line).append('\n'));
    report.notes().forEach(line -> text.append("note: ").append(line).append('\n'));
    return text.toString();
  }

  private static TextTable table(PeerReport report) {
    List<Column> columns = new ArrayList<>(List.of(Column.left("contender")));
    report.rows().forEach(row -> columns.add(Column.right(row.label())));
    return new TextTable(columns.toArray(Column[]::new));
  }

  private static void rates(StringBuilder text, PeerReport report) {
    TextTable table = table(report);
    boolean peers = false;
    for (Entrant entrant : report.contenders()) {
      boolean peer = entrant.family() == org.dmalloc.benchmarks.peers.store.Peer.Family.PEER;
      if (peer && !peers) {
        table.rule();
      }
      peers = peer;
      table.row(
          line(
              entrant.id(),
              report,
              row ->
                  report
                      .cell(row, entrant.id())
                      .flatMap(Cell::rate)
                      .map(
                          rate ->
                              rate(row, rate)
                                  + (Standing.leaders(report, row).contains(entrant.id())
                                      ? LEADS
                                      : " "))
                      .orElse(NONE + " ")));
    }
    table.rule();
    table.row(
        line(
            "raw disk",
            report,
            row -> report.ceiling(row).map(rate -> rate(row, rate) + " ").orElse(NONE + " ")));
    text.append(table.render());
  }

  private static void spreads(StringBuilder text, PeerReport report) {
    TextTable table = table(report);
    for (Entrant entrant : report.contenders()) {
      table.row(
          line(
              entrant.id(),
              report,
              row ->
                  report
                      .cell(row, entrant.id())
                      .flatMap(Cell::rate)
                      .map(PeerTable::spread)
                      .orElse(NONE)));
    }
    table.rule();
    table.row(
        line("raw disk", report, row -> report.ceiling(row).map(PeerTable::spread).orElse(NONE)));
    text.append(table.render());
  }

  private static void amplifications(StringBuilder text, PeerReport report) {
    TextTable table = table(report);
    for (Entrant entrant : report.contenders()) {
      table.row(
          line(
              entrant.id(),
              report,
              row -> {
                Optional<Cell> cell =
                    report.cell(row, entrant.id()).filter(c -> !c.runs().isEmpty());
                return cell.map(
                        c ->
                            ratio(c.readAmplification())
                                + (c.writeAmplification().isPresent()
                                    ? " / " + ratio(c.writeAmplification())
                                    : ""))
                    .orElse(NONE);
              }));
    }
    text.append(table.render());
  }

  /** Why cells are empty, or have fewer runs. */
  private static List<String> reasons(PeerReport report) {
    List<String> lines = new ArrayList<>();
    for (Entrant entrant : report.contenders()) {
      for (String reason :
          report.cells().stream()
              .filter(c -> c.contender().equals(entrant.id()) && !c.reason().isEmpty())
              .map(Cell::reason)
              .distinct()
              .toList()) {
        List<String> rows =
            report.cells().stream()
                .filter(c -> c.contender().equals(entrant.id()) && c.reason().equals(reason))
                .map(c -> c.row().label())
                .toList();
        lines.add(
            String.format(
                Locale.ROOT, "%s: %s: %s", entrant.id(), String.join(", ", rows), reason));
      }
    }
    return lines;
  }

  private interface Figure {
    String of(Row row);
  }

  private static String[] line(String name, PeerReport report, Figure figure) {
    List<String> cells = new ArrayList<>(List.of(name));
    report.rows().forEach(row -> cells.add(figure.of(row)));
    return cells.toArray(String[]::new);
  }

  private static String rate(Row row, Sample rate) {
    return row.inBytes()
        ? Units.megabytes(rate.median() * PageContent.PAGE_BYTES)
        : Units.count(rate.median());
  }

  private static String spread(Sample rate) {
    return String.format(Locale.ROOT, "%.0f", 100 * rate.spread());
  }

  private static String ratio(OptionalDouble ratio) {
    if (ratio.isEmpty()) {
      return NONE;
    }
    double value = ratio.getAsDouble();
    return value < TWO_PLACES_BELOW
        ? String.format(Locale.ROOT, "%.2f", value)
        : Units.ratio(value);
  }
}
