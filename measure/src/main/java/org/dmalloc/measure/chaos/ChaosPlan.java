/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.dmalloc.measure.chaos.worker.Act;

/**
 * What a chaos run is to do.
 *
 * @param seed decides acts and faults
 * @param time how long
 * @param workers how many JVMs at a time
 * @param hands how many threads act in each
 * @param directory where its directory is made, which is removed
 * @param diskBytes the size of the file system of its own, where one can be made
 * @param chosen the words of acts and faults that take place
 */
public record ChaosPlan(
    long seed,
    Duration time,
    int workers,
    int hands,
    Path directory,
    long diskBytes,
    Set<String> chosen) {
  /** The most workers: each is a JVM of some 100 MiB. */
  public static final int MOST_WORKERS = 16;

  public static final int MOST_HANDS = 16;

  /** What all workers need at the least beside a full disk. */
  private static final long BYTES_OF_HAND = 64L << 20;

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if one is out of its bounds, or nothing is left to do
   */
  public ChaosPlan {
    chosen = Set.copyOf(chosen);
    if (time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException("time " + time + "; give at least 1s");
    }
    require("workers", workers, MOST_WORKERS);
    require("hands", hands, MOST_HANDS);
    if (diskBytes < BYTES_OF_HAND * hands * workers) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "disk of %d bytes for %d workers with %d hands; give at least %dm",
              diskBytes,
              workers,
              hands,
              (BYTES_OF_HAND * hands * workers) >> 20));
    }
    if (acts().stream().noneMatch(chosen::contains)) {
      throw new IllegalArgumentException(
          "no act is left; give some of " + String.join(", ", acts()));
    }
  }

  private static void require(String what, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(what + " " + value + "; give 1 to " + most);
    }
  }

  /** The words of all acts, then of all faults. */
  public static List<String> words() {
    return Stream.concat(acts().stream(), faults().stream()).toList();
  }

  /** The words of all acts. */
  public static List<String> acts() {
    return Arrays.stream(Act.values()).map(Act::word).toList();
  }

  /** The words of all faults. */
  public static List<String> faults() {
    return Arrays.stream(Fault.values()).map(Fault::word).toList();
  }

  List<String> chosenActs() {
    return acts().stream().filter(chosen::contains).toList();
  }

  List<Fault> chosenFaults() {
    return Arrays.stream(Fault.values()).filter(fault -> chosen.contains(fault.word())).toList();
  }

  /** The command that does the same again. */
  public String command() {
    Set<String> without = new TreeSet<>(words());
    without.removeAll(chosen);
    return String.format(
        Locale.ROOT,
        "./dmalloc chaos --seed %d --time %ds --workers %d --hands %d --disk %dm%s",
        seed,
        time.toSeconds(),
        workers,
        hands,
        diskBytes >> 20,
        without.isEmpty() ? "" : " --without " + String.join(",", without));
  }
}
