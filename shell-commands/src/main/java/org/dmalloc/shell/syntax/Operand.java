/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

/**
 * A word of a command line that is no option.
 *
 * @param index the position of its parameter in the method
 * @param name its placeholder in help: {@code SIZE}
 * @param repeated whether it takes all remaining words
 * @param last the placeholder of the last of these words if it differs: {@code BACKEND}; else empty
 */
public record Operand(
    int index,
    String name,
    boolean required,
    boolean repeated,
    String last,
    Class<?> type,
    String description) {
  /** The form in a usage line: {@code SIZE}, {@code [OFFSET]}, {@code ID…}, {@code ID… BACKEND}. */
  public String usage() {
    String word = (repeated ? name + "…" : name) + (last.isEmpty() ? "" : " " + last);
    return required ? word : "[" + word + "]";
  }
}
