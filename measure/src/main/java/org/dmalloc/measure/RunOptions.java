/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

/**
 * How a workload is run.
 *
 * @param start the state of the caches, which the caller has prepared
 * @param timing from a cold start always each operation
 * @param forcesAfterWarmUp whether the store is forced before the measurement, so that it does not
 *     write what the warm-up changed
 * @param announcedPages how many pages are announced at a time, one batch ahead, by workloads that
 *     know them; 0 for none
 * @param seed decides the content of pages
 * @param stream with the seed decides all random choices: runs of different streams differ
 */
public record RunOptions(
    Start start,
    Timing timing,
    int threads,
    long warmUpNanos,
    boolean forcesAfterWarmUp,
    long limitNanos,
    long operations,
    int announcedPages,
    long seed,
    long stream) {
  /** No limit of time or operations. */
  public static final long UNLIMITED = Long.MAX_VALUE / 2;

  /** What is timed: each operation, or each group of the workload's size. */
  public enum Timing {
    EACH,
    GROUPS
  }

  public RunOptions {
    if (threads < 1) {
      throw new IllegalArgumentException("threads " + threads + "; give at least 1");
    }
    if (limitNanos < 1 || operations < 1) {
      throw new IllegalArgumentException(
          "limit of " + limitNanos + " ns, " + operations + " operations; give more than 0");
    }
  }

  /** One thread, without a warm-up or announced pages; each operation is timed. */
  public static RunOptions timed(
      Start start, long limitNanos, long operations, long seed, long stream) {
    return new RunOptions(start, Timing.EACH, 1, 0, false, limitNanos, operations, 0, seed, stream);
  }

  public RunOptions withLimit(long nanos) {
    return new RunOptions(
        start,
        timing,
        threads,
        Math.min(warmUpNanos, nanos),
        forcesAfterWarmUp,
        nanos,
        operations,
        announcedPages,
        seed,
        stream);
  }
}
