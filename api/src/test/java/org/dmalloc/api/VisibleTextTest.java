/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VisibleTextTest {
  @ParameterizedTest
  @ValueSource(strings = {"", "orders", "two words", "ä€😀", "é", "نص", "C:\\dir", "\\", "100 %"})
  void whatIsVisibleStays(String text) {
    assertEquals(text, VisibleText.of(text));
    assertEquals(text, VisibleText.ofLines(text));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "0a,\\n",
        "0d,\\r",
        "09,\\t",
        "1b,\\u001b",
        "7f,\\u007f",
        "9b,\\u009b",
        "ad,\\u00ad",
        "a0,\\u00a0",
        "61c,\\u061c",
        "200b,\\u200b",
        "200e,\\u200e",
        "2028,\\u2028",
        "2029,\\u2029",
        "202e,\\u202e",
        "2066,\\u2066",
        "3000,\\u3000",
        "3164,\\u3164",
        "fe0f,\\ufe0f",
        "feff,\\ufeff",
        "e000,\\ue000",
        "d800,\\ud800",
        "e0041,\\udb40\\udc41",
        "e0100,\\udb40\\udd00"
      })
  void whatCannotBeSeenIsEscapedAsInJson(String hex, String shown) {
    String text = new StringBuilder("a").appendCodePoint(Integer.parseInt(hex, 16)).toString();
    assertEquals("a" + shown + "b", VisibleText.of(text + "b"));
    assertTrue(VisibleText.of(text).codePoints().allMatch(VisibleText::isVisible));
  }

  @Test
  void linesThatAreLaidOutStayLinesAndAreNotEscapedTwice() {
    String shown = VisibleText.of("a\u001b[2J\\u0041");
    assertEquals("a\\u001b[2J\\\\u0041", shown);
    assertEquals(shown + "\nb\\r", VisibleText.ofLines(shown + "\nb\r"));
  }

  /** All texts of up to six of these parts, each of which is half of another's escape. */
  @Test
  void twoTextsAreNeverShownAlike() {
    List<String> parts = List.of("\\", "\n", "n", "u", "000a", "\u202e");
    Map<String, String> seen = new HashMap<>();
    List<String> texts = List.of("");
    for (int length = 0; length < 6; length++) {
      texts = texts.stream().flatMap(t -> parts.stream().map(p -> t + p)).toList();
      for (String text : texts) {
        String before = seen.put(VisibleText.of(text), text);
        assertTrue(before == null || before.equals(text), () -> "'" + text + "' as " + before);
      }
    }
  }
}
