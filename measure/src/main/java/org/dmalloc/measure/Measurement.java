/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import org.dmalloc.measure.machine.KernelCounts;

/**
 * What one run of a workload over a store gave: the same record whatever the store is and whoever
 * asked, so that figures can be compared. {@link #UNKNOWN} stands for what was not counted.
 *
 * @param operations operations done, by all threads
 * @param bytesPerOperation what one operation stands for in a bandwidth; 0 if that means nothing
 * @param pages pages of 4096 bytes that the operations used; one that was used twice counts twice
 * @param changedPages how many different pages they stored to
 * @param elapsedNanos from the start of the first operation to the end of the last, without the
 *     warm-up and the force
 * @param forceNanos how long it then took until what had been stored was durable; {@link #UNKNOWN}
 *     if nothing was forced
 * @param besidePages pages that another thread used meanwhile; {@link #UNKNOWN} without one
 * @param latency how long operations took, what begins and ends an access section included, without
 *     the force
 * @param counters what the kernel counted meanwhile, for this process and for devices
 * @param finished whether the workload came to its own end before its time or operations were up
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
  /** Stands for a figure that there is none of. */
  public static final long UNKNOWN = -1;

  private static final double NANOS_PER_SECOND = 1e9;

  /** Operations per second, without the force. */
  public double operationsPerSecond() {
    return perSecond(operations, elapsedNanos);
  }

  /** Operations per second, with the time until what they changed was durable. */
  public double durableOperationsPerSecond() {
    return perSecond(operations, elapsedNanos + Math.max(0, forceNanos));
  }

  /** Bytes per second, likewise; 0 if a bandwidth means nothing for this workload. */
  public double durableBytesPerSecond() {
    return durableOperationsPerSecond() * bytesPerOperation;
  }

  /** The rate of what ran beside it; NaN if nothing did. */
  public double besideBytesPerSecond() {
    return besidePages == UNKNOWN || elapsedNanos <= 0
        ? Double.NaN
        : perSecond(besidePages * PageContent.PAGE_BYTES, elapsedNanos);
  }

  /** Bytes of the pages that the operations used. */
  public long pageBytes() {
    return pages * PageContent.PAGE_BYTES;
  }

  private static double perSecond(long count, long nanos) {
    return nanos <= 0 ? 0 : count * NANOS_PER_SECOND / nanos;
  }
}
