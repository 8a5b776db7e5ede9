/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/**
 * Checks what the settings of a machine mean for memory regions, and names the commands that change
 * them. It only reads, and runs none of the commands.
 */
public final class Doctor {
  /** A check has no findings if the machine has no such setting. */
  private static final List<Function<MachineView, List<Finding>>> CHECKS =
      List.of(
          StoreChecks::fileSystem,
          StoreChecks::freeSpace,
          DiskChecks::readAhead,
          DiskChecks::rotational,
          SwapChecks::devices,
          SwapChecks::pageCluster,
          SwapChecks::swappiness,
          WritebackChecks::dirtyLimit,
          WritebackChecks::dirtyBackground,
          MemoryChecks::cgroupLimit,
          MemoryChecks::overcommit,
          MemoryChecks::mapCount,
          MemoryChecks::memlock,
          HugePageChecks::enabled,
          HugePageChecks::defrag,
          HugePageChecks::shmem);

  private Doctor() {}

  public static DoctorReport examine(List<Path> directories) {
    return examine(MachineView.thisMachine(directories));
  }

  public static DoctorReport examine(MachineView machine) {
    return new DoctorReport(
        CHECKS.stream().flatMap(check -> check.apply(machine).stream()).toList());
  }
}
