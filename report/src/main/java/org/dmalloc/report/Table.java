/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.dmalloc.api.VisibleText;
import org.jspecify.annotations.Nullable;

/**
 * A table in text. Columns are as wide as their widest cell, and no line ends with blanks.
 * Invisible characters of a cell are escaped.
 *
 * <p>A table that is wider than the terminal is cut into parts below each other, each with the key
 * columns that tell the rows apart. A cell that is still too wide is broken into lines.
 *
 * @param <R> what a row shows
 */
public final class Table<R> {
  /** The width of a page or file, where nothing is cut. */
  public static final int ANY_WIDTH = Integer.MAX_VALUE;

  private static final String GAP = "  ";
  private static final int LEAST_CELL = 8;
  private static final Pattern NUMBER = Pattern.compile("-?|[0-9][0-9.,]*( ?[KMGTPE]?i?B)?%?");

  private final List<Column<R>> columns;
  private final List<R> rows = new ArrayList<>();
  private boolean ruled = true;
  private int keys = 1;
  private int shownOnce;
  private @Nullable Function<R, Object> group;
  private Function<R, @Nullable String> remark = row -> null;

  private enum Align {
    LEFT,
    RIGHT,
    NUMBERS_RIGHT
  }

  /** A column: its heading, alignment and cells. */
  public static final class Column<R> {
    private final String title;
    private final Align align;
    private final Function<R, String> cell;

    private Column(String title, Align align, Function<R, String> cell) {
      this.title = VisibleText.of(title);
      this.align = align;
      this.cell = cell;
    }
  }

  public static <R> Column<R> left(String title, Function<R, String> cell) {
    return new Column<>(title, Align.LEFT, cell);
  }

  public static <R> Column<R> right(String title, Function<R, String> cell) {
    return new Column<>(title, Align.RIGHT, cell);
  }

  /** A column that is aligned right if all its cells are numbers. */
  public static <R> Column<R> column(String title, Function<R, String> cell) {
    return new Column<>(title, Align.NUMBERS_RIGHT, cell);
  }

  @SafeVarargs
  @SuppressWarnings("varargs") // the list copies them
  public static <R> Table<R> of(Column<R>... columns) {
    return new Table<>(List.of(columns));
  }

  public Table(List<Column<R>> columns) {
    this.columns = List.copyOf(columns);
  }

  /** Without a line below the headings. */
  public Table<R> plain() {
    ruled = false;
    return this;
  }

  /** Sets how many columns, from the left, are keys; 1 at first. */
  public Table<R> keyedBy(int count) {
    keys = count;
    return this;
  }

  /**
   * Puts a line between groups, whose rows are consecutive.
   *
   * @param once this many columns, from the left, are filled in the first row of a group only
   */
  public Table<R> groupedBy(Function<R, Object> key, int once) {
    group = key;
    shownOnce = once;
    return this;
  }

  /**
   * Sets the text that replaces a row's cells behind the key columns: why there are none. Null for
   * a row with cells.
   */
  public Table<R> orElse(Function<R, @Nullable String> text) {
    remark = text;
    return this;
  }

  public Table<R> rows(List<? extends R> more) {
    rows.addAll(more);
    return this;
  }

  /** Renders lines of at most {@code width} columns, each with a newline at its end. */
  public String render(int width) {
    return new Layout(width).render();
  }

  /** The table at one width. */
  private final class Layout {
    private final int width;
    private final List<@Nullable String> remarks = new ArrayList<>();
    private final List<String[]> cells = new ArrayList<>();
    private final int[] widths;
    private final StringBuilder text = new StringBuilder();

