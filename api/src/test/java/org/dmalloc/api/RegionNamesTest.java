/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegionNamesTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "orders",
        "Köln/2026",
        "..",
        "a b",
        "-x",
        "1a",
        "名前",
        "😀",
        "a'b\"c$d*",
        "%41"
      })
  void printableNamesAreAllowed(String name) {
    assertEquals(name, RegionNames.check(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "17", "a\nb", "a\u0000b", "\u007f", "\ud800", "x\udc00y"})
  void othersAreRefused(String name) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> RegionNames.check(name));
    assertTrue(e.getMessage().startsWith("region name"), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\u202eb", "\u2066a", "a\u200bb", "a\u00a0b", "\ufeffa", "a\u2028b"})
  void whatCannotBeSeenIsAllowedButNotForAPersonToGive(String name) {
    assertEquals(name, RegionNames.check(name));
    assertEquals(name, OpenRequest.of(name).name());
    assertEquals(name, RegionRequest.ofSize(1).withName(name).name());
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> RegionNames.checkNew(name));
    assertTrue(e.getMessage().contains("cannot be seen, U+"), e.getMessage());
    assertTrue(e.getMessage().codePoints().allMatch(VisibleText::isVisible), e.getMessage());
  }

  @Test
  void theLengthIsCountedInBytes() {
    assertEquals(80, RegionNames.check("a".repeat(80)).length());
    assertThrows(IllegalArgumentException.class, () -> RegionNames.check("a".repeat(81)));
    assertThrows(IllegalArgumentException.class, () -> RegionNames.check("ö".repeat(41)));
  }
}
