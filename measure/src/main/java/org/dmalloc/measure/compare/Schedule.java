/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Fits the runs of a comparison into the time given for it, which is kept whatever the machine
 * does. A run measures every workload once; a child JVM fills the memory once and makes one run of
 * it, or several where filling takes long. Where time gets short, cells become shorter, then fewer
 * runs are made, then contenders are left out; a child that is still running when the time is over
 * is cut. The caller does all that, by what is asked here.
 */
final class Schedule {
  static final Duration LEAST_CELL = Duration.ofMillis(100);
  static final Duration LONGEST_CELL = Duration.ofSeconds(1);

  /** Fewer runs show no spread, and there is no verdict then. */
  static final int LEAST_RUNS = 3;

  /** A cell is warmed up for this part of its time. */
  static final int WARM_UP_SHARE = 4;

  /** Guesses of what a child needs besides its cells, until the first round has shown it. */
  private static final Duration START_GUESS = Duration.ofSeconds(2);

  private static final double FILL_GUESS_BYTES_PER_SECOND = 500e6;

  /** Kept of the time for ending a child that is cut, and for putting everything back. */
  private static final int RESERVE_SHARE = 20;

  private static final Duration LARGEST_RESERVE = Duration.ofSeconds(5);

  private final long leastCellNanos;
  private final long fixedCellNanos;
  private final int cellsPerRun;
  private final LongSupplier nanoTime;
  private final long deadline;
  private final long overheadGuess;

  private int contenders;
  private int runsLeft;
  private int roundsDone;
  private int childrenDone;
  private int childrenMeasured;
  private int doneInRound;
  private long overheads;
  private Round round;

  /**
   * What a child is to do.
   *
   * @param number of its round, counts from 1
   * @param firstRun the number of the first run that it makes, from 1
   * @param cellNanos how long each cell is measured, after a warm-up of a quarter of it
   * @param childrenAfter how many children of each contender are planned after its round
   */
  record Round(int number, int firstRun, int runs, long cellNanos, int childrenAfter) {}

  /**
   * Begins.
   *
   * @param cellsPerRun workloads of a run besides the first fill
   * @param begin when the time given began to run, by that clock
   */
  Schedule(
      ComparisonPlan plan, int contenders, int cellsPerRun, LongSupplier nanoTime, long begin) {
    this.contenders = contenders;
    this.cellsPerRun = Math.max(1, cellsPerRun);
    this.nanoTime = nanoTime;
    Duration fixed = plan.effort().cellTime();
    fixedCellNanos = fixed == null ? 0 : fixed.toNanos();
    leastCellNanos = fixed == null ? LEAST_CELL.toNanos() : fixedCellNanos;
    deadline = begin + plan.effort().time().toNanos() - reserve(plan.effort().time()).toNanos();
    overheadGuess = overheadGuess(plan).toNanos();
    runsLeft = plan.effort().runs();
    round = next();
  }

  /** How much earlier than the time given the last child ends. */
  static Duration reserve(Duration time) {
    Duration share = time.dividedBy(RESERVE_SHARE);
    return share.compareTo(LARGEST_RESERVE) < 0 ? share : LARGEST_RESERVE;
  }

  /** What a child takes besides its cells, before one was seen. */
  static Duration overheadGuess(ComparisonPlan plan) {
    return START_GUESS.plusNanos((long) (plan.byteSize() / FILL_GUESS_BYTES_PER_SECOND * 1e9));
  }

  /** The least that so many runs in one child of each contender take, by the guess. */
  static Duration least(ComparisonPlan plan, int contenders, int cellsPerRun) {
    Duration fixed = plan.effort().cellTime();
    long cell = (fixed == null ? LEAST_CELL : fixed).toNanos();
    long cells = (long) Math.min(plan.effort().runs(), LEAST_RUNS) * cellsPerRun;
    long runs = cells * (cell + cell / WARM_UP_SHARE);
    return overheadGuess(plan).plusNanos(runs).multipliedBy(contenders);
  }

  /** The round to run now; valid until {@link #roundDone()}. */
  Round round() {
    return round;
  }

  /** When the last child must have ended, by the clock. */
  long deadlineNanos() {
    return deadline;
  }

