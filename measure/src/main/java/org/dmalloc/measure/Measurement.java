/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import org.dmalloc.measure.machine.ProcessCounters;

/**
 * What one run of a workload gave.
 *
 * @param operations operations done, by all threads
 * @param elapsedNanos from the start of the first operation to the end of the last
 * @param forceNanos how long it then took to force what had changed to the disk; 0 where nothing
 *     was forced
 * @param bytesPerOperation what one operation stands for in a bandwidth; 0 if that means nothing
 * @param latency how long single operations took, without the force
 * @param counters what the kernel counted for this process during the run, the force included
 * @param finished whether the workload came to its own end before its time was up
 */
public record Measurement(
    long operations,
    long elapsedNanos,
    long forceNanos,
    long bytesPerOperation,
    LatencyProfile latency,
    ProcessCounters counters,
    boolean finished) {
  private static final double NANOS_PER_SECOND = 1e9;

  /** Operations per second, with the time until what they changed was on the disk. */
  public double operationsPerSecond() {
    long nanos = elapsedNanos + forceNanos;
    return nanos == 0 ? 0 : operations * NANOS_PER_SECOND / nanos;
  }

  /** Bytes per second; 0 if a bandwidth means nothing for this workload. */
  public double bytesPerSecond() {
    return operationsPerSecond() * bytesPerOperation;
  }
}
