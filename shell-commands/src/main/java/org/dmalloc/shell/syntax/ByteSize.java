/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A count of bytes in the forms {@code 4096}, {@code 0x1000}, {@code 64k}, {@code 512m}, {@code
 * 1.5g}, {@code 2GiB}. Units are powers of 1024. It is not negative.
 */
public record ByteSize(long bytes) {
  private static final String UNITS = "kmgtp";
  private static final Pattern DECIMAL =
      Pattern.compile("(\\d{1,19}(?:\\.\\d{1,9})?)\\s*(?:([kmgtp])?(?:i?b)?)");
  private static final Pattern HEXADECIMAL = Pattern.compile("0x([0-9a-f]{1,16})");

  /**
   * Parses a size; {@code what} names it in the message: {@code SIZE}, {@code --length}. Throws
   * {@link UsageException} if it is malformed, no whole count of bytes, or more than 2⁶³ − 1.
   */
  public static ByteSize parse(String text, String what) {
    String lower = text.strip().toLowerCase(Locale.ROOT);
    Matcher hexadecimal = HEXADECIMAL.matcher(lower);
    if (hexadecimal.matches()) {
      long bytes = Long.parseUnsignedLong(hexadecimal.group(1), 16);
      if (bytes < 0) {
        throw tooLarge(text, what);
      }
      return new ByteSize(bytes);
    }
    Matcher decimal = DECIMAL.matcher(lower);
    if (!decimal.matches()) {
      throw UsageException.of(
          "%s '%s' is not a size; give one such as 4096, 64k, 512m or 1.5g", what, text);
    }
    String unit = decimal.group(2);
    int shift = unit == null ? 0 : 10 * (UNITS.indexOf(unit) + 1);
    BigDecimal bytes = new BigDecimal(decimal.group(1)).multiply(BigDecimal.valueOf(1L << shift));
    if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      throw tooLarge(text, what);
    }
    if (unit == null && bytes.stripTrailingZeros().scale() > 0) {
      throw UsageException.of(
          "%s '%s' is not a whole number of bytes; add a unit such as k, m or g", what, text);
    }
    return new ByteSize(bytes.longValue());
  }

  private static UsageException tooLarge(String text, String what) {
    return UsageException.of(
        "%s '%s' is more than the largest size, 8 EiB less one byte; give a smaller one",
        what, text);
  }

  /** Formats a count of bytes in the largest unit that it fills, as {@code 1.5 GiB}. */
  public static String format(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    int unit = (63 - Long.numberOfLeadingZeros(bytes)) / 10;
    double count = bytes / (double) (1L << (10 * unit));
    // Rounding must not show 1024.0 of a unit.
    if (count >= 1023.95 && unit < 6) {
      unit++;
      count = bytes / (double) (1L << (10 * unit));
    }
    count = Math.rint(count * 10) / 10;
    boolean whole = count == Math.rint(count);
    return String.format(
        Locale.ROOT, whole ? "%.0f %siB" : "%.1f %siB", count, "KMGTPE".charAt(unit - 1));
  }

  /** Like {@link #format}, but counts the bytes where that would round. */
  public static String exact(long bytes) {
    String rounded = format(bytes);
    return parse(rounded, "").bytes() == bytes ? rounded : count(bytes);
  }

  /** Formats a count of bytes as such: {@code 1 byte}, {@code 4096 bytes}. */
  public static String count(long bytes) {
    return bytes + (bytes == 1 ? " byte" : " bytes");
  }

  @Override
  public String toString() {
    return format(bytes);
  }
}
