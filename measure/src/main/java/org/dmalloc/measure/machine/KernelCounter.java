/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.OptionalLong;
import org.dmalloc.spi.machine.KernelFiles;
import org.jspecify.annotations.Nullable;

/** Reads what the kernel counts while something is measured. One measurement at a time uses it. */
public final class KernelCounter {
  /** Linux: 5 written here resets the peak of the resident set (proc_pid_clear_refs(5)). */
  private static final Path CLEAR_REFS = Path.of("/proc/self/clear_refs");

  private static final byte[] RESET_PEAK = "5\n".getBytes(StandardCharsets.US_ASCII);

  private final KernelFiles files;
  private final List<BlockDevice> devices;
  private final @Nullable PeakCharge charge;

  /**
   * Counts for this process and some devices.
   *
   * @param devices whose traffic is counted; may be empty
   */
  public KernelCounter(KernelFiles files, List<BlockDevice> devices) {
    this(files, devices, null);
  }

  private KernelCounter(KernelFiles files, List<BlockDevice> devices, @Nullable PeakCharge charge) {
    this.files = files;
    this.devices = List.copyOf(devices);
    this.charge = charge;
  }

  /**
   * Counts peaks too, in a process that is there to be measured: they are reset each time.
   *
   * @param devices names of the devices
   * @param peakFile where the kernel tells the most that this process's cgroup was charged for;
   *     empty for that of the cgroup of version 2 that it is in
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

  /** Begins anew with what has a peak. */
  public void reset() throws IOException {
    PeakCharge peak = charge;
    if (peak != null) {
      Files.write(CLEAR_REFS, RESET_PEAK, StandardOpenOption.WRITE);
      peak.reset();
    }
  }

  /** Reads all now, the peaks since the last {@link #reset}. */
  public KernelCounts read() throws IOException {
    PeakCharge peak = charge;
    KernelCounts counts = KernelCounts.read(files, devices);
    if (peak == null) {
      return counts;
    }
    OptionalLong kib = files.field("/proc/self/status", "VmHWM");
    return counts.withPeaks(
        kib.isPresent() ? 1024 * kib.getAsLong() : KernelCounts.UNKNOWN, peak.read());
  }
}
