/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.List;
import org.dmalloc.measure.machine.KernelCounts;

/** Measurements with chosen figures, for tests of what is made of them. */
public final class FixedMeasurement {
  private FixedMeasurement() {}

  /** Operations that took so long. */
  public static Measurement of(long operations, long elapsedNanos) {
    return of(
        operations,
        elapsedNanos,
        0,
        4096,
        new Latency(1, 1, 1, 1, 1, 1, 1, List.of()),
        KernelCounts.ofProcess(0, 0, 0, 0, 0));
  }

  /** Operations of a page each. */
  public static Measurement of(
      long operations,
      long elapsedNanos,
      long forceNanos,
      long bytesPerOperation,
      Latency latency,
      KernelCounts counters) {
    return new Measurement(
        "random-read",
        "load 8 bytes of a random page",
        operations,
        bytesPerOperation,
        operations,
        0,
        elapsedNanos,
        forceNanos,
        Measurement.UNKNOWN,
        latency,
        counters,
        false);
  }
}
