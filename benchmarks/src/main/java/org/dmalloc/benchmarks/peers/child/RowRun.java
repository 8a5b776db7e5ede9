/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import java.util.List;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.compare.child.ChildTask;

/**
 * One run of one row over one contender.
 *
 * @param parts most rows have one
 * @param openNanos the time to make the store, for the fill; else 0
 */
public record RowRun(List<Part> parts, long openNanos) {
  private static final double NANOS_PER_SECOND = 1e9;

  /** A part of a row. The row's rate is that of the work of all parts, in pages. */
  public record Part(long work, Measurement measured) {}

  public RowRun {
    parts = List.copyOf(parts);
  }

  /** Counts {@code openNanos}, the time to make the store, only for the fill. */
  public static RowRun of(Row row, long pages, List<Measurement> measured, long openNanos) {
    if (row == Row.FILL) {
      Measurement filled = measured.getFirst();
      return new RowRun(List.of(new Part(filled.pages(), filled)), openNanos);
    }
    List<ChildTask.Part> parts = row.step(pages, 1, 0, 0).parts();
    return new RowRun(
        IntStream.range(0, measured.size())
            .mapToObj(i -> new Part(parts.get(i).options().operations(), measured.get(i)))
            .toList(),
        0);
  }

  /**
   * Pages per second, with the time to make and force the store. For several parts it is the total
   * work divided by the time at each part's own rate.
   */
  public double pagesPerSecond() {
    if (parts.size() == 1) {
      Measurement only = parts.getFirst().measured();
      long nanos = openNanos + only.elapsedNanos() + Math.max(0, only.forceNanos());
      return nanos <= 0 ? 0 : only.pages() * NANOS_PER_SECOND / nanos;
    }
    return parts.stream().mapToLong(Part::work).sum()
        / parts.stream()
            .mapToDouble(part -> part.work() / part.measured().operationsPerSecond())
            .sum();
  }

  /** The pages used in all parts. */
  public long pages() {
    return sum(Measurement::pages);
  }

  /** Bytes read from devices for each byte of the pages used; NaN if unknown. */
  public double readAmplification() {
    return perPageByte(sum(measured -> measured.counters().readBytes()), pages());
  }

  /** Bytes written to the device for each byte of the pages changed; NaN if unknown or none. */
  public double writeAmplification() {
    return perPageByte(
        sum(measured -> measured.counters().deviceWrittenBytes()), sum(Measurement::changedPages));
  }

  private static double perPageByte(long bytes, long pages) {
    return bytes < 0 || pages <= 0 ? Double.NaN : bytes / (double) (pages * PageContent.PAGE_BYTES);
  }

  /** The sum over all parts; {@link Measurement#UNKNOWN} if one is unknown. */
  private long sum(ToLongFunction<Measurement> figure) {
    List<Long> figures = parts.stream().map(part -> figure.applyAsLong(part.measured())).toList();
    return figures.contains(Measurement.UNKNOWN)
        ? Measurement.UNKNOWN
        : figures.stream().mapToLong(Long::longValue).sum();
  }
}
