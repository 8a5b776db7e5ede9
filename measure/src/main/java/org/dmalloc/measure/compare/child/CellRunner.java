/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.util.List;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.compare.cell.CellRun;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.spi.machine.KernelFiles;

/** Runs operations for a time and measures them: each alone, with one look at the clock each. */
final class CellRunner {
  private final KernelFiles files;
  private final List<String> devices;
  private final String swapSource;
  private final PeakCharge charge;

  CellRunner(KernelFiles files, List<String> devices, PeakCharge charge) {
    this.files = files;
    this.devices = devices;
    this.charge = charge;
    swapSource = CellCounters.swapSource(files);
  }

  /**
   * Runs one cell.
   *
   * @param memory makes durable what it changed
   */
  CellRun run(
      ComparedWorkload workload,
      Operation operation,
      Durable memory,
      long warmUpNanos,
      long cellNanos)
      throws IOException {
    Latencies latencies = new Latencies();
    CellCounters.resetPeak();
    charge.reset();
    operation.begin();
    CellCounters before;
    CellCounters after;
    long operations = 0;
    long pages = 0;
    long begin;
    long now;
    long besideBefore;
    long besideAfter;
    try {
      warmUp(operation, warmUpNanos);
      before = CellCounters.read(files, swapSource, devices);
      besideBefore = operation.besidePages();
      begin = System.nanoTime();
      now = begin;
      double scale = 1.0 / cellNanos;
      while (now - begin < cellNanos) {
        int used = operation.run((now - begin) * scale);
        long end = System.nanoTime();
        if (used == 0) {
          break;
        }
        latencies.add(end - now);
        now = end;
        operations++;
        pages += used;
      }
      besideAfter = operation.besidePages();
    } finally {
      operation.end();
    }
    after = CellCounters.read(files, swapSource, devices);
    long peak = CellCounters.peakResidentBytes(files);
    long peakCharged = charge.read();
    long forceNanos = memory.force();
    // Write-back goes on until the data is durable: what it wrote belongs to the operations.
    CellCounters durable = CellCounters.read(files, swapSource, devices);
    return new CellRun(
        workload,
        operations,
        now - begin,
        forceNanos,
        pages * PageContent.PAGE_BYTES,
        latencies.profile(),
        CellCounters.difference(after.process().majorFaults(), before.process().majorFaults()),
        CellCounters.difference(after.swapInPages(), before.swapInPages()),
        CellCounters.difference(after.swapOutPages(), before.swapOutPages()),
        swapSource,
        CellCounters.difference(after.process().readBytes(), before.process().readBytes()),
        CellCounters.difference(after.deviceReadBytes(), before.deviceReadBytes()),
        CellCounters.difference(durable.deviceWrittenBytes(), before.deviceWrittenBytes()),
        CellCounters.difference(after.process().cpuNanos(), before.process().cpuNanos()),
        peak,
        peakCharged,
        besideBefore == CellRun.UNKNOWN
            ? CellRun.UNKNOWN
            : (besideAfter - besideBefore) * PageContent.PAGE_BYTES);
  }

  private static void warmUp(Operation operation, long nanos) throws IOException {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() < end && operation.run(0) > 0) {
      // Measured afterwards.
    }
  }

  /** What makes stores durable and tells how long that took. */
  @FunctionalInterface
  interface Durable {
    /** For workloads that leave nothing to make durable. */
    Durable NOTHING = () -> PagedMemory.OWES_NOTHING;

    long force() throws IOException;
  }
}
