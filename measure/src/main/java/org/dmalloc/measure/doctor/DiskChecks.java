/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dmalloc.measure.doctor.Finding.Severity;
import org.dmalloc.measure.machine.BlockDevice;
import org.dmalloc.spi.machine.Mount;

/** The disks below the stores. */
final class DiskChecks {
  /** The kernel's default; beyond it a fault without advice reads more than anybody meant. */
  private static final long DEFAULT_READ_AHEAD_KIB = 128;

  private static final long LOW_READ_AHEAD_KIB = 32;

  private DiskChecks() {}

  /** How much a fault without advice reads. */
  static List<Finding> readAhead(Patient patient) {
    List<Finding> findings = new ArrayList<>();
    for (BlockDevice disk : disks(patient)) {
      if (disk.readAheadKib().isEmpty()) {
        continue;
      }
      long kib = disk.readAheadKib().getAsLong();
      String command =
          String.format(Locale.ROOT, "echo %d > %s", DEFAULT_READ_AHEAD_KIB, disk.readAheadFile());
      if (kib > DEFAULT_READ_AHEAD_KIB) {
        findings.add(
            new Finding(
                "read-ahead",
                Severity.NOTE,
                "read_ahead_kb of " + disk.name(),
                kib + " KiB",
                String.format(
                    Locale.ROOT,
                    "filechannel, which takes no advice, may read %d KiB for one random page; panama finds the advice out (AUTO), or takes RANDOM, and needs no change; a lower value costs reading in order",
                    kib),
                command));
      } else if (kib < LOW_READ_AHEAD_KIB) {
        findings.add(
            new Finding(
                "read-ahead",
                Severity.NOTE,
                "read_ahead_kb of " + disk.name(),
                kib + " KiB",
                "reading in order waits for many small reads",
                command));
      } else {
        findings.add(
            new Finding(
                "read-ahead",
                Severity.OK,
                "read_ahead_kb of " + disk.name(),
                kib + " KiB",
                "a fault without advice reads at most about this; under RANDOM advice it reads one page",
                ""));
      }
    }
    return findings;
  }

  /** What the disk says about itself. */
  static List<Finding> rotational(Patient patient) {
    List<Finding> findings = new ArrayList<>();
    for (BlockDevice disk : disks(patient)) {
      disk.rotational()
          .ifPresent(
              turns ->
                  findings.add(
                      turns
                          ? new Finding(
                              "rotational",
                              Severity.NOTE,
                              "rotational of " + disk.name(),
                              "1",
                              "the kernel takes it for a disk with a seek time, and reads swap ahead by its place on the disk; virtual disks and SSDs behind controllers often say so wrongly: change it only there",
                              String.format(
                                  Locale.ROOT,
                                  "echo 0 > /sys/block/%s/queue/rotational",
                                  disk.name()))
                          : new Finding(
                              "rotational",
                              Severity.OK,
                              "rotational of " + disk.name(),
                              "0",
                              "the kernel takes it for a disk without a seek time",
                              "")));
    }
    return findings;
  }

  /** The disks below the stores, each once. */
  private static List<BlockDevice> disks(Patient patient) {
    Map<String, BlockDevice> byName = new LinkedHashMap<>();
    for (Path directory : patient.directories()) {
      Mount.holding(patient.files(), directory)
          .flatMap(mount -> BlockDevice.of(patient.files(), mount))
          .ifPresent(disk -> byName.putIfAbsent(disk.name(), disk));
    }
    return List.copyOf(byName.values());
  }
}
