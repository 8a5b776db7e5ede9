/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import java.util.OptionalDouble;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.disk.RawFigure;
import org.dmalloc.measure.disk.RawPattern;
import org.jspecify.annotations.Nullable;

/** The raw figure that a workload is compared with, and the ratios of the two. */
public final class Ratios {
  private Ratios() {}

  /** The raw requests that a workload is compared with; null if there are none. */
  public static @Nullable RawPattern counterpart(Workload workload) {
    if (workload.pattern() == AccessPattern.NORMAL) {
      return null; // of both kinds
    }
    boolean inOrder = workload.pattern() == AccessPattern.SEQUENTIAL;
    return switch (workload.kind()) {
      case READ -> inOrder ? RawPattern.SEQUENTIAL_READ : RawPattern.RANDOM_READ;
      case FILL, WRITE -> inOrder ? RawPattern.SEQUENTIAL_WRITE : RawPattern.RANDOM_WRITE;
      case ALLOCATE -> null;
    };
  }

  /**
   * Throughput over raw throughput. In order, bytes are compared, because raw requests are larger
   * than a page. At random, operations are: each stands for one page of the disk.
   */
  public static OptionalDouble throughput(Measurement measurement, RawFigure raw) {
    return raw.pattern().sequential()
        ? ratio(measurement.durableBytesPerSecond(), raw.bytesPerSecond())
        : ratio(measurement.durableOperationsPerSecond(), raw.operationsPerSecond());
  }

  /**
   * A latency over the raw one; empty unless both are of one page and operations were timed alone.
   */
  public static OptionalDouble latency(
      Measurement measurement, RawFigure raw, long nanos, long rawNanos) {
    return raw.pattern().sequential() || measurement.latency().groupSize() != 1
        ? OptionalDouble.empty()
        : ratio((double) nanos, (double) rawNanos);
  }

  private static OptionalDouble ratio(double a, double b) {
    return b > 0 ? OptionalDouble.of(a / b) : OptionalDouble.empty();
  }
}
