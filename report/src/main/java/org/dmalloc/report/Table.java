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
 * A table in text: which columns it has, and what stands in them for a row. Columns are as wide as
 * their widest cell, and no line ends with blanks. What cannot be seen of a cell is escaped.
 *
 * <p>A table that is wider than the terminal is cut into parts below each other, each with the
 * columns that tell the rows apart; a cell that is too wide even then is broken into lines.
 *
 * @param <R> what a row shows
 */
public final class Table<R> {
  /** The width of a page or file, where nothing needs to be cut. */
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

  /** A column: its heading, where its cells stand, and what is in them. */
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

  /** A column of words. */
  public static <R> Column<R> left(String title, Function<R, String> cell) {
    return new Column<>(title, Align.LEFT, cell);
  }

  /** A column of figures. */
  public static <R> Column<R> right(String title, Function<R, String> cell) {
    return new Column<>(title, Align.RIGHT, cell);
  }

  /** A column that stands on the right if all its cells are numbers. */
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

  /** How many columns, from the left, tell the rows apart; 1 unless this is said. */
  public Table<R> keyedBy(int count) {
    keys = count;
    return this;
  }

  /**
   * Puts a line between rows of different groups; those of one group stand together.
   *
   * @param key tells the groups apart
   * @param once this many columns, from the left, are filled in the first row of a group only
   */
  public Table<R> groupedBy(Function<R, Object> key, int once) {
    group = key;
    shownOnce = once;
    return this;
  }

  /**
   * What stands in place of a row's figures, behind the columns that tell the rows apart: why there
   * are none. Null for a row that has figures.
   */
  public Table<R> orElse(Function<R, @Nullable String> text) {
    remark = text;
    return this;
  }

  public Table<R> rows(List<? extends R> more) {
    rows.addAll(more);
    return this;
  }

  /**
   * The table, every line of which ends with a newline.
   *
   * @param width what a line may have of characters; {@link #ANY_WIDTH} if there is no end
   */
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

    /** In parts, each of the columns that tell the rows apart and as many others as fit. */
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

    /** The width of a part. */
    private int total(int from, int to) {
      return part(from, to).map(c -> widths[c] + GAP.length()).sum() - GAP.length();
    }

    private IntStream part(int from, int to) {
      return IntStream.concat(IntStream.range(0, keys), IntStream.range(from, to));
    }

    /** Where not even one column fits beside the keys, cells are broken into lines. */
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
