/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import java.util.List;
import java.util.stream.IntStream;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.PageContent;

/**
 * One run of one row over one contender.
 *
 * @param parts its parts, one after the other; most rows have one
 * @param openNanos how long it took to make the store, for the fill; else 0
 */
public record RowRun(List<Part> parts, long openNanos) {
  private static final double NANOS_PER_SECOND = 1e9;

  /**
   * A part of a row.
   *
   * @param work how many pages it is worth; the whole row's rate is that of all the work
   * @param measured what was done in the time that there was
   */
  public record Part(long work, Measurement measured) {}

  /** Copies the list. */
  public RowRun {
    parts = List.copyOf(parts);
  }

  /** A fill, with the time that it took to make the store. */
  public static RowRun fill(Measurement measured, long openNanos) {
    return new RowRun(List.of(new Part(measured.pages(), measured)), openNanos);
  }

  /** A run of a row whose parts were measured. */
  public static RowRun of(Row row, long pages, List<Measurement> measured) {
    List<Long> work = row.work(pages);
    return new RowRun(
        IntStream.range(0, measured.size())
            .mapToObj(i -> new Part(work.get(i), measured.get(i)))
            .toList(),
        0);
  }

  /**
   * Pages per second, making and forcing included. Of a row with several parts: the work of all
   * parts by the time that it would have taken at the rate of each.
   */
  public double pagesPerSecond() {
    if (parts.size() == 1) {
      Measurement only = parts.getFirst().measured();
      long nanos = openNanos + only.elapsedNanos() + Math.max(0, only.forceNanos());
      return nanos <= 0 ? 0 : only.pages() * NANOS_PER_SECOND / nanos;
    }
    double seconds = 0;
    double work = 0;
    for (Part part : parts) {
      work += part.work();
      seconds += part.work() / part.measured().operationsPerSecond();
    }
    return work / seconds;
  }

  /** Pages that were used in all parts. */
  public long pages() {
    return parts.stream().mapToLong(part -> part.measured().pages()).sum();
  }

  /** Bytes read from devices for each byte of the pages used; NaN if unknown. */
  public double readAmplification() {
    long read = sum(parts.stream().map(part -> part.measured().counters().readBytes()).toList());
    return read < 0 || pages() == 0
        ? Double.NaN
        : read / (double) (pages() * PageContent.PAGE_BYTES);
  }

  /** Bytes written to the device for each byte of the pages changed; NaN if unknown or none. */
  public double writeAmplification() {
    long written =
        sum(parts.stream().map(part -> part.measured().counters().deviceWrittenBytes()).toList());
    long changed = sum(parts.stream().map(part -> part.measured().changedPages()).toList());
    return written < 0 || changed <= 0
        ? Double.NaN
        : written / (double) (changed * PageContent.PAGE_BYTES);
  }

  private static long sum(List<Long> figures) {
    return figures.contains(Measurement.UNKNOWN)
        ? Measurement.UNKNOWN
        : figures.stream().mapToLong(Long::longValue).sum();
  }
}
