/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.util.Locale;
import org.dmalloc.shell.syntax.UsageException;

/** Numbers that the user gave, checked before anything is done with them. */
final class NumberOption {
  private NumberOption() {}

  /**
   * The number, if it lies within bounds.
   *
   * @param most the largest, itself allowed
   * @param why what stands against more, or what the number counts
   */
  static int within(String command, String option, int value, int least, int most, String why) {
    if (value < least || value > most) {
      throw new UsageException(
          String.format(
              Locale.ROOT,
              "%s: %s %d; give %d to %d: %s",
              command,
              option,
              value,
              least,
              most,
              why));
    }
    return value;
  }
}
