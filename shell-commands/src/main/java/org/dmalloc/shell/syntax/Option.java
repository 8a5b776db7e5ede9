/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import java.util.List;

/**
 * An option of a command.
 *
 * @param index the position of its parameter in the method
 * @param names its names, each with its hyphens
 * @param takesValue whether a value follows
 * @param absentValue the value when it is not given; empty for none
 * @param placeholder the word that stands for the value in help: {@code BACKEND}
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

  /** How it is written, as {@code -b, --backend BACKEND}. */
  public String usage() {
    return String.join(", ", names) + (takesValue ? " " + placeholder : "");
  }

  /** Its longest name, as {@code --backend}. */
  public String longName() {
    return names.getLast();
  }
}
