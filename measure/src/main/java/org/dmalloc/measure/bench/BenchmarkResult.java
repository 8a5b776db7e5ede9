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
 * @param advice null where the backend takes no advice
 * @param rawDepth1 the raw disk with one request at a time; null if it was not measured
 * @param rawDepth32 the raw disk with 32 requests under way; null likewise
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
  /** The figures, or why there are none. */
  public sealed interface Outcome {}

  /** It ran. The share of the region in RAM at the start is from 0 to 1; −1 if unknown. */
  public record Measured(Measurement measurement, double residentShareAtStart) implements Outcome {}

  /** It cannot run here; the reason says what would change that. */
  public record NotRun(String reason) implements Outcome {}

  /** It failed; the message is one line. */
  public record Failed(String message, Throwable cause) implements Outcome {}

  public Optional<Measured> measured() {
    return outcome instanceof Measured measured ? Optional.of(measured) : Optional.empty();
  }

  /** Requires that the row ran. */
  Measurement measurement() {
    return measured().orElseThrow().measurement();
  }

  /** The raw figure at a depth of 1 or 32, if it was measured and applies here. */
  public Optional<RawFigure> raw(int queueDepth) {
    return Optional.ofNullable(queueDepth == RawDisk.DEPTH_ONE ? rawDepth1 : rawDepth32);
  }

  /** {@link Ratios#throughput} at a depth of 1 or 32. */
  public OptionalDouble throughputRatio(int queueDepth) {
    return measured().isEmpty()
        ? OptionalDouble.empty()
        : raw(queueDepth)
            .map(raw -> Ratios.throughput(measurement(), raw))
            .orElse(OptionalDouble.empty());
  }
}
