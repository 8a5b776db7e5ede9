/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import org.dmalloc.api.VisibleText;

/** A command line that cannot be carried out as written. Nothing was done. */
public final class UsageException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message names the value and the next step
   */
  public UsageException(String message) {
    super(message);
  }

  /** The one line that a shell prints: Gogo's shells print {@code toString()}. */
  @Override
  @SuppressWarnings("OverrideThrowableToString") // the message is used without the prefix too
  public String toString() {
    return "dmalloc: " + VisibleText.of(String.valueOf(getMessage()));
  }
}
