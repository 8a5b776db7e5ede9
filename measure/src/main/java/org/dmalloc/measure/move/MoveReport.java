/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.move;

import com.google.gson.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.Report;
import org.dmalloc.report.Json;

/**
 * The result of a benchmark of moves.
 *
 * @param copies one for each size and direction
 * @param rows one for each size, rate of writing and direction
 */
public record MoveReport(
    Instant startedAt,
    Duration took,
    MachineDescription machine,
    MovePlan plan,
    List<Copy> copies,
    List<Row> rows)
    implements Report {
  /** The version of the JSON form; grows when a member changes its meaning or is removed. */
  static final int SCHEMA_VERSION = 1;

  public MoveReport {
    copies = List.copyOf(copies);
    rows = List.copyOf(rows);
  }

  /**
   * A plain copy of a whole region, which users of a lock would wait for.
   *
   * @param allocateNanos the time to allocate the target
   * @param freshNanos the time of one {@code MemorySegment.copy} into the fresh target, as in a
   *     move
   * @param againNanos the time of a second copy into the same target, whose pages exist now
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
   * @param writtenPercent pages to be written per second meanwhile, in percent of all
   * @param writes the writer's stores: each in a section of its own, with waits for the gate and
   *     page faults
   * @param pauseNanos how long the gate was shut in each move, ascending
   * @param elapsedNanos from the command to the release of the old memory, for each move, ascending
   * @param copiedBytes the median of bytes copied, repeated copies included
   * @param passes the median number of passes over the region
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
    public Row {
      pauseNanos = List.copyOf(pauseNanos);
      elapsedNanos = List.copyOf(elapsedNanos);
    }

    public long longestWriteNanos() {
      return writes.latency().maxNanos();
    }

    private JsonObject json() {
      JsonObject object = Json.tree(this).getAsJsonObject();
      Json.addFields(
          object, new Figures(pauseNanos(0.5), pauseNanos(0.99), pauseNanos(1), bytesPerSecond()));
      return object;
    }

    /** The pause that this share of the moves, 0 to 1, did not exceed. */
    public long pauseNanos(double share) {
      return quantile(pauseNanos, share);
    }

    /** The region's size over the median time of a whole move. */
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

  private record Form(
      int schemaVersion,
      Instant startedAt,
      long tookNanos,
      MachineDescription machine,
      List<Copy> copies,
      List<JsonObject> moves) {}

  private record Figures(
      long pauseP50Nanos, long pauseP99Nanos, long pauseMaxNanos, double bytesPerSecond) {}

  @Override
  public JsonObject json() {
    return Json.form(
        "dmalloc-moves",
        new Form(
            SCHEMA_VERSION,
            startedAt,
            took.toNanos(),
            machine,
            copies,
            rows.stream().map(Row::json).toList()));
  }

  @Override
  public String summary() {
    return "moves in " + rows.size() + " rows, " + startedAt;
  }

  public Optional<Copy> copyFor(Row row) {
    return copies.stream()
        .filter(
            copy ->
                copy.byteSize() == row.byteSize()
                    && copy.from().equals(row.from())
                    && copy.to().equals(row.to()))
        .findFirst();
  }
}
