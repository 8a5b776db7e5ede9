/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.dmalloc.measure.doctor.Finding.Severity;
import org.dmalloc.report.Units;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.MemoryInfo;
import org.dmalloc.spi.machine.Setting;
import org.jspecify.annotations.Nullable;

/** When the kernel writes changed pages back, and when it makes writers wait for that. */
final class WritebackChecks {
  private static final long LOW_BYTES = 64L << 20;

  private WritebackChecks() {}

  /** Where a writer is stopped. */
  static List<Finding> dirtyLimit(Patient patient) {
    KernelFiles files = patient.files();
    Limit limit = Limit.read(files, "dirty");
    if (limit == null) {
      return List.of();
    }
    boolean low = limit.bytes >= 0 && limit.bytes < LOW_BYTES;
    return List.of(
        new Finding(
            "dirty-limit",
            low ? Severity.WARN : Severity.OK,
            limit.setting,
            limit.value,
            low
                ? String.format(
                    Locale.ROOT,
                    "stores to file regions stall as soon as %s are unwritten",
                    limit.size())
                : String.format(
                    Locale.ROOT,
                    "stores to file regions run at memory speed until about %s are unwritten, then"
                        + " at disk speed",
                    limit.size()),
            low ? "sysctl vm.dirty_ratio=20" : ""));
  }

  /** Where write-back begins. */
  static List<Finding> dirtyBackground(Patient patient) {
    Limit background = Limit.read(patient.files(), "dirty_background");
    Limit limit = Limit.read(patient.files(), "dirty");
    if (background == null || limit == null) {
      return List.of();
    }
    boolean inverted = background.bytes >= 0 && limit.bytes >= 0 && background.bytes >= limit.bytes;
    return List.of(
        new Finding(
            "dirty-background",
            inverted ? Severity.WARN : Severity.OK,
            background.setting,
            background.value,
            inverted
                ? "not below the limit above: the kernel uses half of that, and write-back begins"
                    + " late"
                : String.format(
                    Locale.ROOT,
                    "write-back begins beside the writers at about %s; a force writes what is left"
                        + " over, so that less makes forces shorter, and writing more often",
                    background.size()),
            inverted ? "sysctl vm.dirty_background_ratio=10 vm.dirty_ratio=20" : ""));
  }

  /** A limit that is set in bytes, or in per cent of available memory if the bytes are 0. */
  private record Limit(String setting, String value, long bytes) {
    static @Nullable Limit read(KernelFiles files, String name) {
      Setting inBytes = Setting.sysctl("vm." + name + "_bytes");
      OptionalLong bytes = inBytes.number(files);
      if (bytes.isPresent() && bytes.getAsLong() > 0) {
        return new Limit(inBytes.name(), Long.toString(bytes.getAsLong()), bytes.getAsLong());
      }
      Setting inPerCent = Setting.sysctl("vm." + name + "_ratio");
      OptionalLong ratio = inPerCent.number(files);
      if (ratio.isEmpty()) {
        return null;
      }
      OptionalLong available = MemoryInfo.bytes(files, "MemAvailable");
      return new Limit(
          inPerCent.name(),
          ratio.getAsLong() + " %",
          available.isPresent() ? available.getAsLong() / 100 * ratio.getAsLong() : -1);
    }

    String size() {
      return bytes < 0 ? value + " of memory" : Units.bytes(bytes);
    }
  }
}
