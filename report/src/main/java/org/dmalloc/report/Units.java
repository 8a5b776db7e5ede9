/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.report;

import java.util.Locale;

/** Figures with units, three significant digits, in English notation on every machine. */
public final class Units {
  private static final String[] NANO_UNITS = {"ns", "µs", "ms", "s"};
  private static final String[] COUNT_UNITS = {"", "k", "M", "G"};
  private static final String[] BYTE_UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};
  private static final double THOUSAND = 1000;
  private static final double BINARY_THOUSAND = 1024;

  private Units() {}

  /** A time: {@code 41.5 µs}. */
  public static String nanos(long nanos) {
    return scaled((double) nanos, THOUSAND, NANO_UNITS, " ");
  }

  /** A count or rate: {@code 22.1k}. */
  public static String count(double count) {
    return scaled(count, THOUSAND, COUNT_UNITS, "");
  }

  public static String count(long count) {
    return count((double) count);
  }

  /** A size: {@code 256 MiB}. */
  public static String bytes(long bytes) {
    return scaled((double) bytes, BINARY_THOUSAND, BYTE_UNITS, " ");
  }

  /** Millions of bytes, of 10<sup>6</sup>, without the unit: {@code 1340}. */
  public static String megabytes(double bytes) {
    double mega = bytes / (THOUSAND * THOUSAND);
    return mega >= THOUSAND ? String.format(Locale.ROOT, "%.0f", mega) : digits(mega);
  }

  /** Millions of bytes, of 10<sup>6</sup>, without the unit: {@code 1340}. */
  public static String megabytes(long bytes) {
    return megabytes((double) bytes);
  }

  /** A factor: {@code 0.97}, {@code 12.4}, {@code 5.3k}. */
  public static String ratio(double ratio) {
    return count(ratio);
  }

  private static String scaled(double value, double step, String[] units, String gap) {
    double scaled = value;
    int unit = 0;
    // 999.5 would be shown as 1000 of the smaller unit.
    while (unit < units.length - 1 && Math.abs(scaled) >= step - 0.5) {
      scaled /= step;
      unit++;
    }
    String suffix = units[unit].isEmpty() ? "" : gap + units[unit];
    return (value == Math.rint(value) && unit == 0
            ? String.format(Locale.ROOT, "%.0f", value)
            : digits(scaled))
        + suffix;
  }

  private static String digits(double value) {
    double size = Math.abs(value);
    if (size == 0) {
      return "0";
    }
    // Below a tenth two significant digits are enough, however many zeros stand before them.
    int places =
        size >= 99.95
            ? 0
            : size >= 9.995 ? 1 : size >= 0.0995 ? 2 : 1 - (int) Math.floor(Math.log10(size));
    return String.format(Locale.ROOT, "%." + places + "f", value);
  }
}
