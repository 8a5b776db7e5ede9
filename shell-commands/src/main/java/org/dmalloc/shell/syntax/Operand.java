/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

/**
 * A word of a command line that is no option.
 *
 * @param index the position of its parameter in the method
 * @param name the word that stands for it in help: {@code SIZE}
 * @param required whether it must be given
 * @param repeated whether it takes all words that are left
 * @param last what the last of the words it takes stands for, if that is another: {@code BACKEND};
 *     else empty
 */
public record Operand(
    int index,
    String name,
    boolean required,
    boolean repeated,
    String last,
    Class<?> type,
    String description) {
  /**
   * How it is written in a usage line: {@code SIZE}, {@code [OFFSET]}, {@code ID…}, {@code ID…
   * BACKEND}.
   */
  public String usage() {
    String word = (repeated ? name + "…" : name) + (last.isEmpty() ? "" : " " + last);
    return required ? word : "[" + word + "]";
  }
}
