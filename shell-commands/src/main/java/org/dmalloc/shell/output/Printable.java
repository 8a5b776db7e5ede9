/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

/** A result that a shell prints through it. In a Gogo pipe or variable it stays an object. */
public interface Printable {
  /** The complete text for a person; lines are separated by {@code \n}, without one at the end. */
  String text();

  /** One line, as part of other output. */
  default String line() {
    return toString();
  }

  /** The result laid out for a terminal with lines of {@code width} characters. */
  default Printable fitting(int width) {
    return this;
  }
}
