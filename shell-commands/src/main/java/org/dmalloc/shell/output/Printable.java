/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

/** A result that knows how a shell shows it. In a Gogo pipe or variable it stays an object. */
public interface Printable {
  /** All of it, for a person to read; lines are separated by {@code \n}, none at the end. */
  String text();

  /** In one line, as part of something else. */
  default String line() {
    return toString();
  }

  /**
   * The same for a terminal, where it can be laid out in other ways.
   *
   * @param width how many characters a line of the terminal has
   */
  default Printable fitting(int width) {
    return this;
  }
}
