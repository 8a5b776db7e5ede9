/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.dmalloc.measure.compare.cell.CellRun;
import org.dmalloc.measure.machine.BlockDevice;
import org.dmalloc.measure.machine.ProcessCounters;
import org.dmalloc.spi.machine.Cgroup;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * What the kernel counts that a comparison wants, read at one moment.
 *
 * @param process this process's counters
 * @param swapInPages read from swap
 * @param swapOutPages written to swap
 * @param deviceReadBytes read from the watched devices
 * @param deviceWrittenBytes written to them
 */
record CellCounters(
    ProcessCounters process,
    long swapInPages,
    long swapOutPages,
    long deviceReadBytes,
    long deviceWrittenBytes) {
  private static final String VMSTAT = "/proc/vmstat";

  /** Linux: 5 written here resets the peak of the resident set (proc_pid_clear_refs(5)). */
  private static final Path CLEAR_REFS = Path.of("/proc/self/clear_refs");

  private static final byte[] RESET_PEAK = "5\n".getBytes(StandardCharsets.US_ASCII);

  static CellCounters read(KernelFiles files, String swapSource, List<String> devices) {
    long read = 0;
    long written = 0;
    for (String device : devices) {
      Optional<BlockDevice.Traffic> traffic =
          BlockDevice.ofDeviceFile(files, "/dev/" + device).flatMap(d -> d.traffic(files));
      if (traffic.isPresent()) {
        read += traffic.get().readBytes();
        written += traffic.get().writtenBytes();
      }
    }
    return new CellCounters(
        ProcessCounters.read(files),
        files.field(swapSource, "pswpin").orElse(CellRun.UNKNOWN),
        files.field(swapSource, "pswpout").orElse(CellRun.UNKNOWN),
        devices.isEmpty() ? CellRun.UNKNOWN : read,
        devices.isEmpty() ? CellRun.UNKNOWN : written);
  }

  /** Where pages swapped are counted: this process's cgroup where it does, else the machine. */
  static String swapSource(KernelFiles files) {
    Optional<Cgroup> group = Cgroup.ofMemory(files, 2);
    if (group.isPresent()) {
      String stat = group.get().directory().resolve("memory.stat").toString();
      if (files.field(stat, "pswpin").isPresent()) {
        return stat;
      }
    }
    return VMSTAT;
  }

  static long difference(long later, long earlier) {
    return later == CellRun.UNKNOWN || earlier == CellRun.UNKNOWN
        ? CellRun.UNKNOWN
        : later - earlier;
  }

  static void resetPeak() throws IOException {
    Files.write(CLEAR_REFS, RESET_PEAK, StandardOpenOption.WRITE);
  }

  static long peakResidentBytes(KernelFiles files) {
    OptionalLong kib = files.field("/proc/self/status", "VmHWM");
    return kib.isPresent() ? 1024 * kib.getAsLong() : CellRun.UNKNOWN;
  }
}
