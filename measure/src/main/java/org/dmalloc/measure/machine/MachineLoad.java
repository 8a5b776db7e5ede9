/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import java.util.Arrays;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.ProcessStat;

/**
 * The load of a machine's processors at one moment; two readings tell about the time between. All
 * times are in ticks of the same length.
 *
 * @param userTicks user-mode time of all programs; it excludes the kernel's own work, such as
 *     write-back
 * @param stolenTicks what a host gave to other machines
 * @param totalTicks all ticks of the processors
 * @param ownTicks user-mode time of this process and its ended children
 * @param load the load of the last minute
 */
public record MachineLoad(
    long userTicks, long stolenTicks, long totalTicks, long ownTicks, double load) {
  private static final int USER = 0;
  private static final int NICE = 1;
  private static final int STEAL = 7;

  /** Guest time follows these fields, and is part of user time already. */
  private static final int COUNTED = 8;

  /** Fields of a process's {@code stat}. */
  private static final int UTIME = 14;

  private static final int CUTIME = 16;

  /** Reads the load; what the machine does not tell is 0. */
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

  /** The share of all processors that other programs used since, 0 to 1. */
  public double othersShare(MachineLoad earlier) {
    return share(
        userTicks - earlier.userTicks - (ownTicks - earlier.ownTicks),
        totalTicks - earlier.totalTicks);
  }

  /** The share of all processors that a host gave to others since, 0 to 1. */
  public double stolenShare(MachineLoad earlier) {
    return share(stolenTicks - earlier.stolenTicks, totalTicks - earlier.totalTicks);
  }

  private static double share(long part, long all) {
    return all <= 0 ? 0 : Math.max(0, (double) part / all);
  }
}
