/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 1",
    "4096, 4096",
    "64k, 65536",
    "64K, 65536",
    "64kb, 65536",
    "64KiB, 65536",
    "512m, 536870912",
    "1.5g, 1610612736",
    "0.5k, 512",
    "0x1000, 4096",
    "2T, 2199023255552",
    "10 m, 10485760",
    "8191p, 9222246136947933184",
    "9223372036854775807, 9223372036854775807",
    "7b, 7",
    "0.3k, 307"
  })
  void readsWhatPeopleWrite(String text, long bytes) {
    assertEquals(bytes, ByteSize.parse(text, "SIZE").bytes());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "k",
        "-1",
        "1..5k",
        "1,5k",
        "1e3",
        "12q",
        "0x",
        "0xffffffffffffffff",
        "8192p",
        "99999999999999999999",
        "NaN",
        "1.5",
        "1.5b",
        "٣"
      })
  void refusesWhatIsNoSize(String text) {
    assertThrows(UsageException.class, () -> ByteSize.parse(text, "SIZE"));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1 KiB",
    "1536, 1.5 KiB",
    "1048575, 1 MiB",
    "1073741824, 1 GiB",
    "1610612736, 1.5 GiB",
    "9223372036854775807, 8 EiB"
  })
  void writesInTheLargestUnit(long bytes, String text) {
    assertEquals(text, ByteSize.format(bytes));
  }
}
