/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.dmalloc.report.Table;

/**
 * A list of results: a table for people, a list for Gogo's {@code each}.
 *
 * @param <T> what it lists
 */
public final class Listing<T> extends AbstractList<T> implements Printable {
  private final List<T> items;
  private final String whenEmpty;
  private final List<String> heads;
  private final Function<T, String[]> cells;
  private final int width;

  /**
   * Makes a listing.
   *
   * @param items what it lists
   * @param whenEmpty what to print for none
   * @param heads the heads of the table
   * @param cells makes the cells of an item
   */
  public Listing(List<T> items, String whenEmpty, List<String> heads, Function<T, String[]> cells) {
    this(items, whenEmpty, heads, cells, Table.ANY_WIDTH);
  }

  private Listing(
      List<T> items, String whenEmpty, List<String> heads, Function<T, String[]> cells, int width) {
    this.items = List.copyOf(items);
    this.whenEmpty = whenEmpty;
    this.heads = List.copyOf(heads);
    this.cells = cells;
    this.width = width;
  }

  @Override
  public T get(int index) {
    return items.get(index);
  }

  @Override
  public int size() {
    return items.size();
  }

  @Override
  public String text() {
    if (items.isEmpty()) {
      return whenEmpty;
    }
    List<Table.Column<String[]>> columns = new ArrayList<>();
    for (int i = 0; i < heads.size(); i++) {
      int column = i;
      columns.add(Table.column(heads.get(i), row -> row[column]));
    }
    return new Table<>(columns)
        .plain()
        .rows(items.stream().map(cells).toList())
        .render(width)
        .stripTrailing();
  }

  @Override
  public Printable fitting(int newWidth) {
    return new Listing<>(items, whenEmpty, heads, cells, newWidth);
  }
}