  /** Whether runs are left, and time for one of each contender. */
  boolean hasRounds() {
    return runsLeft > 0 && contenders > 0 && (roundsDone == 0 || fitting(contenders) == contenders);
  }

  /** Runs of each contender that were wanted and not begun. */
  int runsLeft() {
    return runsLeft;
  }

  /** How many of the children that are left in this round can still make a run. */
  int fitting(int childrenLeft) {
    long each = overheadNanos() + runNanos(leastCellNanos);
    return Math.clamp((deadline - nanoTime.getAsLong()) / each, 0, childrenLeft);
  }

  /** What the next child is to do, so that all that are left in this round have as much time. */
  Round child(int childrenLeft) {
    long forCells = (deadline - nanoTime.getAsLong()) / childrenLeft - overheadNanos();
    if (round.runs() * runNanos(round.cellNanos()) <= forCells) {
      return round;
    }
    long cell = Math.clamp(cellNanos(forCells, round.runs()), leastCellNanos, round.cellNanos());
    int runs = Math.clamp(forCells / runNanos(cell), 1, round.runs());
    return new Round(round.number(), round.firstRun(), runs, cell, round.childrenAfter());
  }

  void childDone(Round child, long nanos) {
    childrenDone++;
    doneInRound++;
    childrenMeasured++;
    overheads += Math.max(0, nanos - child.runs() * runNanos(child.cellNanos()));
  }

  /** A contender cannot be had, or does not fit into the time: it has no more children. */
  void contenderDropped() {
    contenders--;
  }

  /** Goes on to the next round. */
  void roundDone() {
    runsLeft -= round.runs();
    roundsDone++;
    doneInRound = 0;
    if (runsLeft > 0 && contenders > 0) {
      round = next();
    }
  }

  int roundsDone() {
    return roundsDone;
  }

  int childrenDone() {
    return childrenDone;
  }

  /** How many children there will be, as it looks now. */
  int childrenTotal() {
    int inRound = contenders - doneInRound;
    return childrenDone + (runsLeft > 0 ? inRound + contenders * round.childrenAfter() : 0);
  }

  /** What is left to do, as it looks now. */
  Duration left() {
    if (runsLeft <= 0) {
      return Duration.ZERO;
    }
    int children = childrenTotal() - childrenDone;
    long inRound = (long) contenders - doneInRound;
    long runs = inRound * round.runs() + (long) contenders * (runsLeft - round.runs());
    long nanos = children * overheadNanos() + runs * runNanos(round.cellNanos());
    return Duration.ofNanos(Math.clamp(nanos, 0, Math.max(0, deadline - nanoTime.getAsLong())));
  }

  /** What a child takes besides its cells: its start, the fill and its end. */
  Duration overhead() {
    return Duration.ofNanos(overheadNanos());
  }

  private long overheadNanos() {
    return childrenMeasured == 0 ? overheadGuess : overheads / childrenMeasured;
  }

  private long runNanos(long cellNanos) {
    return cellsPerRun * (cellNanos + cellNanos / WARM_UP_SHARE);
  }

  private Round next() {
    int number = roundsDone + 1;
    int firstRun = number == 1 ? 1 : round.firstRun() + round.runs();
    long each = (deadline - nanoTime.getAsLong()) / Math.max(1, contenders);
    int children = runsLeft;
    while (children > 1
        && cellNanos(each - children * overheadNanos(), runsLeft) < leastCellNanos) {
      children--;
    }
    long forCells = each - children * overheadNanos();
    long cell = cellNanos(forCells, runsLeft);
    int runs = Math.ceilDiv(runsLeft, children);
    if (cell < leastCellNanos) {
      runs = Math.clamp(forCells / runNanos(leastCellNanos), 1, runs);
    }
    return new Round(
        number,
        firstRun,
        runs,
        fixedCellNanos > 0
            ? fixedCellNanos
            : Math.clamp(cell, LEAST_CELL.toNanos(), LONGEST_CELL.toNanos()),
        children - 1);
  }

  /** The time of a cell when so many runs have so long for their cells. */
  private long cellNanos(long forCells, int runs) {
    return forCells / runs / cellsPerRun * WARM_UP_SHARE / (WARM_UP_SHARE + 1);
  }
}
