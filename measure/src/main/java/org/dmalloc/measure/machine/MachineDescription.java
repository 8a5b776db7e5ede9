/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dmalloc.report.Units;
import org.dmalloc.spi.machine.CgroupMemory;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.MemoryInfo;
import org.dmalloc.spi.machine.Setting;

/**
 * The machine that figures were measured on. {@code "unknown"} stands for what it does not tell.
 *
 * @param processors how many this JVM may use
 * @param memoryBytes memory of the machine; −1 if unknown
 * @param memoryLimitBytes the lowest memory limit of the cgroups above this process; −1 for none
 * @param kernel name and release
 * @param system the distribution
 * @param jdk vendor and version
 * @param settings kernel settings that affect the figures, by their path in {@code /proc/sys} or
 *     {@code /sys}
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
  private static final List<Setting> SETTINGS =
      List.of(
          Setting.sysctl("vm.swappiness"),
          Setting.sysctl("vm.page-cluster"),
          Setting.sysctl("vm.dirty_ratio"),
          Setting.sysctl("vm.dirty_background_ratio"),
          Setting.sysctl("vm.dirty_bytes"),
          Setting.sysctl("vm.dirty_background_bytes"),
          Setting.sysctl("vm.overcommit_memory"),
          Setting.hugePages("enabled"),
          Setting.hugePages("shmem_enabled"));

  private static final String UNKNOWN = "unknown";

  public MachineDescription {
    swap = List.copyOf(swap);
    settings = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(settings));
  }

  /** One line for the head of a report. */
  public String sentence() {
    return String.format(
        Locale.ROOT,
        "%s, %d processors, %s%s, %s, Java %s",
        processor,
        processors,
        memoryBytes < 0 ? "memory unknown" : Units.bytes(memoryBytes),
        memoryLimitBytes < 0 ? "" : " (limit " + Units.bytes(memoryLimitBytes) + ")",
        kernel,
        jdk);
  }

  /** Describes the machine that these files belong to, and this JVM. */
  public static MachineDescription read(KernelFiles files) {
    Map<String, String> settings = new LinkedHashMap<>();
    for (Setting setting : SETTINGS) {
      setting.choice(files).ifPresent(value -> settings.put(setting.path(), value));
    }
    return new MachineDescription(
        valueOf(files, "/proc/cpuinfo", "model name", ":"),
        Runtime.getRuntime().availableProcessors(),
        MemoryInfo.bytes(files, "MemTotal").orElse(-1),
        CgroupMemory.lowest(files)
            .filter(CgroupMemory::limited)
            .map(CgroupMemory::limitBytes)
            .orElse(-1L),
        System.getProperty("os.name", UNKNOWN)
            + " "
            + Setting.sysctl("kernel.osrelease")
                .choice(files)
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
