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

  /** What the cgroups above this process allow. */
  static List<Finding> cgroupLimit(Patient patient) {
    Optional<CgroupMemory> cgroup = CgroupMemory.lowest(patient.files());
    if (cgroup.isEmpty()) {
      return List.of(
          new Finding(
              "cgroup",
              Severity.OK,
              "memory cgroup",
              "none",
              "no memory controller is visible: regions share all of the machine's RAM",
              ""));
    }
    CgroupMemory group = cgroup.get();
    String subject = String.format(Locale.ROOT, "memory cgroup (v%d)", group.version());
    if (!group.limited()) {
      return List.of(
          new Finding(
              "cgroup",
              Severity.OK,
              subject,
              "no limit",
              "regions share all of the machine's RAM; a limit is a fair way to test memory"
                  + " pressure",
              ""));
    }
    String used =
        group.usedBytes() < 0
            ? ""
            : String.format(Locale.ROOT, ", %s used", Units.bytes(group.usedBytes()));
    return List.of(
        new Finding(
            "cgroup",
            Severity.NOTE,
            subject,
            Units.bytes(group.limitBytes()) + used,
            "the cache of file regions counts in; more than this at once is read from disk again,"
                + " and anon beyond it is swapped or killed",
            "echo BYTES > " + group.file()));
  }

  /** Whether large anonymous regions are granted. */
  static List<Finding> overcommit(Patient patient) {
    OptionalLong value = Setting.OVERCOMMIT.number(patient.files());
    if (value.isEmpty()) {
      return List.of();
    }
    return List.of(
        switch ((int) value.getAsLong()) {
          case 1 ->
              new Finding(
                  "overcommit",
                  Severity.NOTE,
                  "vm.overcommit_memory",
                  "1 (always)",
                  "any anon region is granted; what does not fit is killed later, without an"
                      + " exception",
                  "sysctl vm.overcommit_memory=0");
          case 2 ->
              new Finding(
                  "overcommit",
                  Severity.WARN,
                  "vm.overcommit_memory",
                  "2 (never)",
                  String.format(
                      Locale.ROOT,
                      "anon and private regions are refused beyond the commit limit (%s left), the"
                          + " Java heap counts in; shared file regions are free of it",
                      commitLeft(patient.files())),
                  "sysctl vm.overcommit_memory=0");
          default ->
              new Finding(
                  "overcommit",
                  Severity.OK,
                  "vm.overcommit_memory",
                  "0 (heuristic)",
                  "anon regions are refused only if they could never fit; shared file regions are"
                      + " free of it",
                  "");
        });
  }

  private static String commitLeft(KernelFiles files) {
    OptionalLong limit = MemoryInfo.bytes(files, "CommitLimit");
    OptionalLong used = MemoryInfo.bytes(files, "Committed_AS");
    return limit.isPresent() && used.isPresent()
        ? Units.bytes(Math.max(0, limit.getAsLong() - used.getAsLong()))
        : "an unknown rest";
  }

  /** How many mappings one process may have. */
  static List<Finding> mapCount(Patient patient) {
    OptionalLong value = Setting.MAX_MAP_COUNT.number(patient.files());
    if (value.isEmpty()) {
      return List.of();
    }
    long count = value.getAsLong();
    boolean small = count <= DEFAULT_MAP_COUNT;
    return List.of(
        new Finding(
            "map-count",
            small ? Severity.NOTE : Severity.OK,
            "vm.max_map_count",
            Long.toString(count),
            "each region takes a mapping or more, the JVM some hundreds; at the limit allocation"
                + " fails with ENOMEM",
            small ? "sysctl vm.max_map_count=" + AMPLE_MAP_COUNT : ""));
  }

  /** How much memory may be locked. */
  static List<Finding> memlock(Patient patient) {
    OptionalLong soft = ProcessLimits.soft(patient.files(), "Max locked memory");
    return soft.isPresent() ? List.of(memlock(soft.getAsLong())) : List.of();
  }

  private static Finding memlock(long bytes) {
    String value = bytes == Long.MAX_VALUE ? "unlimited" : Units.bytes(bytes);
    return bytes < LOW_MEMLOCK_BYTES
        ? new Finding(
            "memlock",
            Severity.NOTE,
            "limit of locked memory",
            value,
            "locked regions and the swap policy NEVER are refused beyond this, unless the process"
                + " has CAP_IPC_LOCK",
            "ulimit -l unlimited (as root, or by LimitMEMLOCK= of the service), before the start")
        : new Finding(
            "memlock",
            Severity.OK,
            "limit of locked memory",
            value,
            "locked regions and the swap policy NEVER work up to this",
            "");
  }
}
