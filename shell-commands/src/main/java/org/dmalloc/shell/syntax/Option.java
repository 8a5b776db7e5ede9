/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import java.util.List;

/**
 * An option of a command.
 *
 * @param index the position of its parameter in the method
 * @param names each with its hyphens
 * @param absentValue the default value; empty for none
 * @param placeholder the value's placeholder in help: {@code BACKEND}
 */
public record Option(
    int index,
    List<String> names,
    boolean takesValue,
    String absentValue,
    Class<?> type,
    String placeholder,
    String description) {
  public Option {
    names = List.copyOf(names);
  }

  /** The form in help, as {@code -b, --backend BACKEND}. */
  public String usage() {
    return String.join(", ", names) + (takesValue ? " " + placeholder : "");
  }

  /** Its longest name, as {@code --backend}. */
  public String longName() {
    return names.getLast();
  }
}
