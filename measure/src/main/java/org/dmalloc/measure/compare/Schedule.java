/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Fits the runs of a comparison into its time limit. A run measures every workload once. A child
 * JVM fills the memory once and makes one run, or several where the fill takes long. Short time
 * first shortens the cells, then reduces the runs, then drops contenders. A child that still runs
 * at the limit is ended. The caller acts on what these methods return.
 */
final class Schedule {
  static final Duration LEAST_CELL = Duration.ofMillis(100);
  static final Duration LONGEST_CELL = Duration.ofSeconds(1);

  /** Fewer runs show no spread and permit no verdict. */
  static final int LEAST_RUNS = 3;

  /** The warm-up takes this fraction of a cell's time. */
  static final int WARM_UP_SHARE = 4;

  /** The guess of a child's overhead until the first round has measured it. */
  private static final Duration START_GUESS = Duration.ofSeconds(2);

  private static final double FILL_GUESS_BYTES_PER_SECOND = 500e6;

  /** The fraction of the limit that is reserved to end a child and to undo the setup. */
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
   * The task of a child. Rounds and runs count from 1. A warm-up of a quarter of {@code cellNanos}
   * precedes each cell. {@code childrenAfter} children of each contender are planned after this
   * round.
   */
  record Round(int number, int firstRun, int runs, long cellNanos, int childrenAfter) {}

  /**
   * Counts the workloads of a run without the first fill; {@code begin} is when the limit started.
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

  /** How long before the limit the last child ends. */
  static Duration reserve(Duration time) {
    Duration share = time.dividedBy(RESERVE_SHARE);
    return share.compareTo(LARGEST_RESERVE) < 0 ? share : LARGEST_RESERVE;
  }

  /** The guess of a child's overhead before one was measured. */
  static Duration overheadGuess(ComparisonPlan plan) {
    return START_GUESS.plusNanos((long) (plan.byteSize() / FILL_GUESS_BYTES_PER_SECOND * 1e9));
  }

  /** The least time of so many runs in one child of each contender, by the guess. */
  static Duration least(ComparisonPlan plan, int contenders, int cellsPerRun) {
    Duration fixed = plan.effort().cellTime();
    long cell = (fixed == null ? LEAST_CELL : fixed).toNanos();
    long cells = (long) Math.min(plan.effort().runs(), LEAST_RUNS) * cellsPerRun;
    long runs = cells * (cell + cell / WARM_UP_SHARE);
    return overheadGuess(plan).plusNanos(runs).multipliedBy(contenders);
  }

  /** The current round; valid until {@link #roundDone()}. */
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

  /** How many of the children left in this round still have time for a run. */
  int fitting(int childrenLeft) {
    long each = overheadNanos() + runNanos(leastCellNanos);
    return Math.clamp((deadline - nanoTime.getAsLong()) / each, 0, childrenLeft);
  }

  /** The task of the next child; it leaves as much time for each other child of this round. */
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

  /** Drops a contender that is not available or does not fit into the time. */
  void contenderDropped() {
    contenders--;
  }

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

  /** The current estimate of the number of children. */
  int childrenTotal() {
    int inRound = contenders - doneInRound;
    return childrenDone + (runsLeft > 0 ? inRound + contenders * round.childrenAfter() : 0);
  }

  /** The current estimate of the time left to work. */
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

  /** A child's time besides its cells: its start, the fill and its end. */
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

  private long cellNanos(long forCells, int runs) {
    return forCells / runs / cellsPerRun * WARM_UP_SHARE / (WARM_UP_SHARE + 1);
  }
}
