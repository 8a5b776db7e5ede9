/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import org.dmalloc.measure.machine.KernelCounts;

/**
 * The result of one run of a workload over a store. Every command gives this record, so that
 * figures can be compared. {@link #UNKNOWN} stands for what was not counted.
 *
 * @param operations operations of all threads
 * @param bytesPerOperation what one operation counts in a bandwidth; 0 if it has none
 * @param pages pages of 4096 bytes that the operations used; a page used twice counts twice
 * @param changedPages how many different pages they stored to
 * @param elapsedNanos from the start of the first operation to the end of the last, without the
 *     warm-up and the force
 * @param forceNanos how long it then took until the stores were durable; {@link #UNKNOWN} if
 *     nothing was forced
 * @param besidePages pages that another thread used meanwhile; {@link #UNKNOWN} without one
 * @param latency of operations, with entering and leaving an access section, without the force
 * @param counters the kernel's counts of this process and of devices meanwhile
 * @param finished whether the workload ended before its limit of time or operations
 */
public record Measurement(
    String workload,
    String operation,
    long operations,
    long bytesPerOperation,
    long pages,
    long changedPages,
    long elapsedNanos,
    long forceNanos,
    long besidePages,
    Latency latency,
    KernelCounts counters,
    boolean finished) {
  public static final long UNKNOWN = -1;

  private static final double NANOS_PER_SECOND = 1e9;

  /** Operations per second, without the force. */
  public double operationsPerSecond() {
    return perSecond(operations, elapsedNanos);
  }

  /** Operations per second, with the time until their stores were durable. */
  public double durableOperationsPerSecond() {
    return perSecond(operations, elapsedNanos + Math.max(0, forceNanos));
  }

  /** Bytes per second, likewise; 0 if the workload has no bandwidth. */
  public double durableBytesPerSecond() {
    return durableOperationsPerSecond() * bytesPerOperation;
  }

  /** The rate of the workload beside this one; NaN without one. */
  public double besideBytesPerSecond() {
    return besidePages == UNKNOWN || elapsedNanos <= 0
        ? Double.NaN
        : perSecond(besidePages * PageContent.PAGE_BYTES, elapsedNanos);
  }

  public long pageBytes() {
    return pages * PageContent.PAGE_BYTES;
  }

  private static double perSecond(long count, long nanos) {
    return nanos <= 0 ? 0 : count * NANOS_PER_SECOND / nanos;
  }
}
