/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import java.util.Optional;
import java.util.OptionalDouble;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.disk.RawFigure;
import org.jspecify.annotations.Nullable;

/**
 * One row of a benchmark: one backend, one workload, one start.
 *
 * @param threads how many threads shared it
 * @param advice the pattern that was advised; null where the backend takes no advice
 * @param outcome the figures, or why there are none
 * @param rawDepth1 what the raw disk did one request at a time; null if it was not measured
 * @param rawDepth32 what the raw disk did with 32 requests under way; null likewise
 */
public record BenchmarkResult(
    String backend,
    Workload workload,
    Start start,
    int threads,
    @Nullable AccessPattern advice,
    Outcome outcome,
    @Nullable RawFigure rawDepth1,
    @Nullable RawFigure rawDepth32) {
  /** What came of it. */
  public sealed interface Outcome {}

  /**
   * It ran.
   *
   * @param residentShareAtStart the part of the region that was in RAM, 0 to 1; −1 if unknown
   */
  public record Measured(Measurement measurement, double residentShareAtStart) implements Outcome {}

  /**
   * It cannot run here.
   *
   * @param reason why, and what would change that
   */
  public record NotRun(String reason) implements Outcome {}

  /**
   * It ran into an error.
   *
   * @param message what went wrong, in one line
   */
  public record Failed(String message, Throwable cause) implements Outcome {}

  /** The figures, if it ran. */
  public Optional<Measured> measured() {
    return outcome instanceof Measured measured ? Optional.of(measured) : Optional.empty();
  }

  /** The measurement of a row that ran. */
  Measurement measurement() {
    return measured().orElseThrow().measurement();
  }

  /** The raw figure at a depth of 1 or 32, if it was measured and means something here. */
  public Optional<RawFigure> raw(int queueDepth) {
    return Optional.ofNullable(queueDepth == RawDisk.DEPTH_ONE ? rawDepth1 : rawDepth32);
  }

  /**
   * This throughput over that of the raw disk: of operations where both are single pages, of bytes
   * where the sizes of requests differ.
   */
  public OptionalDouble throughputRatio(int queueDepth) {
    return measured().isEmpty()
        ? OptionalDouble.empty()
        : raw(queueDepth)
            .map(raw -> Ratios.throughput(measurement(), raw))
            .orElse(OptionalDouble.empty());
  }
}
