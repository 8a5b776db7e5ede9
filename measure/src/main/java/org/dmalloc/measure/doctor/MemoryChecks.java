/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.dmalloc.measure.doctor.Finding.Severity;
import org.dmalloc.report.Units;
import org.dmalloc.spi.machine.CgroupMemory;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.MemoryInfo;
import org.dmalloc.spi.machine.ProcessLimits;
import org.dmalloc.spi.machine.Setting;

/** Limits of memory and address space. */
final class MemoryChecks {
  private static final long DEFAULT_MAP_COUNT = 65_530;
  private static final long AMPLE_MAP_COUNT = 1_048_576;
  private static final long LOW_MEMLOCK_BYTES = 64L << 20;

  private MemoryChecks() {}

  static List<Finding> cgroupLimit(MachineView machine) {
    Optional<CgroupMemory> lowest = CgroupMemory.lowest(machine.files());
    return List.of(
        lowest.isPresent()
            ? cgroupLimit(lowest.get())
            : new Subject("cgroup", "memory cgroup")
                .ok(
                    "none",
                    "no memory controller is visible: regions share all of the machine's RAM"));
  }

  private static Finding cgroupLimit(CgroupMemory group) {
    Subject subject = new Subject("cgroup", "memory cgroup (v" + group.version() + ")");
    if (!group.limited()) {
      return subject.ok(
          "no limit",
          "regions share all of the machine's RAM; a limit is a fair way to test memory pressure");
    }
    String used = group.usedBytes() < 0 ? "" : ", " + Units.bytes(group.usedBytes()) + " used";
    return subject.note(
        Units.bytes(group.limitBytes()) + used,
        "the cache of file regions counts in; more than this at once is read from disk again, and anon beyond it is swapped or killed",
        "echo BYTES > " + group.file());
  }

  static List<Finding> overcommit(MachineView machine) {
    Subject subject = new Subject("overcommit", Setting.OVERCOMMIT);
    return machine.judge(
        Setting.OVERCOMMIT,
        value ->
            switch ((int) value) {
              case 1 ->
                  subject.note(
                      "1 (always)",
                      "any anon region is granted; what does not fit is killed later, without an exception",
                      "sysctl vm.overcommit_memory=0");
              case 2 ->
                  subject.warn(
                      "2 (never)",
                      String.format(
                          Locale.ROOT,
                          "anon and private regions are refused beyond the commit limit (%s left), the Java heap counts in; shared file regions are free of it",
                          commitLeft(machine.files())),
                      "sysctl vm.overcommit_memory=0");
              default ->
                  subject.ok(
                      "0 (heuristic)",
                      "anon regions are refused only if they could never fit; shared file regions are free of it");
            });
  }

  private static String commitLeft(KernelFiles files) {
    OptionalLong limit = MemoryInfo.bytes(files, "CommitLimit");
    OptionalLong used = MemoryInfo.bytes(files, "Committed_AS");
    return limit.isPresent() && used.isPresent()
        ? Units.bytes(Math.max(0, limit.getAsLong() - used.getAsLong()))
        : "an unknown rest";
  }

  static List<Finding> mapCount(MachineView machine) {
    return machine.judge(
        Setting.MAX_MAP_COUNT,
        count -> {
          boolean small = count <= DEFAULT_MAP_COUNT;
          return new Subject("map-count", Setting.MAX_MAP_COUNT)
              .finding(
                  small ? Severity.NOTE : Severity.OK,
                  Long.toString(count),
                  "each region takes a mapping or more, the JVM some hundreds; at the limit allocation fails with ENOMEM",
                  small ? "sysctl vm.max_map_count=" + AMPLE_MAP_COUNT : "");
        });
  }

  static List<Finding> memlock(MachineView machine) {
    return MachineView.judge(
        ProcessLimits.soft(machine.files(), "Max locked memory"),
        bytes -> {
          Subject subject = new Subject("memlock", "limit of locked memory");
          String value = bytes == Long.MAX_VALUE ? "unlimited" : Units.bytes(bytes);
          return bytes < LOW_MEMLOCK_BYTES
              ? subject.note(
                  value,
                  "locked regions and the swap policy NEVER are refused beyond this, unless the process has CAP_IPC_LOCK",
                  "ulimit -l unlimited (as root, or by LimitMEMLOCK= of the service), before the start")
              : subject.ok(value, "locked regions and the swap policy NEVER work up to this");
        });
  }
}
