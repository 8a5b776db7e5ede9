/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Locale;
import org.dmalloc.api.VisibleText;
import org.jspecify.annotations.Nullable;

/**
 * A command line that cannot be executed as written. Nothing was done. The message names the value
 * and the next step.
 */
public final class UsageException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  public UsageException(String message) {
    super(message);
  }

  /** Formats the message with the digits of {@link Locale#ROOT}. */
  @FormatMethod
  public static UsageException of(String format, @Nullable Object... values) {
    return new UsageException(String.format(Locale.ROOT, format, values));
  }

  /** Gogo's shells print {@code toString()}. */
  @Override
  @SuppressWarnings("OverrideThrowableToString") // the message is used without the prefix too
  public String toString() {
    return "dmalloc: " + VisibleText.of(String.valueOf(getMessage()));
  }
}
