/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dmalloc.api.VisibleText;

/**
 * Rows in columns as wide as their widest cell; numbers stand on the right. A cell is any text;
 * what cannot be seen of it is escaped.
 */
public final class Table {
  private final List<List<String>> rows = new ArrayList<>();

  /** Makes a table with the given heads. */
  public Table(String... heads) {
    rows.add(Arrays.stream(heads).map(VisibleText::of).toList());
  }

  /** Adds a row with as many cells as there are heads. */
  public Table row(String... cells) {
    if (cells.length != rows.getFirst().size()) {
      throw new IllegalArgumentException(cells.length + " cells; give " + rows.getFirst().size());
    }
    rows.add(Arrays.stream(cells).map(VisibleText::of).toList());
    return this;
  }

  @Override
  public String toString() {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    boolean[] right = new boolean[columns];
    for (int c = 0; c < columns; c++) {
      int column = c;
      widths[c] = rows.stream().mapToInt(r -> width(r.get(column))).max().orElse(0);
      right[c] =
          rows.size() > 1
              && rows.stream().skip(1).map(r -> r.get(column)).allMatch(Table::isNumber);
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        String padding = " ".repeat(widths[c] - width(row.get(c)));
        line.append(c == 0 ? "" : "  ");
        line.append(right[c] ? padding + row.get(c) : row.get(c) + padding);
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString().stripTrailing();
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }

  private static boolean isNumber(String cell) {
    return cell.isEmpty() || cell.equals("-") || cell.matches("[0-9][0-9.,]*( ?[KMGTPE]?i?B)?%?");
  }
}
