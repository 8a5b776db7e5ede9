/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.report;

import static org.dmalloc.report.Table.column;
import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TableTest {
  private record Row(String name, String time, String by, @Nullable String reason) {
    static Row of(String name, String time, String by) {
      return new Row(name, time, by, null);
    }
  }

  private static Table<Row> table() {
    return Table.of(left("name", Row::name), right("p50", Row::time), left("by", Row::by));
  }

  @Test
  void columnsAreAsWideAsTheirWidestCell() {
    assertEquals(
        """
        name        p50  by
        ────────────────────
        a       41.5 µs  fio
        longer     1 ns
        """,
        table()
            .rows(List.of(Row.of("a", "41.5 µs", "fio"), Row.of("longer", "1 ns", "")))
            .render(Table.ANY_WIDTH));
  }

  @Test
  void groupsStandTogetherAndAReasonStandsForFigures() {
    assertEquals(
        """
        name   p50  by
        ───────────────
        a     1 ns  fio
              2 ns  fio
        ───────────────
        b     not here
        """,
        table()
            .groupedBy(Row::name, 1)
            .orElse(Row::reason)
            .rows(
                List.of(
                    Row.of("a", "1 ns", "fio"),
                    Row.of("a", "2 ns", "fio"),
                    new Row("b", "", "", "not here")))
            .render(Table.ANY_WIDTH));
  }

  @Test
  void aListingHasNoRuleAndItsNumbersStandOnTheRight() {
    assertEquals(
        """
        NAME   SIZE  BY
        a     9 KiB  fio
        b         -  9
        """,
        Table.<Row>of(column("NAME", Row::name), column("SIZE", Row::time), column("BY", Row::by))
            .plain()
            .rows(List.of(Row.of("a", "9 KiB", "fio"), Row.of("b", "-", "9")))
            .render(Table.ANY_WIDTH));
  }

  @Test
  void aTableThatIsTooWideIsCutIntoPartsWithTheKeysInEach() {
    assertEquals(
        """
        name        p50
        ───────────────
        a       41.5 µs
        longer     1 ns

        name    by
        ───────────
        a       fio
        longer
        """,
        table()
            .rows(List.of(Row.of("a", "41.5 µs", "fio"), Row.of("longer", "1 ns", "")))
            .render(16));
  }

  @ParameterizedTest
  @ValueSource(ints = {24, 40, 80, 120})
  void noLineIsWiderThanTheTerminal(int width) {
    String long1 = "/a/long/path/".repeat(9);
    String text =
        table()
            .orElse(Row::reason)
            .rows(
                List.of(
                    Row.of("a", "1 ns", long1),
                    Row.of("b", "41.5 µs", "words and words ".repeat(7)),
                    new Row("c", "", "", "for a reason that takes more than a line ".repeat(3))))
            .render(width);
    assertTrue(text.lines().allMatch(line -> line.codePointCount(0, line.length()) <= width), text);
    assertEquals(
        long1,
        text.lines()
            .map(line -> line.substring(Math.min(line.length(), 6)).strip())
            .filter(line -> line.startsWith("/") || line.endsWith("/"))
            .reduce("", String::concat));
  }

  @Test
  void aLineGoesOnTwoFurtherIn() {
    assertEquals(
        "  one two\n    three\n    four\nshort\naverylongword\n  more\n  → a long command",
        Lines.wrap("  one two three four\nshort\naverylongword more\n  → a long command", 10));
  }
}
