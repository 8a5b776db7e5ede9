/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.dmalloc.report.Units;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.MemoryInfo;
import org.dmalloc.spi.machine.Setting;

/** The limits from which the kernel writes dirty pages back and makes writers wait. */
final class WritebackChecks {
  private static final long LOW_BYTES = 64L << 20;

  private WritebackChecks() {}

  static List<Finding> dirtyLimit(MachineView machine) {
    return Limit.read(machine.files(), "dirty").map(WritebackChecks::dirtyLimit).stream().toList();
  }

  private static Finding dirtyLimit(Limit limit) {
    Subject subject = new Subject("dirty-limit", limit.setting);
    return limit.bytes >= 0 && limit.bytes < LOW_BYTES
        ? subject.warn(
            limit.value,
            "stores to file regions stall as soon as " + limit.size() + " are unwritten",
            "sysctl vm.dirty_ratio=20")
        : subject.ok(
            limit.value,
            String.format(
                Locale.ROOT,
                "stores to file regions run at memory speed until about %s are unwritten, then at disk speed",
                limit.size()));
  }

  static List<Finding> dirtyBackground(MachineView machine) {
    return Limit.read(machine.files(), "dirty")
        .flatMap(
            limit ->
                Limit.read(machine.files(), "dirty_background")
                    .map(background -> dirtyBackground(background, limit)))
        .stream()
        .toList();
  }

  private static Finding dirtyBackground(Limit background, Limit limit) {
    Subject subject = new Subject("dirty-background", background.setting);
    return background.bytes >= 0 && limit.bytes >= 0 && background.bytes >= limit.bytes
        ? subject.warn(
            background.value,
            "not below the limit above: the kernel uses half of that, and write-back begins late",
            "sysctl vm.dirty_background_ratio=10 vm.dirty_ratio=20")
        : subject.ok(
            background.value,
            String.format(
                Locale.ROOT,
                "write-back begins beside the writers at about %s; a force writes what is left over, so that less makes forces shorter, and writing more often",
                background.size()));
  }

  /** A limit in bytes, or in percent of available memory if the bytes are 0. */
  private record Limit(Setting setting, String value, long bytes) {
    static Optional<Limit> read(KernelFiles files, String name) {
      Setting inBytes = Setting.sysctl("vm." + name + "_bytes");
      long bytes = inBytes.number(files).orElse(0);
      if (bytes > 0) {
        return Optional.of(new Limit(inBytes, Long.toString(bytes), bytes));
      }
      Setting inPerCent = Setting.sysctl("vm." + name + "_ratio");
      OptionalLong ratio = inPerCent.number(files);
      if (ratio.isEmpty()) {
        return Optional.empty();
      }
      OptionalLong available = MemoryInfo.bytes(files, "MemAvailable");
      return Optional.of(
          new Limit(
              inPerCent,
              ratio.getAsLong() + " %",
              available.isPresent() ? available.getAsLong() / 100 * ratio.getAsLong() : -1));
    }

    String size() {
      return bytes < 0 ? value + " of memory" : Units.bytes(bytes);
    }
  }
}
