/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.cell;

import org.dmalloc.measure.LatencyProfile;

/**
 * One run of one workload over one contender. {@link #UNKNOWN} stands for what the machine does not
 * tell.
 *
 * @param workload what was done
 * @param operations operations done
 * @param elapsedNanos how long they took
 * @param forceNanos how long it then took until what they stored was durable; {@link #UNKNOWN} if
 *     nothing can make it so, and nothing is owed
 * @param askedBytes the bytes of the pages that the operations used: 4096 for each
 * @param latency how long single operations took
 * @param majorFaults faults of the process that waited for a device
 * @param swapInPages pages read from swap, by the whole machine or the cgroup: see {@code
 *     swapSource}
 * @param swapOutPages pages written to swap
 * @param swapSource where the two were counted
 * @param readBytes read from devices on behalf of this process
 * @param deviceReadBytes read from the devices below, by the whole machine
 * @param deviceWrittenBytes written to them until the data was durable, by the whole machine
 * @param cpuNanos time on a processor, in user and kernel mode
 * @param peakResidentBytes the most that the process had in RAM and mapped, pages that other
 *     programs share with it included
 * @param peakChargedBytes the most that its memory cgroup was charged for meanwhile, never more
 *     than the limit; {@link #UNKNOWN} without a cgroup of its own
 * @param besideBytes the bytes of the pages that a scan beside it used meanwhile; {@link #UNKNOWN}
 *     if nothing ran beside it
 */
public record CellRun(
    ComparedWorkload workload,
    long operations,
    long elapsedNanos,
    long forceNanos,
    long askedBytes,
    LatencyProfile latency,
    long majorFaults,
    long swapInPages,
    long swapOutPages,
    String swapSource,
    long readBytes,
    long deviceReadBytes,
    long deviceWrittenBytes,
    long cpuNanos,
    long peakResidentBytes,
    long peakChargedBytes,
    long besideBytes) {
  /** Stands for a figure that there is none of. */
  public static final long UNKNOWN = -1;

  private static final double NANOS_PER_SECOND = 1e9;

  /** Operations per second, without the time until durable. */
  public double operationsPerSecond() {
    return elapsedNanos <= 0 ? 0 : operations * NANOS_PER_SECOND / elapsedNanos;
  }

  /** The rate of what ran beside it; NaN if nothing did. */
  public double besideBytesPerSecond() {
    return besideBytes == UNKNOWN || elapsedNanos <= 0
        ? Double.NaN
        : besideBytes * NANOS_PER_SECOND / elapsedNanos;
  }
}
