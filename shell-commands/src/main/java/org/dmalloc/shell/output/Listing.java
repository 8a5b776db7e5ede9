/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import java.util.AbstractList;
import java.util.List;
import org.dmalloc.report.Table;

/** A list of results: a table for people, a list for Gogo's {@code each}. */
public final class Listing<T> extends AbstractList<T> implements Printable {
  private final List<T> items;
  private final String whenEmpty;
  private final List<Table.Column<T>> columns;
  private final int width;

  /** Prints {@code whenEmpty} if there are no items. */
  public Listing(List<T> items, String whenEmpty, List<Table.Column<T>> columns) {
    this(items, whenEmpty, columns, Table.ANY_WIDTH);
  }

  private Listing(List<T> items, String whenEmpty, List<Table.Column<T>> columns, int width) {
    this.items = List.copyOf(items);
    this.whenEmpty = whenEmpty;
    this.columns = List.copyOf(columns);
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
    return items.isEmpty()
        ? whenEmpty
        : new Table<>(columns).plain().rows(items).render(width).stripTrailing();
  }

  @Override
  public Printable fitting(int newWidth) {
    return new Listing<>(items, whenEmpty, columns, newWidth);
  }
}
