/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.heap;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import org.dmalloc.heap.HeapStatistics;
import org.dmalloc.measure.Latency;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.report.Report;
import org.dmalloc.report.Json;
import org.dmalloc.report.Lines;
import org.dmalloc.report.Table;

/**
 * What allocating and freeing in a heap cost.
 *
 * @param heap the name or id of its region
 * @param held what the heap held at the end of the measurement
 */
public record HeapBenchmarkReport(
    String heap, HeapPlan plan, Measurement measured, HeapStatistics held) implements Report {

  private static final int SCHEMA_VERSION = 1;

  /** The JSON form. */
  private record Form(
      int schemaVersion, String heap, HeapPlan plan, Measurement measured, HeapStatistics held) {}

  /** A figure and what it is. */
  private record Row(String name, String value) {}

  @Override
  public String text(int width) {
    Latency latency = measured.latency();
    List<Row> rows =
        List.of(
            new Row("operations/s", count(measured.operationsPerSecond())),
            new Row("latency, median", nanos(latency.p50Nanos())),
            new Row("latency, 99 %", nanos(latency.p99Nanos())),
            new Row("latency, 99.9 %", nanos(latency.p999Nanos())),
            new Row("latency, longest", nanos(latency.maxNanos())),
            new Row("minor faults/operation", faults(measured.counters().minorFaults())),
            new Row("major faults/operation", faults(measured.counters().majorFaults())));
    String head =
        String.format(
            Locale.ROOT,
            "heap of %s: %s, blocks of %d to %d bytes, %d live in each thread, %d %% freed"
                + " by another; %d operations in %.1f s",
            heap,
            plan.threads() == 1 ? "1 thread" : plan.threads() + " threads",
            plan.least(),
            plan.most(),
            plan.slots(),
            plan.remotePercent(),
            measured.operations(),
            measured.elapsedNanos() / 1e9);
    return Lines.wrap(head, width)
        + "\n\n"
        + new Table<Row>(
                List.of(Table.left("MEASURED", Row::name), Table.right("FIGURE", Row::value)))
            .plain()
            .rows(rows)
            .render(width)
        + '\n'
        + Lines.wrap("An operation: " + measured.operation() + ".", width);
  }

  private static String count(double number) {
    return String.format(Locale.ROOT, "%.0f", number);
  }

  private static String nanos(long nanos) {
    return nanos < 10_000
        ? nanos + " ns"
        : String.format(
            Locale.ROOT,
            nanos < 10_000_000 ? "%.1f us" : "%.1f ms",
            nanos < 10_000_000 ? nanos / 1e3 : nanos / 1e6);
  }

  private String faults(long faults) {
    return faults < 0 || measured.operations() == 0
        ? "-"
        : String.format(Locale.ROOT, "%.6f", (double) faults / measured.operations());
  }

  @Override
  public JsonObject json() {
    return Json.form("dmalloc-heap-bench", new Form(SCHEMA_VERSION, heap, plan, measured, held));
  }

  @Override
  public String summary() {
    return String.format(
        Locale.ROOT, "heap of %s: %.0f operations/s", heap, measured.operationsPerSecond());
  }
}