    Layout(int width) {
      this.width = width;
      for (int r = 0; r < rows.size(); r++) {
        String reason = remark.apply(rows.get(r));
        remarks.add(reason == null ? null : VisibleText.of(reason));
        String[] row = new String[columns.size()];
        for (int c = 0; c < row.length; c++) {
          boolean shown = c < shownOnce ? beginsGroup(r) : c < keys || reason == null;
          row[c] = shown ? VisibleText.of(columns.get(c).cell.apply(rows.get(r))) : "";
        }
        cells.add(row);
      }
      widths = columns.stream().mapToInt(column -> Lines.width(column.title)).toArray();
      for (String[] row : cells) {
        for (int c = 0; c < row.length; c++) {
          widths[c] = Math.max(widths[c], Lines.width(row[c]));
        }
      }
    }

    private boolean beginsGroup(int row) {
      Function<R, Object> key = group;
      return row == 0
          || key == null
          || !Objects.equals(key.apply(rows.get(row - 1)), key.apply(rows.get(row)));
    }

    /** Each part has the keys and as many other columns as fit. */
    String render() {
      for (int from = keys; text.isEmpty() || from < widths.length; ) {
        int to = from;
        while (to < widths.length && (to == from || total(from, to + 1) <= width)) {
          to++;
        }
        text.append(text.isEmpty() ? "" : "\n");
        append(from, to);
        from = to;
      }
      return text.toString();
    }

    private int total(int from, int to) {
      return part(from, to).map(c -> widths[c] + GAP.length()).sum() - GAP.length();
    }

    private IntStream part(int from, int to) {
      return IntStream.concat(IntStream.range(0, keys), IntStream.range(from, to));
    }

    /** Narrows columns, whose cells are then folded, if not even one fits beside the keys. */
    private void shrink(int from, int to) {
      for (int over = total(from, to) - width; over > 0; over = total(from, to) - width) {
        int widest = part(from, to).reduce((a, b) -> widths[b] > widths[a] ? b : a).orElseThrow();
        if (widths[widest] <= LEAST_CELL) {
          return;
        }
        widths[widest] = Math.max(LEAST_CELL, widths[widest] - over);
      }
    }

    private void append(int from, int to) {
      int[] whole = widths.clone();
      shrink(from, to);
      String rule = "─".repeat(total(from, to)) + '\n';
      line(from, to, columns.stream().map(column -> column.title).toArray(String[]::new));
      text.append(ruled ? rule : "");
      for (int r = 0; r < cells.size(); r++) {
        text.append(r > 0 && group != null && beginsGroup(r) ? rule : "");
        String reason = remarks.get(r);
        if (reason == null) {
          line(from, to, cells.get(r));
        } else if (from == keys) {
          reason(cells.get(r), reason);
        }
      }
      System.arraycopy(whole, 0, widths, 0, whole.length);
    }

    private void reason(String[] row, String reason) {
      int indent = total(0, 0) + GAP.length();
      int begin = text.length();
      line(0, 0, row);
      text.setLength(text.length() - 1);
      text.append(" ".repeat(indent - Lines.width(text.substring(begin))));
      text.append(
          String.join(
              "\n" + " ".repeat(indent),
              Lines.fold(reason, Math.max(LEAST_CELL, width - indent), true)));
      text.append('\n');
    }

    /** One row, in as many lines as its highest cell needs. */
    private void line(int from, int to, String[] row) {
      int[] part = part(from, to).toArray();
      List<List<String>> folded =
          IntStream.of(part).mapToObj(c -> Lines.fold(row[c], widths[c], true)).toList();
      int height = folded.stream().mapToInt(List::size).max().orElse(1);
      for (int l = 0; l < height; l++) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < part.length; i++) {
          String cell = l < folded.get(i).size() ? folded.get(i).get(l) : "";
          String pad = " ".repeat(widths[part[i]] - Lines.width(cell));
          line.append(i == 0 ? "" : GAP).append(isRight(part[i]) ? pad + cell : cell + pad);
        }
        text.append(line.toString().stripTrailing()).append('\n');
      }
    }

    private boolean isRight(int column) {
      return switch (columns.get(column).align) {
        case LEFT -> false;
        case RIGHT -> true;
        case NUMBERS_RIGHT ->
            !cells.isEmpty()
                && cells.stream().allMatch(row -> NUMBER.matcher(row[column]).matches());
      };
    }
  }
}
