/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class UnitsTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 ns",
    "7, 7 ns",
    "999, 999 ns",
    "1000, 1.00 µs",
    "41_500, 41.5 µs",
    "999_499, 999 µs",
    "999_600, 1.00 ms",
    "1_500_000_000, 1.50 s",
    "7_200_000_000_000, 7200 s"
  })
  void times(String nanos, String text) {
    assertEquals(text, Units.nanos(Long.parseLong(nanos.replace("_", ""))));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 1",
    "0.97, 0.97",
    "0.0044, 0.0044",
    "0.044, 0.044",
    "12.42, 12.4",
    "100.4, 100",
    "22_140, 22.1k",
    "999_600, 1.00M"
  })
  void counts(String count, String text) {
    assertEquals(text, Units.count(Double.parseDouble(count.replace("_", ""))));
  }

  @ParameterizedTest
  @CsvSource({"0, 0 B", "1023, 1023 B", "1024, 1.00 KiB", "268435456, 256 MiB"})
  void sizes(long bytes, String text) {
    assertEquals(text, Units.bytes(bytes));
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1_340_000_000, 1340", "365_200_000, 365", "2_050_000, 2.05"})
  void megabytes(String bytes, String text) {
    assertEquals(text, Units.megabytes(Long.parseLong(bytes.replace("_", ""))));
  }
}
