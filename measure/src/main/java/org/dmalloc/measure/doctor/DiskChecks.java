/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.dmalloc.measure.machine.BlockDevice;
import org.dmalloc.spi.machine.Mount;

/** The disks below the stores. */
final class DiskChecks {
  /** The kernel's default; with more, a fault without advice reads more than its page. */
  private static final long DEFAULT_READ_AHEAD_KIB = 128;

  private static final long LOW_READ_AHEAD_KIB = 32;

  private DiskChecks() {}

  static List<Finding> readAhead(MachineView machine) {
    return disks(machine)
        .flatMap(
            disk -> MachineView.judge(disk.readAheadKib(), kib -> readAhead(disk, kib)).stream())
        .toList();
  }

  private static Finding readAhead(BlockDevice disk, long kib) {
    Subject subject = new Subject("read-ahead", "read_ahead_kb of " + disk.name());
    String value = kib + " KiB";
    String command = "echo " + DEFAULT_READ_AHEAD_KIB + " > " + disk.readAheadFile();
    if (kib > DEFAULT_READ_AHEAD_KIB) {
      return subject.note(
          value,
          String.format(
              Locale.ROOT,
              "filechannel, which takes no advice, may read %d KiB for one random page; panama finds the advice out (AUTO), or takes RANDOM, and needs no change; a lower value costs reading in order",
              kib),
          command);
    }
    return kib < LOW_READ_AHEAD_KIB
        ? subject.note(value, "reading in order waits for many small reads", command)
        : subject.ok(
            value,
            "a fault without advice reads at most about this; under RANDOM advice it reads one page");
  }

  /** Whether the kernel takes the disk for a rotational disk. */
  static List<Finding> rotational(MachineView machine) {
    return disks(machine)
        .flatMap(disk -> disk.rotational().map(rotational -> rotational(disk, rotational)).stream())
        .toList();
  }

  private static Finding rotational(BlockDevice disk, boolean rotational) {
    Subject subject = new Subject("rotational", "rotational of " + disk.name());
    return rotational
        ? subject.note(
            "1",
            "the kernel takes it for a disk with a seek time, and reads swap ahead by its place on the disk; virtual disks and SSDs behind controllers often say so wrongly: change it only there",
            "echo 0 > /sys/block/" + disk.name() + "/queue/rotational")
        : subject.ok("0", "the kernel takes it for a disk without a seek time");
  }

  /** The disks below the stores, each once. */
  private static Stream<BlockDevice> disks(MachineView machine) {
    return machine.directories().stream()
        .flatMap(directory -> Mount.holding(machine.files(), directory).stream())
        .flatMap(mount -> BlockDevice.of(machine.files(), mount).stream())
        .distinct();
  }
}
