/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.time.ZonedDateTime;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.shell.syntax.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PointArgumentTest {
  private static final ZonedDateTime NOW =
      ZonedDateTime.parse("2026-03-10T12:00:00.5+01:00[Europe/Berlin]");

  @Test
  void numbersAndTheNewest() {
    assertEquals(RestorePoint.number(12), PointArgument.parse("12", NOW));
    assertEquals(RestorePoint.LATEST, PointArgument.parse("latest", NOW));
    assertEquals(RestorePoint.LATEST, PointArgument.parse(null, NOW));
  }

  @ParameterizedTest
  @CsvSource({
    "2026-03-10T09:30:00Z, 2026-03-10T09:30:00.999999999Z",
    "2026-03-10T09:30:00.25Z, 2026-03-10T09:30:00.250Z",
    "2026-03-10T09:30:00.123456789Z, 2026-03-10T09:30:00.123456789Z",
    "2026-03-10T10:30:00+02:00, 2026-03-10T08:30:00.999999999Z",
    "2026-03-10T10:30:00, 2026-03-10T09:30:00.999999999Z",
    "2026-03-10 10:30, 2026-03-10T09:30:00.999999999Z",
    "10:30, 2026-03-10T09:30:00.999999999Z",
    "10:30:15, 2026-03-10T09:30:15.999999999Z",
    "'10:30:15,5', 2026-03-10T09:30:15.500Z",
    "2h, 2026-03-10T09:00:00.500Z",
    "1d, 2026-03-09T11:00:00.500Z",
    "12:00:00, 2026-03-10T11:00:00.999999999Z",
  })
  void aTimeIsLocalUnlessItHasAZoneAndASecondIsMeantToItsEnd(String text, String time) {
    assertEquals(RestorePoint.at(Instant.parse(time)), PointArgument.parse(text, NOW));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "yesterday", "2026-03-10", "25:00", "-3", "1.5", "0"})
  void allElseIsRefusedWithExamples(String text) {
    UsageException refused =
        assertThrows(UsageException.class, () -> PointArgument.parse(text, NOW));
    assertTrue(refused.getMessage().startsWith("restore: "), refused.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"18:30", "2026-03-11T00:00:00Z"})
  void aTimeToComeIsRefused(String text) {
    UsageException refused =
        assertThrows(UsageException.class, () -> PointArgument.parse(text, NOW));
    assertTrue(refused.getMessage().contains("is still to come"), refused.getMessage());
  }
}
