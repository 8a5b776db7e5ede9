/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import java.util.Arrays;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.ProcessStat;

/**
 * How busy a machine's processors are, at one moment; two of them tell about the time between. All
 * times are in ticks of the same length.
 *
 * @param userTicks what all programs have spent in user mode; the kernel's own work, such as
 *     write-back for whoever asked, is not among it
 * @param stolenTicks what a host gave to others
 * @param totalTicks all that the processors had
 * @param ownTicks what this process and its ended children have spent in user mode
 * @param load the load of the last minute
 */
public record MachineLoad(
    long userTicks, long stolenTicks, long totalTicks, long ownTicks, double load) {
  private static final int USER = 0;
  private static final int NICE = 1;
  private static final int STEAL = 7;

  /** Guest time, behind these, is counted in user time already. */
  private static final int COUNTED = 8;

  /** Fields of a process's {@code stat}. */
  private static final int UTIME = 14;

  private static final int CUTIME = 16;

  /** Reads it; what the machine does not tell is 0. */
  public static MachineLoad read(KernelFiles files) {
    long[] ticks =
        files.lines("/proc/stat").stream()
            .filter(line -> line.startsWith("cpu "))
            .flatMapToLong(
                line ->
                    Arrays.stream(line.strip().split("\\s+", -1))
                        .skip(1)
                        .mapToLong(Long::parseLong))
            .toArray();
    ticks = Arrays.copyOf(ticks, COUNTED);
    long own =
        ProcessStat.of(files, "self")
            .map(stat -> stat.field(UTIME).orElse(0) + stat.field(CUTIME).orElse(0))
            .orElse(0L);
    double load =
        files
            .text("/proc/loadavg")
            .map(text -> Double.parseDouble(text.strip().split("\\s+", -1)[0]))
            .orElse(0.0);
    return new MachineLoad(
        ticks[USER] + ticks[NICE], ticks[STEAL], Arrays.stream(ticks).sum(), own, load);
  }

  /** The part of all processors that other programs have had since, 0 to 1. */
  public double othersShare(MachineLoad earlier) {
    return share(
        userTicks - earlier.userTicks - (ownTicks - earlier.ownTicks),
        totalTicks - earlier.totalTicks);
  }

  /** The part of all processors that a host has given to others since, 0 to 1. */
  public double stolenShare(MachineLoad earlier) {
    return share(stolenTicks - earlier.stolenTicks, totalTicks - earlier.totalTicks);
  }

  private static double share(long part, long all) {
    return all <= 0 ? 0 : Math.max(0, (double) part / all);
  }
}
