/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import java.util.AbstractList;
import java.util.List;
import java.util.function.Function;

/**
 * A list of results: a table for people, a list for Gogo's {@code each}.
 *
 * @param <T> what it lists
 */
public final class Listing<T> extends AbstractList<T> implements Printable {
  private final List<T> items;
  private final String whenEmpty;
  private final String[] heads;
  private final Function<T, String[]> cells;

  /**
   * Makes a listing.
   *
   * @param items what it lists
   * @param whenEmpty what to print for none
   * @param heads the heads of the table
   * @param cells makes the cells of an item
   */
  public Listing(List<T> items, String whenEmpty, List<String> heads, Function<T, String[]> cells) {
    this.items = List.copyOf(items);
    this.whenEmpty = whenEmpty;
    this.heads = heads.toArray(String[]::new);
    this.cells = cells;
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
    Table table = new Table(heads);
    items.forEach(item -> table.row(cells.apply(item)));
    return table.toString();
  }
}
