/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

/**
 * What the kernel has counted for this whole process since its start, and for some devices since
 * boot, or the difference of two such readings. {@link #UNKNOWN} where this machine does not tell.
 *
 * <p>Bytes read and written are those of {@code /proc/self/io}: reads count when they are sent to
 * the device, read-ahead included; writes count when a page becomes dirty, in the kernel's own unit
 * (a large folio counts whole), or when a direct write is sent.
 *
 * @param majorFaults page faults that waited for a read, field 12 of {@code /proc/self/stat}
 * @param minorFaults page faults that did not, field 10
 * @param cpuNanos time on a CPU in user and kernel mode, fields 14 and 15, in the kernel's ticks of
 *     10 ms
 * @param swapSource where the two were counted: the file of this process's cgroup where it counts
 *     them, else that of the whole machine
 * @param deviceReadBytes read from the devices, by the whole machine
 * @param deviceWrittenBytes written to them; of a difference, until what was stored was durable
 * @param peakResidentBytes the most that the process had in RAM and mapped, pages that other
 *     programs share with it included
 * @param peakChargedBytes the most that its memory cgroup was charged for meanwhile, never more
 *     than its limit
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
  /** Stands for a count that this machine does not give. */
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

  /** Counts of nothing. */
  public static KernelCounts none() {
    return ofProcess(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN);
  }

  /**
   * What was counted between {@code earlier} and this reading; the peaks are those of this one.
   *
   * @param durable read when what had been stored was durable: the writing until then belongs to it
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
