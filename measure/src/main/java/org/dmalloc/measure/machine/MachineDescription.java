/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * The machine that figures were measured on. {@code "unknown"} stands for what it does not tell.
 *
 * @param processor the processor's model
 * @param processors how many this JVM may use
 * @param memoryBytes memory of the machine; −1 if unknown
 * @param memoryLimitBytes the lowest memory limit of the cgroups above this process; −1 for none
 * @param kernel name and release of the kernel
 * @param system the distribution
 * @param jdk vendor and version of the Java that runs this
 * @param swap swap areas in use
 * @param settings kernel settings that decide about the figures, by their path in {@code /proc/sys}
 *     or {@code /sys}
 */
public record MachineDescription(
    String processor,
    int processors,
    long memoryBytes,
    long memoryLimitBytes,
    String kernel,
    String system,
    String jdk,
    List<SwapDevice> swap,
    Map<String, String> settings) {
  private static final List<String> SETTINGS =
      List.of(
          "/proc/sys/vm/swappiness",
          "/proc/sys/vm/page-cluster",
          "/proc/sys/vm/dirty_ratio",
          "/proc/sys/vm/dirty_background_ratio",
          "/proc/sys/vm/dirty_bytes",
          "/proc/sys/vm/dirty_background_bytes",
          "/proc/sys/vm/overcommit_memory",
          "/sys/kernel/mm/transparent_hugepage/enabled",
          "/sys/kernel/mm/transparent_hugepage/shmem_enabled");

  private static final String UNKNOWN = "unknown";

  /** Copies the collections. */
  public MachineDescription {
    swap = List.copyOf(swap);
    settings = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(settings));
  }

  /** Describes the machine that these files belong to, and this JVM. */
  public static MachineDescription read(KernelFiles files) {
    Map<String, String> settings = new LinkedHashMap<>();
    for (String path : SETTINGS) {
      Optional<String> value = path.startsWith("/sys") ? files.choice(path) : files.text(path);
      value.ifPresent(v -> settings.put(path, v));
    }
    long memoryKib = files.field("/proc/meminfo", "MemTotal").orElse(-1);
    return new MachineDescription(
        valueOf(files, "/proc/cpuinfo", "model name", ":"),
        Runtime.getRuntime().availableProcessors(),
        memoryKib < 0 ? -1 : 1024 * memoryKib,
        MemoryCgroup.of(files).map(MemoryCgroup::limitBytes).orElse(-1L),
        System.getProperty("os.name", UNKNOWN)
            + " "
            + files
                .text("/proc/sys/kernel/osrelease")
                .orElse(System.getProperty("os.version", UNKNOWN)),
        valueOf(files, "/etc/os-release", "PRETTY_NAME", "=").replace("\"", ""),
        System.getProperty("java.vendor", UNKNOWN)
            + " "
            + System.getProperty("java.runtime.version", UNKNOWN),
        SwapDevice.all(files),
        settings);
  }

  private static String valueOf(KernelFiles files, String path, String key, String separator) {
    for (String line : files.lines(path)) {
      int at = line.indexOf(separator);
      if (at > 0 && line.substring(0, at).strip().equals(key)) {
        return line.substring(at + separator.length()).strip();
      }
    }
    return UNKNOWN;
  }
}
