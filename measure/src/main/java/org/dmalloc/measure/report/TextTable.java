/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dmalloc.api.VisibleText;

/**
 * A table in text: columns as wide as their widest cell, numbers to the right, no blanks at the end
 * of a line. One thread uses it.
 */
public final class TextTable {
  private static final String GAP = "  ";

  private final List<Column> columns;
  private final List<Line> lines = new ArrayList<>();

  /** An empty table. */
  public TextTable(Column... columns) {
    this.columns = List.of(columns);
  }

  /**
   * A column.
   *
   * @param title its heading
   * @param align where its cells stand
   */
  public record Column(String title, Align align) {
    /** A column of words. */
    public static Column left(String title) {
      return new Column(title, Align.LEFT);
    }

    /** A column of numbers. */
    public static Column right(String title) {
      return new Column(title, Align.RIGHT);
    }
  }

  /** Where the cells of a column stand. */
  public enum Align {
    /** At its left edge. */
    LEFT,
    /** At its right edge. */
    RIGHT
  }

  private sealed interface Line {}

  private record Cells(List<String> cells) implements Line {}

  private record Spanning(List<String> cells, String rest) implements Line {}

  private record Rule() implements Line {}

  /** Adds a line with one cell for each column. */
  public void row(String... cells) {
    if (cells.length != columns.size()) {
      throw new IllegalArgumentException(
          cells.length + " cells in a table of " + columns.size() + " columns");
    }
    lines.add(new Cells(visible(cells)));
  }

  /** Adds a line of which the last text runs over the columns that have no cell of their own. */
  public void spanning(String rest, String... cells) {
    if (cells.length >= columns.size()) {
      throw new IllegalArgumentException("no column is left for the text");
    }
    lines.add(new Spanning(visible(cells), VisibleText.of(rest)));
  }

  /** Adds a line across the table. */
  public void rule() {
    lines.add(new Rule());
  }

  /** The whole table, headings first; every line ends with a newline. */
  public String render() {
    int[] widths = widths();
    StringBuilder text = new StringBuilder();
    append(text, columns.stream().map(Column::title).toList(), widths, "");
    appendRule(text, widths);
    for (Line line : lines) {
      switch (line) {
        case Cells plain -> append(text, plain.cells(), widths, "");
        case Spanning wide -> append(text, wide.cells(), widths, wide.rest());
        case Rule rule -> appendRule(text, widths);
      }
    }
    return text.toString();
  }

  private int[] widths() {
    int[] widths = columns.stream().mapToInt(c -> width(c.title())).toArray();
    for (Line line : lines) {
      List<String> cells =
          switch (line) {
            case Cells plain -> plain.cells();
            case Spanning wide -> wide.cells();
            case Rule rule -> List.of();
          };
      for (int i = 0; i < cells.size(); i++) {
        widths[i] = Math.max(widths[i], width(cells.get(i)));
      }
    }
    return widths;
  }

  private static List<String> visible(String... cells) {
    return Arrays.stream(cells).map(VisibleText::of).toList();
  }

  private void append(StringBuilder text, List<String> cells, int[] widths, String rest) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < cells.size(); i++) {
      String cell = cells.get(i);
      String pad = " ".repeat(widths[i] - width(cell));
      line.append(i == 0 ? "" : GAP);
      line.append(columns.get(i).align() == Align.LEFT ? cell + pad : pad + cell);
    }
    if (!rest.isEmpty()) {
      line.append(GAP).append(rest);
    }
    text.append(line.toString().stripTrailing()).append('\n');
  }

  private static void appendRule(StringBuilder text, int[] widths) {
    int width = Arrays.stream(widths).sum() + GAP.length() * (widths.length - 1);
    text.append("─".repeat(width)).append('\n');
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}
