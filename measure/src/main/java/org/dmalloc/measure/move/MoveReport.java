/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.move;

import com.google.gson.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.Report;

/**
 * What was found.
 *
 * @param startedAt when it began
 * @param took how long it took in all
 * @param machine where
 * @param plan what was asked for
 * @param copies plain copies between the same backends, one for each size and direction
 * @param rows the moves, one row for each size, rate of writing and direction
 */
public record MoveReport(
    Instant startedAt,
    Duration took,
    MachineDescription machine,
    MovePlan plan,
    List<Copy> copies,
    List<Row> rows)
    implements Report {
  /** Copies the lists. */
  public MoveReport {
    copies = List.copyOf(copies);
    rows = List.copyOf(rows);
  }

  /**
   * A plain copy of a whole region, for which users of a lock would wait all along.
   *
   * @param from the backend left
   * @param to the backend reached
   * @param byteSize the size
   * @param allocateNanos the time to allocate the target
   * @param freshNanos the time of one {@code MemorySegment.copy} into the fresh target, as a move
   *     finds it
   * @param againNanos the time of a second one into the same target, whose pages are there now
   */
  public record Copy(
      String from,
      String to,
      long byteSize,
      long allocateNanos,
      long freshNanos,
      long againNanos) {}

  /**
   * The moves in one direction.
   *
   * @param from the backend left
   * @param to the backend reached
   * @param byteSize the region's size
   * @param writtenPercent pages to be written per second meanwhile, in percent of all
   * @param writes what the writer did meanwhile: each store in a section of its own, waits for the
   *     gate and for page faults included
   * @param pauseNanos how long the gate was shut, one figure for each move, ascending
   * @param elapsedNanos how long the moves took, from the command to the release of the old memory,
   *     ascending
   * @param copiedBytes bytes copied in the median, those copied again included
   * @param passes how often the region was gone through in the median
   * @param method how pages written meanwhile were found; {@code remap} where nothing was copied
   */
  public record Row(
      String from,
      String to,
      long byteSize,
      double writtenPercent,
      Measurement writes,
      List<Long> pauseNanos,
      List<Long> elapsedNanos,
      long copiedBytes,
      int passes,
      String method) {
    /** Copies the lists. */
    public Row {
      pauseNanos = List.copyOf(pauseNanos);
      elapsedNanos = List.copyOf(elapsedNanos);
    }

    /** Stores that the writer came to, per second. */
    public double writesPerSecond() {
      return writes.operationsPerSecond();
    }

    /** The longest time that one store of the writer took. */
    public long longestWriteNanos() {
      return writes.latency().maxNanos();
    }

    /** The pause that this share of the moves did not exceed. */
    public long pauseNanos(double share) {
      return quantile(pauseNanos, share);
    }

    /** The region's size by the median time of a whole move, in bytes per second. */
    public double bytesPerSecond() {
      return byteSize * 1e9 / quantile(elapsedNanos, 0.5);
    }

    private static long quantile(List<Long> ascending, double share) {
      int rank = (int) Math.ceil(share * ascending.size());
      return ascending.get(Math.clamp(rank - 1L, 0, ascending.size() - 1));
    }
  }

  @Override
  public String text(int width) {
    return MoveTable.render(this, width);
  }

  @Override
  public JsonObject json() {
    return MoveJson.tree(this);
  }

  @Override
  public String summary() {
    return String.format(Locale.ROOT, "moves in %d rows, %s", rows.size(), startedAt);
  }

  /** The plain copy that a row is compared with. */
  public java.util.Optional<Copy> copyFor(Row row) {
    return copies.stream()
        .filter(
            copy ->
                copy.byteSize() == row.byteSize()
                    && copy.from().equals(row.from())
                    && copy.to().equals(row.to()))
        .findFirst();
  }
}
