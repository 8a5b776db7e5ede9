/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.compare;

import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Divides the time that a comparison is given. Every cell gets the wanted number of runs, whatever
 * that takes; what is fitted to the time is how long a cell is measured, and, on a machine where
 * filling the memory takes long, how many runs one child makes of what it has filled.
 */
final class Schedule {
  static final Duration LEAST_CELL = Duration.ofMillis(100);
  static final Duration LONGEST_CELL = Duration.ofSeconds(1);

  /** The first fill is measured once in each child: fewer of them would tell no spread. */
  static final int LEAST_CHILDREN = 3;

  /** A cell is warmed up for this part of its time. */
  static final int WARM_UP_SHARE = 4;

  /** Guesses of what a child needs besides its cells, until the first round has shown it. */
  private static final Duration START_GUESS = Duration.ofSeconds(2);

  private static final double FILL_GUESS_BYTES_PER_SECOND = 500e6;

  private final long givenNanos;
  private final long fixedCellNanos;
  private final int contenders;
  private final int cellsPerRun;
  private final LongSupplier nanoTime;
  private final long begin;
  private final long overheadGuess;

  private int runsLeft;
  private int roundsDone;
  private int childrenDone;
  private int childrenMeasured;
  private long overheads;
  private Round round;

  /**
   * One child for each contender.
   *
   * @param number counts from 1
   * @param firstRun the number of the first run that it makes, from 1
   * @param runs how many runs each child makes
   * @param cellNanos how long each cell is measured, after a warm-up of a quarter of it
   * @param childrenAfter how many children of each contender are planned after it
   */
  record Round(int number, int firstRun, int runs, long cellNanos, int childrenAfter) {}

  /**
   * Begins now.
   *
   * @param contenders how many there are
   * @param cellsPerRun workloads of a run besides the first fill
   * @param nanoTime the clock
   */
  Schedule(ComparisonPlan plan, int contenders, int cellsPerRun, LongSupplier nanoTime) {
    this.contenders = contenders;
    this.cellsPerRun = Math.max(1, cellsPerRun);
    this.nanoTime = nanoTime;
    givenNanos = plan.time().toNanos();
    Duration fixed = plan.cellTime();
    fixedCellNanos = fixed == null ? 0 : fixed.toNanos();
    begin = nanoTime.getAsLong();
    overheadGuess =
        START_GUESS.toNanos() + (long) (plan.byteSize() / FILL_GUESS_BYTES_PER_SECOND * 1e9);
    runsLeft = plan.runs();
    round = next();
  }

  /** The round to run now; valid until {@link #roundDone()}. */
  Round round() {
    return round;
  }

  /** Whether rounds are left. */
  boolean hasRounds() {
    return runsLeft > 0;
  }

  /** A child of the round has ended after so long. */
  void childDone(long nanos) {
    childrenDone++;
    childrenMeasured++;
    overheads += Math.max(0, nanos - round.runs() * runNanos(round.cellNanos()));
  }

  /** A child of the round was not started, because its contender cannot be had. */
  void childSkipped() {
    childrenDone++;
  }

  /** Goes on to the next round. */
  void roundDone() {
    runsLeft -= round.runs();
    roundsDone++;
    if (runsLeft > 0) {
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
    return contenders * (roundsDone + (hasRounds() ? 1 + round.childrenAfter() : 0));
  }

  /** What is left to do, as it looks now. */
  Duration left() {
    if (!hasRounds()) {
      return Duration.ZERO;
    }
    int children = childrenTotal() - childrenDone;
    long inRound = (long) contenders * (roundsDone + 1) - childrenDone;
    long runs = inRound * round.runs() + (long) contenders * (runsLeft - round.runs());
    return Duration.ofNanos(children * overheadNanos() + runs * runNanos(round.cellNanos()));
  }

  /** What a child takes besides its cells: its start, the fill and its end. */
  Duration overhead() {
    return Duration.ofNanos(overheadNanos());
  }

  /** How much later than it should be this will end; empty if it will not, or may take its time. */
  Optional<Duration> lateness() {
    Duration late = Duration.ofNanos(elapsed() - givenNanos).plus(left());
    return fixedCellNanos > 0 || !hasRounds() || late.compareTo(tolerance()) <= 0
        ? Optional.empty()
        : Optional.of(late);
  }

  /** By how much more than the given time has passed; empty if it has not, or may. */
  Optional<Duration> overrun() {
    long over = elapsed() - givenNanos;
    return fixedCellNanos > 0 || over <= 0 ? Optional.empty() : Optional.of(Duration.ofNanos(over));
  }

  /** Estimates are not as exact as this. */
  private Duration tolerance() {
    return Duration.ofNanos(givenNanos / 50);
  }

  private long elapsed() {
    return nanoTime.getAsLong() - begin;
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
    if (fixedCellNanos > 0) {
      return new Round(number, firstRun, 1, fixedCellNanos, runsLeft - 1);
    }
    long perContender = (givenNanos - elapsed()) / contenders;
    int least = Math.clamp(LEAST_CHILDREN - roundsDone, 1, runsLeft);
    int children = runsLeft;
    while (children > least && cellNanos(perContender, children) < LEAST_CELL.toNanos()) {
      children--;
    }
    return new Round(
        number,
        firstRun,
        Math.ceilDiv(runsLeft, children),
        Math.clamp(cellNanos(perContender, children), LEAST_CELL.toNanos(), LONGEST_CELL.toNanos()),
        children - 1);
  }

  /** The time of a cell when each contender has so long, and so many children, for the rest. */
  private long cellNanos(long perContender, int children) {
    long forCells = (perContender - children * overheadNanos()) / runsLeft;
    return forCells / cellsPerRun * WARM_UP_SHARE / (WARM_UP_SHARE + 1);
  }
}
