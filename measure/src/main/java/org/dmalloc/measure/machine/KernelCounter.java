/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import static org.dmalloc.measure.machine.KernelCounts.UNKNOWN;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.dmalloc.spi.machine.Cgroup;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.ProcessStat;
import org.jspecify.annotations.Nullable;

/** Reads the kernel's counts for a measurement. One measurement at a time uses it. */
public final class KernelCounter {
  /** Linux: 5 written here resets the peak of the resident set (proc_pid_clear_refs(5)). */
  private static final Path CLEAR_REFS = Path.of("/proc/self/clear_refs");

  private static final byte[] RESET_PEAK = "5\n".getBytes(StandardCharsets.US_ASCII);

  /** The kernel reports CPU time to user space in USER_HZ, which is 100 on every Linux port. */
  private static final long NANOS_PER_TICK = 10_000_000;

  private final KernelFiles files;
  private final List<BlockDevice> devices;
  private final @Nullable PeakCharge charge;

  /** Counts for this process, and the traffic of devices. */
  public KernelCounter(KernelFiles files, List<BlockDevice> devices) {
    this(files, devices, null);
  }

  private KernelCounter(KernelFiles files, List<BlockDevice> devices, @Nullable PeakCharge charge) {
    this.files = files;
    this.devices = List.copyOf(devices);
    this.charge = charge;
  }

  /**
   * Counts peaks too, which {@link #reset} resets; for a process that only measures.
   *
   * @param peakFile where the kernel tells the peak charge of this process's cgroup; empty for that
   *     of its cgroup of version 2
   */
  public static KernelCounter withPeaks(List<String> devices, String peakFile) {
    KernelFiles files = KernelFiles.ofThisMachine();
    return new KernelCounter(
        files,
        devices.stream()
            .flatMap(name -> BlockDevice.ofDeviceFile(files, "/dev/" + name).stream())
            .toList(),
        PeakCharge.of(files, peakFile));
  }

  public void reset() throws IOException {
    PeakCharge peak = charge;
    if (peak != null) {
      Files.write(CLEAR_REFS, RESET_PEAK, StandardOpenOption.WRITE);
      peak.reset();
    }
  }

  /** Reads all counts, and the peaks since the last {@link #reset}. */
  public KernelCounts read() throws IOException {
    Optional<ProcessStat> stat = ProcessStat.of(files, "self");
    long userTicks = field(stat, 14);
    long systemTicks = field(stat, 15);
    String swapSource = swapSource();
    List<BlockDevice.Traffic> traffic =
        devices.stream().flatMap(device -> device.traffic(files).stream()).toList();
    PeakCharge peak = charge;
    OptionalLong peakKib =
        peak == null ? OptionalLong.empty() : files.field("/proc/self/status", "VmHWM");
    return new KernelCounts(
        field(stat, 12),
        field(stat, 10),
        userTicks == UNKNOWN || systemTicks == UNKNOWN
            ? UNKNOWN
            : (userTicks + systemTicks) * NANOS_PER_TICK,
        files.field("/proc/self/io", "read_bytes").orElse(UNKNOWN),
        files.field("/proc/self/io", "write_bytes").orElse(UNKNOWN),
        files.field(swapSource, "pswpin").orElse(UNKNOWN),
        files.field(swapSource, "pswpout").orElse(UNKNOWN),
        swapSource,
        devices.isEmpty()
            ? UNKNOWN
            : traffic.stream().mapToLong(BlockDevice.Traffic::readBytes).sum(),
        devices.isEmpty()
            ? UNKNOWN
            : traffic.stream().mapToLong(BlockDevice.Traffic::writtenBytes).sum(),
        peakKib.isPresent() ? 1024 * peakKib.getAsLong() : UNKNOWN,
        peak == null ? UNKNOWN : peak.read());
  }

  private static long field(Optional<ProcessStat> stat, int number) {
    return stat.isPresent() ? stat.get().field(number).orElse(UNKNOWN) : UNKNOWN;
  }

  /** The file of this process's cgroup if it counts swapping, else that of the machine. */
  private String swapSource() {
    return Cgroup.ofMemory(files, 2)
        .map(group -> group.directory().resolve("memory.stat").toString())
        .filter(stat -> files.field(stat, "pswpin").isPresent())
        .orElse("/proc/vmstat");
  }
}
