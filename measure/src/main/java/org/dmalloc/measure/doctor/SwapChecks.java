/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.util.List;
import java.util.Locale;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.report.Units;
import org.dmalloc.spi.machine.Setting;

/** Swap, to which the kernel evicts anonymous memory. */
final class SwapChecks {
  private static final Setting PAGE_CLUSTER = Setting.sysctl("vm.page-cluster");
  private static final Setting SWAPPINESS = Setting.sysctl("vm.swappiness");
  private static final long DEFAULT_SWAPPINESS = 60;

  private SwapChecks() {}

  static List<Finding> devices(MachineView machine) {
    List<SwapDevice> devices = SwapDevice.all(machine.files());
    return devices.isEmpty()
        ? List.of(
            new Subject("swap", "swap")
                .note(
                    "none",
                    "anon regions cannot be larger than free RAM, and have no cold start; file regions are not concerned",
                    "fallocate -l 4G /swapfile && chmod 600 /swapfile && mkswap /swapfile && swapon -p 10 /swapfile"))
        : devices.stream().map(SwapChecks::device).toList();
  }

  private static Finding device(SwapDevice device) {
    return new Subject("swap", "swap " + device.path())
        .ok(
            String.format(
                Locale.ROOT,
                "%s, %s, %s used, priority %d",
                device.kind().name().toLowerCase(Locale.ROOT),
                Units.bytes(device.byteSize()),
                Units.bytes(device.usedBytes()),
                device.priority()),
            device.kind() == SwapDevice.Kind.ZRAM
                ? "anon regions are compressed in RAM here: they gain room, but not a disk's worth"
                : "anon regions go here page by page under pressure, highest priority first");
  }

  /**
   * The pages that one fault reads from swap. The effect was measured with {@code compare
   * --page-cluster 0,3}: see docs/swap-or-file.md.
   */
  static List<Finding> pageCluster(MachineView machine) {
    return machine.judge(PAGE_CLUSTER, cluster -> pageCluster(machine, cluster));
  }

  private static Finding pageCluster(MachineView machine, long cluster) {
    Subject subject = new Subject("page-cluster", PAGE_CLUSTER);
    if (cluster > 0) {
      return subject.ok(
          Long.toString(cluster),
          String.format(
              Locale.ROOT,
              "read in order, one fault brings up to %d pages from swap, which is what makes it fast; at random the kernel was seen to read one",
              1L << Math.min(cluster, 30)));
    }
    List<SwapDevice> areas = SwapDevice.all(machine.files());
    boolean compressed =
        !areas.isEmpty() && areas.stream().allMatch(a -> a.kind() == SwapDevice.Kind.ZRAM);
    return compressed
        ? subject.ok(
            "0", "one fault reads one page from swap, which zram gives without a disk's delay")
        : subject.note(
            "0",
            "one fault reads one page from swap: anonymous memory is read back in order at about a third of the rate of 3; random reads gain nothing measurable",
            "sysctl vm.page-cluster=3");
  }

  /** How the kernel weighs anonymous memory against file pages. */
  static List<Finding> swappiness(MachineView machine) {
    return machine.judge(SWAPPINESS, SwapChecks::swappiness);
  }

  private static Finding swappiness(long swappiness) {
    Subject subject = new Subject("swappiness", SWAPPINESS);
    String value = Long.toString(swappiness);
    String command = "sysctl vm.swappiness=" + DEFAULT_SWAPPINESS;
    if (swappiness == 0) {
      return subject.note(
          value,
          "anon regions and the Java heap stay in RAM until file pages are gone: file regions lose their cache first; good only where anon must not wait",
          command);
    }
    return swappiness > 100
        ? subject.note(
            value,
            "anon regions and the Java heap are swapped before file pages are given up",
            command)
        : subject.ok(
            value,
            "under pressure the kernel takes from anon and from file regions, in this proportion of 200");
  }
}
