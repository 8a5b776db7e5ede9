/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  private static final int CONTENDERS = 10;
  private static final int CELLS = 12;

  private final List<Schedule.Round> rounds = new ArrayList<>();
  private long now;

  private Schedule schedule(Duration time) {
    return schedule(ComparisonPlan.of(2L << 30, 512L << 20, Path.of("/data")).withTime(time));
  }

  private Schedule schedule(ComparisonPlan plan) {
    return new Schedule(plan, CONTENDERS, CELLS, () -> now);
  }

  /** Runs rounds whose children take so long besides their cells. */
  private void run(Schedule schedule, Duration overhead, int count) {
    for (int i = 0; i < count && schedule.hasRounds(); i++) {
      Schedule.Round round = schedule.round();
      rounds.add(round);
      for (int child = 0; child < CONTENDERS; child++) {
        long nanos = overhead.toNanos() + (long) round.runs() * CELLS * round.cellNanos() * 5 / 4;
        now += nanos;
        schedule.childDone(nanos);
      }
      schedule.roundDone();
    }
  }

  private int runs() {
    return rounds.stream().mapToInt(Schedule.Round::runs).sum();
  }

  @Test
  void fillsTheTimeWithFiveChildrenOfEachWhereFillingIsQuick() {
    Schedule schedule = schedule(Duration.ofMinutes(9));
    assertEquals(5 * CONTENDERS, schedule.childrenTotal());
    assertTrue(schedule.left().toSeconds() <= 540, schedule.left()::toString);
    run(schedule, Duration.ofSeconds(4), 5);
    assertEquals(5, rounds.size());
    assertEquals(5, runs());
    assertFalse(schedule.hasRounds());
    assertEquals(Duration.ZERO, schedule.left());
    assertEquals(540, now / 1e9, 1);
    assertTrue(
        rounds.getLast().cellNanos() > rounds.getFirst().cellNanos(),
        "what the guess of the first round left over goes to later cells");
  }

  @Test
  void makesSeveralRunsOfOneFillWhereFillingIsSlow() {
    Schedule schedule = schedule(Duration.ofMinutes(9));
    run(schedule, Duration.ofSeconds(12), 1);
    assertEquals(Optional.empty(), schedule.lateness());
    run(schedule, Duration.ofSeconds(12), 5);
    assertEquals(Schedule.LEAST_CHILDREN, rounds.size());
    assertEquals(5, runs());
    assertEquals(List.of(1, 2, 4), rounds.stream().map(Schedule.Round::firstRun).toList());
    assertTrue(Duration.ofNanos(now).toSeconds() <= 540, () -> now + " ns");
  }

  @Test
  void keepsAllRunsAndSaysHowLateItWillBeWhereTheTimeIsTooShort() {
    Schedule schedule = schedule(Duration.ofMinutes(1));
    assertTrue(schedule.lateness().isPresent(), "known before anything is measured");
    run(schedule, Duration.ofSeconds(10), 1);
    Duration late = schedule.lateness().orElseThrow();
    run(schedule, Duration.ofSeconds(10), 5);
    assertEquals(5, runs());
    assertEquals(Schedule.LEAST_CHILDREN, rounds.size());
    assertEquals(
        Schedule.LEAST_CELL.toNanos(), rounds.getLast().cellNanos(), "no shorter than makes sense");
    assertEquals(now / 1e9 - 60, late.toMillis() / 1e3, 1);
    assertEquals(Optional.empty(), schedule.lateness(), "it is over");
    assertEquals(now - Duration.ofMinutes(1).toNanos(), schedule.overrun().orElseThrow().toNanos());
  }

  @Test
  void leavesAGivenCellTimeAloneAndIsNeverLateThen() {
    Schedule schedule =
        schedule(
            ComparisonPlan.of(2L << 30, 512L << 20, Path.of("/data"))
                .withTime(Duration.ofSeconds(1))
                .withCellTime(Duration.ofMillis(700)));
    assertEquals(Optional.empty(), schedule.lateness());
    run(schedule, Duration.ofSeconds(10), 9);
    assertEquals(5, rounds.size());
    assertTrue(
        rounds.stream().allMatch(round -> round.cellNanos() == 700_000_000), rounds::toString);
  }

  @Test
  void measuresACellForASecondAtMost() {
    Schedule schedule = schedule(Duration.ofHours(5));
    run(schedule, Duration.ofSeconds(4), 5);
    assertEquals(Schedule.LONGEST_CELL.toNanos(), rounds.getLast().cellNanos());
  }

  @Test
  void countsChildrenThatWereSkippedAsDone() {
    Schedule schedule = schedule(Duration.ofMinutes(9));
    run(schedule, Duration.ofSeconds(4), 1);
    for (int child = 0; child < CONTENDERS; child++) {
      schedule.childSkipped();
    }
    assertEquals(2 * CONTENDERS, schedule.childrenDone());
    schedule.roundDone();
    assertEquals(5 * CONTENDERS, schedule.childrenTotal());
  }
}
