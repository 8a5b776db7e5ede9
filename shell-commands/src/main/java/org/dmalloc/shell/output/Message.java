/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

/**
 * One line that tells what was done.
 *
 * @param text the line
 */
public record Message(String text) implements Printable {
  @Override
  public String line() {
    return text;
  }

  @Override
  public String toString() {
    return text;
  }
}
