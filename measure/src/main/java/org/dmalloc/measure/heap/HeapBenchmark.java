/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.heap;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Worker;
import org.dmalloc.measure.WorkerContext;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.WorkloadRun;
import org.dmalloc.measure.machine.KernelCounter;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * Measures allocating and freeing in a heap that is in a steady state: as much is allocated all the
 * time. It uses blocks of its own beside those of others, and frees all of them at the end.
 */
public final class HeapBenchmark {
  private static final long WARM_UP_NANOS = 500_000_000;

  private final Heap heap;
  private final HeapPlan plan;
  private final List<HeapChurn> workers = new CopyOnWriteArrayList<>();
  private final ConcurrentLinkedQueue<Long> handedOn = new ConcurrentLinkedQueue<>();

  public HeapBenchmark(Heap heap, HeapPlan plan) {
    this.heap = heap;
    this.plan = plan;
  }

  /**
   * Runs it.
   *
   * @throws InterruptedException if the calling thread is interrupted; its blocks are freed then
   */
  public HeapBenchmarkReport run(String label) throws IOException, InterruptedException {
    Workload workload =
        new Workload(
            "heap-churn",
            "compare 8 bytes of a random block, free it, allocate another, store 8 bytes",
            Workload.Kind.ALLOCATE,
            AccessPattern.NORMAL,
            0,
            1,
            this::worker);
    RunOptions options =
        new RunOptions(
            Start.WARM,
            RunOptions.Timing.EACH,
            plan.threads(),
            WARM_UP_NANOS,
            false,
            plan.time().toNanos(),
            RunOptions.UNLIMITED,
            0,
            plan.seed(),
            0);
    KernelCounter counter = new KernelCounter(KernelFiles.ofThisMachine(), List.of());
    HeapBenchmarkReport report;
    try {
      Measurement measured = new WorkloadRun(workload, null, null, options, counter).run();
      report = new HeapBenchmarkReport(label, plan, measured, heap.statistics());
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      try {
        freeAll();
      } catch (MemoryException | RuntimeException more) {
        e.addSuppressed(more);
      }
      throw e;
    }
    freeAll();
    return report;
  }

  private Worker worker(WorkerContext context) {
    HeapChurn churn = new HeapChurn(heap, plan, context, handedOn);
    workers.add(churn); // before its first block, so that all are freed
    try {
      churn.fill();
    } catch (MemoryException e) {
      throw new UncheckedIOException(e);
    }
    return churn;
  }

  private void freeAll() throws MemoryException {
    for (HeapChurn worker : workers) {
      worker.freeAll();
    }
    for (Long block = handedOn.poll(); block != null; block = handedOn.poll()) {
      heap.free(block);
    }
  }
}
