/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks a machine over for what its settings will do to memory regions, and tells the commands that
 * change them. Runs none of them.
 */
public final class Doctor {
  private static final List<MachineCheck> STANDARD =
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

  private final List<MachineCheck> checks;

  /** A doctor with all checks of this bundle. */
  public Doctor() {
    this(STANDARD);
  }

  /** A doctor with checks of one's own. */
  public Doctor(List<MachineCheck> checks) {
    this.checks = List.copyOf(checks);
  }

  /** Looks at the machine that this runs on. */
  public DoctorReport examine(List<Path> directories) {
    return examine(Patient.thisMachine(directories));
  }

  /** Looks at a machine. */
  public DoctorReport examine(Patient patient) {
    List<Finding> findings = new ArrayList<>();
    for (MachineCheck check : checks) {
      findings.addAll(check.examine(patient));
    }
    return new DoctorReport(findings);
  }
}
