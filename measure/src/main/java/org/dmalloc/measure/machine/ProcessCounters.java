/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import java.util.Optional;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.ProcessStat;

/**
 * What the kernel has counted for this whole process since its start, or the difference of two such
 * readings. {@link #UNKNOWN} where this machine does not tell.
 *
 * <p>Bytes read and written are those of {@code /proc/self/io}: reads count when they are sent to
 * the device, read-ahead included; writes count when a page becomes dirty, in the kernel's own unit
 * (a large folio counts whole), or when a direct write is sent.
 *
 * @param majorFaults page faults that waited for a read, field 12 of {@code /proc/self/stat}
 * @param minorFaults page faults that did not, field 10
 * @param cpuNanos time on a CPU in user and kernel mode, fields 14 and 15, in the kernel's ticks of
 *     10 ms
 * @param readBytes {@code read_bytes}
 * @param writtenBytes {@code write_bytes}
 */
public record ProcessCounters(
    long majorFaults, long minorFaults, long cpuNanos, long readBytes, long writtenBytes) {
  /** Stands for a count that this machine does not give. */
  public static final long UNKNOWN = -1;

  /** The kernel reports CPU time to user space in USER_HZ, which is 100 on every Linux port. */
  private static final long NANOS_PER_TICK = 10_000_000;

  /** Reads the counters of this process. */
  public static ProcessCounters read(KernelFiles files) {
    Optional<ProcessStat> stat = ProcessStat.of(files, "self");
    long userTicks = field(stat, 14);
    long systemTicks = field(stat, 15);
    return new ProcessCounters(
        field(stat, 12),
        field(stat, 10),
        userTicks == UNKNOWN || systemTicks == UNKNOWN
            ? UNKNOWN
            : (userTicks + systemTicks) * NANOS_PER_TICK,
        files.field("/proc/self/io", "read_bytes").orElse(UNKNOWN),
        files.field("/proc/self/io", "write_bytes").orElse(UNKNOWN));
  }

  private static long field(Optional<ProcessStat> stat, int number) {
    return stat.isPresent() ? stat.get().field(number).orElse(UNKNOWN) : UNKNOWN;
  }

  /** What was counted between {@code earlier} and this reading. */
  public ProcessCounters since(ProcessCounters earlier) {
    return new ProcessCounters(
        difference(majorFaults, earlier.majorFaults),
        difference(minorFaults, earlier.minorFaults),
        difference(cpuNanos, earlier.cpuNanos),
        difference(readBytes, earlier.readBytes),
        difference(writtenBytes, earlier.writtenBytes));
  }

  private static long difference(long later, long earlier) {
    return later == UNKNOWN || earlier == UNKNOWN ? UNKNOWN : later - earlier;
  }
}
