/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

/**
 * The kernel's counts for this whole process since its start, and for some devices since boot; or
 * the difference of two readings. {@link #UNKNOWN} where this machine does not tell.
 *
 * <p>Bytes read and written are those of {@code /proc/self/io}. Reads count when they are sent to
 * the device, read-ahead included. Writes count when a page becomes dirty, in the kernel's own unit
 * (a large folio counts whole), or when a direct write is sent.
 *
 * @param majorFaults page faults that waited for a read, field 12 of {@code /proc/self/stat}
 * @param minorFaults page faults that did not, field 10
 * @param cpuNanos time on a CPU in user and kernel mode, fields 14 and 15, in ticks of 10 ms
 * @param swapSource where swapping was counted: the file of this process's cgroup if it counts
 *     that, else that of the whole machine
 * @param deviceReadBytes by the whole machine
 * @param deviceWrittenBytes likewise; in a difference, until the stores were durable
 * @param peakResidentBytes the peak of mapped pages in RAM, those shared with other programs
 *     included
 * @param peakChargedBytes the peak charge of its memory cgroup, never more than the limit
 */
public record KernelCounts(
    long majorFaults,
    long minorFaults,
    long cpuNanos,
    long readBytes,
    long writtenBytes,
    long swapInPages,
    long swapOutPages,
    String swapSource,
    long deviceReadBytes,
    long deviceWrittenBytes,
    long peakResidentBytes,
    long peakChargedBytes) {
  public static final long UNKNOWN = -1;

  /** Counts of the process alone; all others are unknown. */
  public static KernelCounts ofProcess(
      long majorFaults, long minorFaults, long cpuNanos, long readBytes, long writtenBytes) {
    return new KernelCounts(
        majorFaults,
        minorFaults,
        cpuNanos,
        readBytes,
        writtenBytes,
        UNKNOWN,
        UNKNOWN,
        "",
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN);
  }

  public static KernelCounts none() {
    return ofProcess(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN);
  }

  /**
   * The counts between {@code earlier} and this reading; the peaks are this reading's. Bytes
   * written to devices count until {@code durable}, which was read when the stores were durable.
   */
  public KernelCounts since(KernelCounts earlier, KernelCounts durable) {
    return new KernelCounts(
        difference(majorFaults, earlier.majorFaults),
        difference(minorFaults, earlier.minorFaults),
        difference(cpuNanos, earlier.cpuNanos),
        difference(readBytes, earlier.readBytes),
        difference(writtenBytes, earlier.writtenBytes),
        difference(swapInPages, earlier.swapInPages),
        difference(swapOutPages, earlier.swapOutPages),
        swapSource,
        difference(deviceReadBytes, earlier.deviceReadBytes),
        difference(durable.deviceWrittenBytes, earlier.deviceWrittenBytes),
        peakResidentBytes,
        peakChargedBytes);
  }

  private static long difference(long later, long earlier) {
    return later == UNKNOWN || earlier == UNKNOWN ? UNKNOWN : later - earlier;
  }
}
