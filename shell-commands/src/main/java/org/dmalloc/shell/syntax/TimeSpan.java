/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A length of time in the forms {@code 500ms}, {@code 5s}, {@code 1.5m}, {@code 2h}, {@code 7d};
 * not zero.
 */
public record TimeSpan(Duration duration) {
  private static final Pattern FORM =
      Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)\\s*(ms|s|m|min|h|d)");

  private static final Map<String, Long> MILLIS =
      Map.of(
          "ms", 1L, "s", 1_000L, "m", 60_000L, "min", 60_000L, "h", 3_600_000L, "d", 86_400_000L);

  /**
   * Parses one; {@code what} names it in the message: {@code --every}. Throws {@link
   * UsageException} if it is malformed, or less than a millisecond.
   */
  public static TimeSpan parse(String text, String what) {
    Matcher matcher = FORM.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw UsageException.of(
          "%s '%s' is not a length of time; give one such as 500ms, 5s, 2m, 1h or 7d", what, text);
    }
    long unit = MILLIS.getOrDefault(matcher.group(2), 1L);
    long millis = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit)).longValue();
    if (millis == 0) {
      throw UsageException.of("%s '%s' is no time at all; give at least 1ms", what, text);
    }
    return new TimeSpan(Duration.ofMillis(millis));
  }

  /** How long ago a moment was, as {@code 12 s}, {@code 5 min}, {@code 3 h}, {@code 2 d}. */
  public static String since(Instant then, Instant now) {
    long seconds = Math.max(0, Duration.between(then, now).toSeconds());
    if (seconds < 120) {
      return seconds + " s";
    } else if (seconds < 7_200) {
      return seconds / 60 + " min";
    }
    return seconds < 172_800 ? seconds / 3_600 + " h" : seconds / 86_400 + " d";
  }

  /** Formats a length of time in the largest unit that it is a whole number of. */
  public static String format(Duration time) {
    long millis = time.toMillis();
    if (millis % 1_000 != 0) {
      return millis + " ms";
    }
    long seconds = millis / 1_000;
    if (seconds % 60 != 0 || seconds == 0) {
      return seconds + " s";
    }
    if (seconds % 3_600 != 0) {
      return seconds / 60 + " min";
    }
    return seconds % 86_400 == 0 ? seconds / 86_400 + " d" : seconds / 3_600 + " h";
  }

  @Override
  public String toString() {
    return format(duration);
  }
}
