/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  private static final int CONTENDERS = 10;
  private static final int CELLS = 12;

  private final List<Schedule.Round> rounds = new ArrayList<>();
  private long now;

  private Schedule schedule(Duration time) {
    return schedule(
        ComparisonPlan.of(2L << 30, 512L << 20, Path.of("/data"))
            .with(new ComparisonPlan.Effort(5, time, null)));
  }

  private Schedule schedule(ComparisonPlan plan) {
    return new Schedule(plan, CONTENDERS, CELLS, () -> now, 0);
  }

  /** Runs rounds whose children take so long besides their cells. */
  private void run(Schedule schedule, Duration overhead, int count) {
    for (int i = 0; i < count && schedule.hasRounds(); i++) {
      Schedule.Round made = schedule.round();
      for (int left = CONTENDERS; left > 0 && schedule.fitting(left) == left; left--) {
        Schedule.Round child = schedule.child(left);
        long nanos = overhead.toNanos() + (long) child.runs() * CELLS * child.cellNanos() * 5 / 4;
        now += nanos;
        schedule.childDone(child, nanos);
        made = child;
      }
      rounds.add(made);
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
    assertEquals(535, now / 1e9, 1);
    assertTrue(
        rounds.getLast().cellNanos() > rounds.getFirst().cellNanos(),
        "what the guess of the first round left over goes to later cells");
  }

  @Test
  void makesSeveralRunsOfOneFillWhereFillingIsSlow() {
    Schedule schedule = schedule(Duration.ofMinutes(9));
    run(schedule, Duration.ofSeconds(12), 6);
    assertEquals(3, rounds.size());
    assertEquals(5, runs());
    assertEquals(List.of(1, 2, 4), rounds.stream().map(Schedule.Round::firstRun).toList());
    assertTrue(Duration.ofNanos(now).toSeconds() <= 540, () -> now + " ns");
  }

  @Test
  void neverTakesLongerThanTheTimeHoweverSlowTheMachineIs() {
    for (int overhead = 1; overhead < 120; overhead += 7) {
      for (int time = 20; time < 700; time += 31) {
        now = 0;
        rounds.clear();
        Schedule schedule = schedule(Duration.ofSeconds(time));
        run(schedule, Duration.ofSeconds(overhead), 9);
        // What one child takes longer than those before is cut by who runs it.
        assertTrue(
            now <= schedule.deadlineNanos() + Duration.ofSeconds(overhead).toNanos(),
            "time " + time + ", overhead " + overhead + ", took " + now / 1e9);
      }
    }
  }

  @Test
  void makesFewerRunsWhereThePlannedOnesDoNotFit() {
    // Eleven seconds for each contender: a child of 6.3 s by the guess, and three runs of 1.5 s.
    Schedule schedule = schedule(Duration.ofSeconds(115));
    assertEquals(1, schedule.round().number());
    assertEquals(3, schedule.round().runs());
    assertEquals(Schedule.LEAST_CELL.toNanos(), schedule.round().cellNanos());
    run(schedule, Duration.ofSeconds(9), 9);
    assertTrue(runs() < 5, rounds::toString);
    assertTrue(schedule.runsLeft() > 0);
    assertFalse(schedule.hasRounds());
    assertTrue(now <= Duration.ofSeconds(115).toNanos());
  }

  @Test
  void shortensWhatIsLeftOfARoundThatBeganTooSlowly() {
    Schedule schedule = schedule(Duration.ofMinutes(5));
    Schedule.Round planned = schedule.round();
    now += Duration.ofSeconds(100).toNanos();
    schedule.childDone(planned, Duration.ofSeconds(15).toNanos());
    Schedule.Round child = schedule.child(CONTENDERS - 1);
    long took =
        schedule.overhead().toNanos() + (long) child.runs() * CELLS * child.cellNanos() * 5 / 4;
    assertTrue(took * (CONTENDERS - 1) <= schedule.deadlineNanos() - now, child::toString);
    assertTrue(child.cellNanos() >= Schedule.LEAST_CELL.toNanos(), child::toString);
  }

  @Test
  void tellsHowManyChildrenStillFit() {
    Schedule schedule = schedule(Duration.ofSeconds(100));
    now = Duration.ofSeconds(60).toNanos();
    int fit = schedule.fitting(CONTENDERS);
    assertTrue(fit > 0 && fit < CONTENDERS, () -> fit + " fit");
    now = Duration.ofSeconds(99).toNanos();
    assertEquals(0, schedule.fitting(CONTENDERS));
  }

  @Test
  void leavesAGivenCellTimeAloneAndMakesFewerRunsInstead() {
    Schedule schedule =
        schedule(
            ComparisonPlan.of(2L << 30, 512L << 20, Path.of("/data"))
                .with(
                    new ComparisonPlan.Effort(5, Duration.ofSeconds(400), Duration.ofMillis(700))));
    run(schedule, Duration.ofSeconds(10), 9);
    assertTrue(runs() >= 1 && runs() < 5, rounds::toString);
    assertTrue(
        rounds.stream().allMatch(round -> round.cellNanos() == 700_000_000), rounds::toString);
    assertTrue(now <= Duration.ofSeconds(400).toNanos());
  }

  @Test
  void measuresACellForASecondAtMost() {
    Schedule schedule = schedule(Duration.ofHours(5));
    run(schedule, Duration.ofSeconds(4), 5);
    assertEquals(Schedule.LONGEST_CELL.toNanos(), rounds.getLast().cellNanos());
  }

  @Test
  void countsNoChildrenOfContendersThatAreDropped() {
    Schedule schedule = schedule(Duration.ofMinutes(9));
    run(schedule, Duration.ofSeconds(4), 1);
    schedule.contenderDropped();
    assertEquals(CONTENDERS + 4 * (CONTENDERS - 1), schedule.childrenTotal());
  }
}
