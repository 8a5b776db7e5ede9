/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** Which fault comes when: decided by the seed, whatever the workers do. */
final class FaultSchedule {
  private static final long LEAST_PAUSE_MILLIS = 200;
  private static final long MOST_PAUSE_MILLIS = 4_000;
  private static final long LEAST_LENGTH_MILLIS = 50;
  private static final long MOST_LENGTH_MILLIS = 1_500;

  private final SplittableRandom random;
  private final List<Fault> dice = new ArrayList<>();
  private final int workers;
  private long atMillis;

  /**
   * One fault.
   *
   * @param atMillis since the start
   * @param worker whom it concerns
   * @param lengthMillis how long it lasts, if it does
   * @param extent any number, for how hard it is
   */
  record Planned(long atMillis, Fault fault, int worker, long lengthMillis, int extent) {}

  FaultSchedule(long seed, Collection<Fault> faults, int workers) {
    random = new SplittableRandom(seed);
    this.workers = workers;
    for (Fault fault : Fault.values()) {
      for (int weight = faults.contains(fault) ? fault.weight() : 0; weight > 0; weight--) {
        dice.add(fault);
      }
    }
  }

  /** The one after those before; empty if there are no faults. */
  Optional<Planned> next() {
    if (dice.isEmpty()) {
      return Optional.empty();
    }
    atMillis += random.nextLong(LEAST_PAUSE_MILLIS, MOST_PAUSE_MILLIS);
    return Optional.of(
        new Planned(
            atMillis,
            dice.get(random.nextInt(dice.size())),
            random.nextInt(workers),
            random.nextLong(LEAST_LENGTH_MILLIS, MOST_LENGTH_MILLIS),
            random.nextInt(Integer.MAX_VALUE)));
  }
}
