/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The workloads of this bundle, by name. */
public final class Workloads {
  private static final List<Workload> STANDARD =
      List.of(
          new SequentialFill(),
          new SequentialRead(),
          new RandomRead(),
          new ZipfianRead(),
          new BatchedRead(),
          new VisitRead(),
          new GatherRead(),
          new RandomWrite(),
          new ScatterWrite(),
          new PhaseChange(),
          new HalfAndHalf(),
          new AllocateFree());

  private Workloads() {}

  /** All workloads, in the order in which they run and are shown. */
  public static List<Workload> standard() {
    return STANDARD;
  }

  /**
   * The workload of a name.
   *
   * @throws IllegalArgumentException if there is none; the message lists the names
   */
  public static Workload named(String name) {
    return STANDARD.stream()
        .filter(workload -> workload.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    String.format(
                        Locale.ROOT,
                        "no workload '%s'; choose from %s",
                        name,
                        STANDARD.stream().map(Workload::name).collect(Collectors.joining(", ")))));
  }
}
