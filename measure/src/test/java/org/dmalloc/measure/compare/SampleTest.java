/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class SampleTest {
  @Test
  void takesTheMedianAndTheMiddleHalfOfFiveRuns() {
    Sample sample = Sample.of(List.of(50.0, 10.0, 40.0, 20.0, 30.0));
    assertEquals(new Sample(30, 20, 40, 5), sample);
    assertEquals(1.0 / 3, sample.spread(), 1e-12);
  }

  @Test
  void oneWildRunChangesNeitherMedianNorSpread() {
    assertEquals(
        Sample.of(List.of(10.0, 20.0, 30.0, 40.0, 50.0)).median(),
        Sample.of(List.of(10.0, 20.0, 30.0, 40.0, 5e9)).median());
    assertEquals(new Sample(30, 20, 40, 5), Sample.of(List.of(1e-9, 20.0, 30.0, 40.0, 5e9)));
  }

  @Test
  void takesTheMeanOfTheMiddleTwoOfAnEvenNumber() {
    assertEquals(new Sample(25, 20, 30, 4), Sample.of(List.of(10.0, 20.0, 30.0, 40.0)));
  }

  @Test
  void leavesNothingOutOfFewRuns() {
    assertEquals(new Sample(2, 1, 9, 3), Sample.of(List.of(9.0, 1.0, 2.0)));
    assertEquals(new Sample(7, 7, 7, 1), Sample.of(List.of(7.0)));
    assertThrows(IllegalArgumentException.class, () -> Sample.of(List.of()));
  }

  @Test
  void callsADifferenceWithinTheSpreadADraw() {
    Sample wide = new Sample(100, 80, 130, 5);
    Sample narrow = new Sample(125, 124, 126, 5);
    assertTrue(Duel.of(wide, narrow).draw());
    assertTrue(Duel.of(narrow, wide).draw());
    assertEquals(1.25, Duel.of(narrow, wide).ratio());
  }

  @Test
  void callsADifferenceBeyondBothSpreadsAWin() {
    Duel duel = Duel.of(new Sample(300, 290, 310, 5), new Sample(100, 80, 130, 5));
    assertFalse(duel.draw());
    assertEquals(3, duel.ratio());
  }

  @Test
  void callsLessThanFivePerCentADrawHoweverSmallTheSpread() {
    assertTrue(Duel.of(new Sample(104.9, 104.8, 105, 5), new Sample(100, 100, 100, 5)).draw());
    assertFalse(Duel.of(new Sample(105.1, 105, 105.2, 5), new Sample(100, 100, 100, 5)).draw());
  }

  @Test
  void nothingAgainstNothingIsADraw() {
    Sample none = new Sample(0, 0, 0, 5);
    assertTrue(Duel.of(none, none).draw());
    assertEquals(Double.POSITIVE_INFINITY, Duel.of(new Sample(1, 1, 1, 1), none).ratio());
    assertFalse(Duel.of(new Sample(1, 1, 1, 1), none).draw());
  }
}
