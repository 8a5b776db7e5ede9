/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.dmalloc.measure.doctor.Finding.Severity;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.report.Units;
import org.dmalloc.spi.machine.Setting;

/** Where anonymous memory goes when RAM gets short. */
final class SwapChecks {
  private static final long DEFAULT_SWAPPINESS = 60;

  private SwapChecks() {}

  /** The swap areas in use, with what they lie on. */
  static List<Finding> devices(Patient patient) {
    List<SwapDevice> devices = SwapDevice.all(patient.files());
    if (devices.isEmpty()) {
      return List.of(
          new Finding(
              "swap",
              Severity.NOTE,
              "swap",
              "none",
              "anon regions cannot be larger than free RAM, and have no cold start; file regions"
                  + " are not concerned",
              "fallocate -l 4G /swapfile && chmod 600 /swapfile && mkswap /swapfile && swapon -p 10"
                  + " /swapfile"));
    }
    List<Finding> findings = new ArrayList<>();
    for (SwapDevice device : devices) {
      findings.add(
          new Finding(
              "swap",
              Severity.OK,
              "swap " + device.path(),
              String.format(
                  Locale.ROOT,
                  "%s, %s, %s used, priority %d",
                  device.kind().name().toLowerCase(Locale.ROOT),
                  Units.bytes(device.byteSize()),
                  Units.bytes(device.usedBytes()),
                  device.priority()),
              device.kind() == SwapDevice.Kind.ZRAM
                  ? "anon regions are compressed in RAM here: they gain room, but not a disk's"
                      + " worth"
                  : "anon regions go here page by page under pressure, highest priority first",
              ""));
    }
    return findings;
  }

  /**
   * How many pages one fault from swap reads. What it is worth either way was measured with compare
   * --page-cluster 0,3: see docs/swap-or-file.md.
   */
  static List<Finding> pageCluster(Patient patient) {
    OptionalLong value = Setting.sysctl("vm.page-cluster").number(patient.files());
    if (value.isEmpty()) {
      return List.of();
    }
    List<SwapDevice> areas = SwapDevice.all(patient.files());
    if (value.getAsLong() == 0) {
      boolean compressed =
          !areas.isEmpty() && areas.stream().allMatch(a -> a.kind() == SwapDevice.Kind.ZRAM);
      return List.of(
          compressed
              ? new Finding(
                  "page-cluster",
                  Severity.OK,
                  "vm.page-cluster",
                  "0",
                  "one fault reads one page from swap, which zram gives without a disk's delay",
                  "")
              : new Finding(
                  "page-cluster",
                  Severity.NOTE,
                  "vm.page-cluster",
                  "0",
                  "one fault reads one page from swap: anonymous memory is read back in order at"
                      + " about a third of the rate of 3; random reads gain nothing measurable",
                  "sysctl vm.page-cluster=3"));
    }
    long pages = 1L << Math.min(value.getAsLong(), 30);
    return List.of(
        new Finding(
            "page-cluster",
            Severity.OK,
            "vm.page-cluster",
            Long.toString(value.getAsLong()),
            String.format(
                Locale.ROOT,
                "read in order, one fault brings up to %d pages from swap, which is what makes it"
                    + " fast; at random the kernel was seen to read one",
                pages),
            ""));
  }

  /** How the kernel weighs anonymous memory against file pages. */
  static List<Finding> swappiness(Patient patient) {
    OptionalLong value = Setting.sysctl("vm.swappiness").number(patient.files());
    if (value.isEmpty()) {
      return List.of();
    }
    long swappiness = value.getAsLong();
    String text = Long.toString(swappiness);
    if (swappiness == 0) {
      return List.of(
          new Finding(
              "swappiness",
              Severity.NOTE,
              "vm.swappiness",
              text,
              "anon regions and the Java heap stay in RAM until file pages are gone: file regions"
                  + " lose their cache first; good only where anon must not wait",
              "sysctl vm.swappiness=" + DEFAULT_SWAPPINESS));
    }
    return List.of(
        new Finding(
            "swappiness",
            swappiness > 100 ? Severity.NOTE : Severity.OK,
            "vm.swappiness",
            text,
            swappiness > 100
                ? "anon regions and the Java heap are swapped before file pages are given up"
                : "under pressure the kernel takes from anon and from file regions, in this"
                    + " proportion of 200",
            swappiness > 100 ? "sysctl vm.swappiness=" + DEFAULT_SWAPPINESS : ""));
  }
}
