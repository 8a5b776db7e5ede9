/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinesTest {
  @ParameterizedTest
  @CsvSource({
    "orders, 6",
    "é, 1",
    "e\u0301, 1",
    "注文, 4",
    "한글, 4",
    "カナ, 4",
    "ﾊ, 1",
    "Ａ, 2",
    "😀, 2",
    "→, 1"
  })
  void aTextIsAsWideAsATerminalShowsIt(String text, int columns) {
    assertEquals(columns, Lines.width(text));
  }

  @Test
  void wideCharactersFillALineByTheirColumns() {
    assertEquals(List.of("注文", "注文", "注"), Lines.fold("注文注文注", 5, true));
    assertEquals(List.of("orders", "注文"), Lines.fold("orders 注文", 8, true));
  }
}
