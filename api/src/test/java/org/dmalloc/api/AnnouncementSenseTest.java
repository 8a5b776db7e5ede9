/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class AnnouncementSenseTest {
  private final AnnouncementSense sense = new AnnouncementSense();

  private int announcedUntilTrial() {
    int announced = 0;
    while (sense.wantsAnnouncement()) {
      announced++;
      assertTrue(announced < 10_000);
    }
    return announced;
  }

  @Test
  void announcesAtFirstAndTriesWithoutSoon() {
    assertTrue(sense.announces());
    assertEquals(1, announcedUntilTrial());
  }

  @Test
  void isFreshUntilATrialEnds() {
    announcedUntilTrial();
    assertTrue(sense.isFresh());
    sense.flowed();
    assertFalse(sense.isFresh());
    AnnouncementSense other = new AnnouncementSense();
    other.waits();
    assertFalse(other.isFresh());
  }

  @Test
  void trialsThatWaitComeLessAndLessOften() {
    int last = 0;
    for (int trial = 0; trial < 20; trial++) {
      int announced = announcedUntilTrial();
      assertTrue(announced >= last);
      assertTrue(announced <= 1023);
      last = announced;
      sense.waits();
      assertTrue(sense.announces());
    }
    assertEquals(1023, last);
  }

  @Test
  void staysSilentWhileNothingWaits() {
    announcedUntilTrial();
    sense.flowed();
    for (int batch = 0; batch < 100; batch++) {
      assertFalse(sense.wantsAnnouncement());
      sense.flowed();
    }
    sense.waits();
    assertTrue(sense.wantsAnnouncement());
    assertEquals(0, announcedUntilTrial());
  }

  @Test
  void waitsLongerThanAnAnnouncementAreTooLong() {
    sense.announced(100, 100 * 300);
    sense.announced(100, 100 * 900); // something was read: tells nothing about the cost
    assertFalse(sense.isTooLong(512 * 300, 512));
    assertTrue(sense.isTooLong(512 * 300 + 1, 512));
  }

  @Test
  void minorFaultsAndCopyingAreNoWait() {
    assertEquals(0, sense.waited(16 * 1_000, 16, 8));
    assertEquals(0, sense.waited(16 * 65_000, 16, 64_000));
    assertEquals(40_000, sense.waited(16 * 1_008 + 40_000, 16, 8));
  }
}
