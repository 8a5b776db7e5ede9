/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.util.List;

/**
 * What a worker is to do: the first line of its standard input, as JSON. Commands follow, a line
 * each, and the worker ends at once when the input does.
 *
 * @param worker its number
 * @param generation how many came before it under that number
 * @param seed of all its hands' acts
 * @param hands how many threads act; with none it tells what the shared counter has, as what was
 *     added in its COUNTS, deletes it and ends
 * @param disk the directory for regions and backups, where space may be short
 * @param control the directory for books, where it is not
 * @param acts the words of what it may do
 * @param bundles how often bundles are stopped and started, in milliseconds; 0 for never
 * @param interruptMillis how often a hand is interrupted; 0 for never
 */
public record WorkerTask(
    int worker,
    int generation,
    long seed,
    int hands,
    String disk,
    String control,
    List<String> acts,
    long bundles,
    long interruptMillis) {
  public WorkerTask {
    acts = List.copyOf(acts);
  }

  /** The names of the stores' directories below {@link #disk}. */
  public static final List<String> STORES = List.of("store", "store2");

  /** The command that ends a worker: it closes and deletes all, looks for leaks, and says END. */
  public static final String FINISH = "finish";

  /** The command that tells that a file was cut, with its path. */
  public static final String CUT = "cut";

  /** The command to look at another worker's region, with what {@link Visit} needs. */
  public static final String VISIT = "visit";
}
