/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dmalloc.measure.machine.MachineLoad;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.report.Units;

/**
 * The reasons why the figures of a comparison say nothing about files and swap. Each is a sentence
 * that ends with the next step.
 */
final class Obstacles {
  /** A share of all processors; below it a child still had the one or two that it uses. */
  private static final double MOST_OTHERS = 0.2;

  private static final double MOST_STOLEN = 0.1;

  /** A comparison itself makes a load of two or three. */
  private static final double OWN_LOAD = 4;

  /** Idle programs always move some pages to and from swap. */
  private static final long NOTABLE_BYTES = 4L << 20;

  private Obstacles() {}

  /**
   * Whether everything fitted into RAM. A limit of 0 is none; {@code dataBytes} of it are left for
   * data.
   */
  static List<String> size(long byteSize, long limitBytes, long dataBytes, long memoryBytes) {
    if (limitBytes == 0) {
      return byteSize < memoryBytes
          ? List.of(
              String.format(
                  Locale.ROOT,
                  "without a limit all of it was in RAM (%s of %s): neither file nor swap was needed; run it where a limit is permitted (as root), or give --size above %s",
                  Units.bytes(byteSize),
                  Units.bytes(memoryBytes),
                  Units.bytes(memoryBytes)))
          : List.of();
    }
    long holds = Math.min(dataBytes, memoryBytes > 0 ? memoryBytes : dataBytes);
    return byteSize <= holds
        ? List.of(
            String.format(
                Locale.ROOT,
                "the data (%s) fitted into the limit (%s, of which a JVM takes some): neither file nor swap was needed; give --size %dm or more, or a lower --limit",
                Units.bytes(byteSize),
                Units.bytes(limitBytes),
                4 * Math.ceilDiv(Math.min(limitBytes, Math.max(memoryBytes, 1)), 1L << 20)))
        : List.of();
  }

  /**
   * Whether swap went to areas other than {@code own}, the paths of those that the comparison made.
   * They are in both lists.
   */
  static List<String> swap(Set<String> own, List<SwapDevice> before, List<SwapDevice> after) {
    List<String> found = new ArrayList<>();
    if (own.size() > 1) {
      found.add(
          String.format(
              Locale.ROOT,
              "swap went to %s, and the kernel does not tell which page went where; give --swap-file or --zram",
              String.join(" and ", new TreeSet<>(own))));
    }
    Set<String> others = new TreeSet<>();
    int ownPriority =
        before.stream()
            .filter(area -> own.contains(area.path()))
            .mapToInt(SwapDevice::priority)
            .min()
            .orElse(Integer.MIN_VALUE);
    before.stream()
        .filter(area -> !own.isEmpty() && !own.contains(area.path()))
        .filter(area -> area.priority() >= ownPriority)
        .forEach(area -> others.add(area.path()));
    Set<String> paths = before.stream().map(SwapDevice::path).collect(Collectors.toSet());
    after.stream()
        .filter(area -> !own.contains(area.path()))
        .filter(area -> !paths.contains(area.path()) || (!own.isEmpty() && grown(area, before)))
        .forEach(area -> others.add(area.path()));
    if (!others.isEmpty()) {
      found.add(
          String.format(
              Locale.ROOT,
              "another swap area was in use meanwhile (%s): what was swapped did not go where it seems; swapoff it for the time being, or wait until it is gone",
              String.join(", ", others)));
    }
    return found;
  }

  private static boolean grown(SwapDevice area, List<SwapDevice> before) {
    return before.stream()
        .filter(earlier -> earlier.path().equals(area.path()))
        .anyMatch(earlier -> area.usedBytes() - earlier.usedBytes() > NOTABLE_BYTES);
  }

  /** Whether other programs, or other guests of the host, used the processors. */
  static List<String> load(MachineLoad before, MachineLoad after, int processors) {
    List<String> found = new ArrayList<>();
    double others = after.othersShare(before);
    double stolen = after.stolenShare(before);
    if (others > MOST_OTHERS || after.load() > processors + OWN_LOAD) {
      found.add(
          String.format(
              Locale.ROOT,
              "the machine was busy with other work (load %.0f, %.0f %% of the processors): run it when nothing else runs",
              after.load(),
              100 * others));
    }
    if (stolen > MOST_STOLEN) {
      found.add(
          String.format(
              Locale.ROOT,
              "the host gave %.0f %% of the processors to other machines: run it when they are idle, or on another host",
              100 * stolen));
    }
    return found;
  }
}
