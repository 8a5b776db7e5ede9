/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.archive.Piece;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RetentionPlanTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private static Piece delta(long to, Instant at) {
    return new Piece(Piece.Kind.DELTA, to - 1, to, to, at, 1, 100, null);
  }

  private static List<Piece> everyMinute(int count) {
    List<Piece> pieces = new ArrayList<>(List.of(Piece.nothing()));
    for (int i = 1; i <= count; i++) {
      pieces.add(delta(i, START.plus(Duration.ofMinutes(i))));
    }
    return pieces;
  }

  private static int kept(int minutes, String policy, Duration after) {
    List<Piece> pieces = everyMinute(minutes);
    RetentionPlan plan =
        RetentionPlan.of(
            pieces,
            RetentionPolicy.parse(policy),
            START.plus(Duration.ofMinutes(minutes)).plus(after));
    return minutes - plan.removedPoints();
  }

  @Test
  void keepsAllThatIsYoung() {
    assertEquals(59, kept(59, "all:1h,1h:1d,1d:30d", Duration.ZERO));
    assertEquals(100, kept(100, "all:1h,1h:1d,1d:30d", Duration.ZERO), "no hour is over by one");
  }

  @Test
  void keepsOneOfEachIntervalThatIsOver() {
    // The last ones of the first two hours, which ended an hour ago or more; and all since.
    assertEquals(2 + 61, kept(180, "all:1h,1h:1d", Duration.ZERO));
    assertEquals(24 + 1, kept(24 * 60, "all:1h,1h:2d", Duration.ofHours(10)));
    assertEquals(2, kept(24 * 60, "all:1h,1h:2h,1d:30d", Duration.ofDays(10)));
  }

  @Test
  void theNewestAlwaysStays() {
    assertEquals(1, kept(500, "all:1h", Duration.ofDays(1000)));
    assertEquals(1, kept(1, "1s:1s", Duration.ofDays(1000)));
  }

  @Test
  void everythingStaysForGood() {
    assertEquals(500, kept(500, RetentionPolicy.EVERYTHING.toString(), Duration.ofDays(9999)));
  }

  @Test
  void mergesWhatLiesBetweenKeptOnes() {
    RetentionPlan plan =
        RetentionPlan.of(
            everyMinute(180),
            RetentionPolicy.parse("all:1h,1h:1d"),
            START.plus(Duration.ofHours(3)));
    assertTrue(plan.unused().isEmpty());
    List<Piece> first = plan.merges().getFirst();
    assertEquals(59, first.getFirst().to());
    assertEquals(Piece.Kind.BASE, first.getLast().kind(), "the base of nothing goes with them");
  }

  @Test
  void whatIsAheadStays() {
    List<Piece> pieces = new ArrayList<>(everyMinute(3));
    Piece base = new Piece(Piece.Kind.BASE, 0, 8, 10, START, 5, 500, null);
    pieces.add(base);
    pieces.add(delta(9, START));
    RetentionPlan plan =
        RetentionPlan.of(pieces, RetentionPolicy.parse("1s:1s"), START.plus(Duration.ofDays(9)));
    assertTrue(plan.unused().isEmpty(), plan.unused().toString());
    assertEquals(1, plan.merges().size());
    assertTrue(
        RetentionPlan.of(List.of(Piece.nothing()), RetentionPolicy.DEFAULT, START).isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"all:1h,1h:1d,1d:30d", "10s:5m", "all:ever", "7d:365d"})
  void aPolicyIsItsText(String text) {
    assertEquals(text, RetentionPolicy.parse(text).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "1h", "1h:", "all:0s", "1x:2h", "1h:2h,all:1h", "0s:1h", "1h:9999999999999d"})
  void refusesWhatIsNoPolicy(String text) {
    assertThrows(IllegalArgumentException.class, () -> RetentionPolicy.parse(text));
  }
}
